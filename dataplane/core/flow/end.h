/* Ends flows: record, reason, counters. */
#ifndef PORTOLAN_END_H
#define PORTOLAN_END_H

#include "core/flow/state.h"

static inline int end_is_due(const struct tracker *t, const struct flow *f, uint64_t now_ns)
{
	uint64_t limit_ns = t->limit_ns[flow_timeout(f)];

	return f->last_ns < now_ns && now_ns - f->last_ns > limit_ns &&
	       now_ns - flow_seen_ns(f, now_ns) > limit_ns;
}

/* FIN or RST where TCP was closed, else `otherwise`. */
enum end end_reason(const struct flow *f, enum end otherwise);

/* Writes the flow's last record and counts its end; the flow stays in the table. */
void end_record(struct tracker *t, uint32_t index, enum end reason);

/* The same, and removes the flow from the table. */
void end_flow(struct tracker *t, uint32_t index, enum end reason);

#endif
