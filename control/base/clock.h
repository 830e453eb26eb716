/* Reading the clocks, outside the packet path. */
#ifndef PORTOLAN_CLOCK_H
#define PORTOLAN_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

/* Since the epoch. */
static inline uint64_t clock_wall_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

/* Monotonic, from an arbitrary start. */
static inline uint64_t clock_steady_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

#endif
