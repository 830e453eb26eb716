/* Random numbers for control's tests, reproducible by seed (splitmix64). */
#ifndef PORTOLAN_RANDOM_H
#define PORTOLAN_RANDOM_H

#include <stdint.h>

static inline uint64_t random_next(uint64_t *seed)
{
	uint64_t x = *seed += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

/* A number below `limit`. */
static inline unsigned random_below(uint64_t *seed, unsigned limit)
{
	return (unsigned)(random_next(seed) % limit);
}

#endif
