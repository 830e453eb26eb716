/* Back-off: when to retry after failures. Each failure in a row doubles the pause, from 100 ms to
 * 30 s; a success resets it. The time is an argument.
 */
#ifndef PORTOLAN_BACKOFF_H
#define PORTOLAN_BACKOFF_H

#include <stdint.h>

#define BACKOFF_FIRST_NS 100000000ull
#define BACKOFF_MOST_NS 30000000000ull

struct backoff {
	unsigned failures; /* in a row */
	uint64_t next_ns;  /* earliest time of the next attempt; 0: at once */
};

static inline uint64_t backoff_pause_ns(unsigned failures)
{
	uint64_t pause_ns = BACKOFF_FIRST_NS;

	for (unsigned i = 1; i < failures && pause_ns < BACKOFF_MOST_NS; i++)
		pause_ns *= 2;
	return pause_ns < BACKOFF_MOST_NS ? pause_ns : BACKOFF_MOST_NS;
}

static inline void backoff_fail(struct backoff *b, uint64_t now_ns)
{
	b->failures++;
	b->next_ns = now_ns + backoff_pause_ns(b->failures);
}

static inline void backoff_succeed(struct backoff *b)
{
	*b = (struct backoff){.failures = 0};
}

#endif
