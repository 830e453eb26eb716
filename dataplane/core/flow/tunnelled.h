/* Which flows were seen inside a tunnel between strangers, by the key that they would have outside:
 * what looks like evidence of a flow outside, and is none (DESIGN 5, tunnelled-evidence).
 *
 * Bounded, direct mapped: a later one takes the place of an earlier one. Part of the tracker.
 */
#ifndef PORTOLAN_TUNNELLED_H
#define PORTOLAN_TUNNELLED_H

#include <stdint.h>

#define TUNNELLED_MAX 256u

struct tunnelled {
	uint64_t hash[TUNNELLED_MAX]; /* 0: empty */
	uint8_t directions[TUNNELLED_MAX];
	uint32_t count; /* that were ever added; sticks at the top */
};

static inline void tunnelled_add(struct tunnelled *t, uint64_t hash, unsigned direction)
{
	uint32_t at = (uint32_t)(hash >> 32) % TUNNELLED_MAX;

	if (t->hash[at] != hash)
		t->directions[at] = 0;
	t->hash[at] = hash;
	t->directions[at] |= (uint8_t)(1u << direction);
	t->count += t->count < UINT32_MAX;
}

/* Only one side was seen in there: of an overlay whose inside and outside are mirrored both are. */
static inline int tunnelled_has_one_side(const struct tunnelled *t, uint64_t hash)
{
	uint32_t at = (uint32_t)(hash >> 32) % TUNNELLED_MAX;

	return t->count > 0 && t->hash[at] == hash &&
	       (t->directions[at] == 1 || t->directions[at] == 2);
}

#endif
