/* Sums of the workers' mirror counters. */
#ifndef PORTOLAN_MIRROR_SUM_H
#define PORTOLAN_MIRROR_SUM_H

#include "mirror_counters.h"

struct mirror_report;

/* Adds a worker's counters to the report's. */
void mirror_report_add(struct mirror_report *, const struct mirror_counters *);

/* The sum over all lanes. */
struct mirror_lane mirror_all_lanes(const struct mirror_counters *);

/* Packets that the session sent, by its sequence numbers. */
static inline uint64_t mirror_session_expected(const struct mirror_session *s)
{
	uint64_t span = s->last - s->first + 1;

	return span > s->packets ? span : s->packets;
}

#endif
