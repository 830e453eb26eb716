/* Random numbers that are the same on every machine for the same seed.
 *
 * SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators,
 * 2014): eight bytes of state, held by whoever rolls.
 */
#ifndef GENERATE_RANDOM_H
#define GENERATE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random_state {
	uint64_t state;
};

static inline uint64_t random_mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static inline uint64_t random_next(struct random_state *d)
{
	d->state += 0x9e3779b97f4a7c15u;
	return random_mix(d->state);
}

/* 0 .. n - 1; n > 0. */
static inline uint32_t random_below(struct random_state *d, uint32_t n)
{
	return (uint32_t)(((random_next(d) >> 32) * n) >> 32);
}

/* FNV-1a: a seed from a text or any other bytes. */
static inline uint64_t random_hash(uint64_t hash, const void *bytes, size_t length)
{
	const uint8_t *b = bytes;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ b[i]) * 0x100000001b3u;
	return hash;
}

#endif
