/* What the mutators share: numbers that follow from the seed libFuzzer gives, and an input that
 * grows and shrinks within its room. The memory is the caller's.
 */
#ifndef PORTOLAN_MUTATION_H
#define PORTOLAN_MUTATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* libFuzzer's own mutation, of any bytes. Returns the new size. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

struct mutation {
	uint64_t seed;
	uint8_t *byte;
	size_t length, room;
};

/* SplitMix64 (Steele, Lea, Flood, 2014). */
static inline uint32_t mutation_number(struct mutation *m)
{
	uint64_t z = m->seed += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (uint32_t)(z >> 32);
}

/* A number below `limit`; 0 where that is 0. */
static inline size_t mutation_below(struct mutation *m, size_t limit)
{
	return limit ? mutation_number(m) % limit : 0;
}

static inline bool mutation_one_in(struct mutation *m, size_t n)
{
	return mutation_below(m, n) == 0;
}

/* Makes room for bytes, or says that there is none; they are to be written. */
static inline bool mutation_open(struct mutation *m, size_t at, size_t count)
{
	if (at > m->length || count > m->room - m->length)
		return false;
	memmove(m->byte + at + count, m->byte + at, m->length - at);
	m->length += count;
	return true;
}

static inline bool mutation_insert(struct mutation *m, size_t at, const void *bytes, size_t count)
{
	if (!mutation_open(m, at, count))
		return false;
	memcpy(m->byte + at, bytes, count);
	return true;
}

static inline void mutation_remove(struct mutation *m, size_t at, size_t count)
{
	memmove(m->byte + at, m->byte + at + count, m->length - at - count);
	m->length -= count;
}

/* libFuzzer's mutation of a part alone; what is behind it moves. `part_max` below 4096. */
static inline void mutation_part(struct mutation *m, size_t at, size_t count, size_t part_max)
{
	uint8_t part[4096];
	size_t made;

	if (count > part_max || part_max > sizeof(part))
		return;
	memcpy(part, m->byte + at, count);
	made = LLVMFuzzerMutate(part, count, part_max);
	if (made > count && !mutation_open(m, at, made - count))
		made = count;
	if (made < count)
		mutation_remove(m, at, count - made);
	memcpy(m->byte + at, part, made);
}

#endif
