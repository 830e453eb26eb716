/* Coverage: what a window of a store could and could not see. "Nothing" is an answer only beside
 * it.
 */
#ifndef PORTOLAN_COVERAGE_H
#define PORTOLAN_COVERAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store_reader.h"

#define COVERAGE_REASONS 12
#define COVERAGE_REASON_BYTES 240
#define COVERAGE_GAPS 8

struct coverage_gap {
	uint64_t from_ns, to_ns;
};

struct coverage {
	uint64_t since_ns, until_ns;
	uint64_t up_ns; /* a sensor or replay covered so much of the window */
	uint64_t frames, monitored, dropped, truncated, not_judged, lost;
	uint64_t doubt_ns; /* minutes in which the mirror was in doubt, or showed one side only */
	struct coverage_gap gap[COVERAGE_GAPS];
	unsigned gaps;					      /* may be more than are in the list */
	char reason[COVERAGE_REASONS][COVERAGE_REASON_BYTES]; /* why "nothing" is inconclusive */
	unsigned reasons;
};

/* 0 or a negative errno. */
int coverage_read(struct store_reader *, uint64_t since_ns, uint64_t until_ns, struct coverage *);

/* Share of the window that was covered, 0 to 1. */
double coverage_share(const struct coverage *);

#endif
