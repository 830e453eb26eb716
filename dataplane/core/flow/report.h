/* Records for control: alerts as flows become flagged, ends, and flows as they are. */
#ifndef PORTOLAN_REPORT_H
#define PORTOLAN_REPORT_H

#include "core/flow/state.h"

/* A verdict, and every reason of evasion, and its end. */
#define RECORDS_A_FLOW (EVASION_COUNT + 3)

/* Sweeps that look for alerts that had to wait: the one under way and a whole one after it. */
#define REPORT_SWEEPS 2

/* Fills every field one by one: clearing the record first would cost as much again. */
void report_fill(const struct tracker *t, const struct flow *f, enum record_kind kind, enum end end,
	struct record *r);

/* The tunnel, not a mirror's, that it is inside of: a flow of its own, also for whoever reads of it
 * (DESIGN 5); 0: none. Of IPv6 also a mirror's. */
uint32_t report_tunnel(const struct tracker *t, const struct flow *f);

/* A place in the record buffer; control empties it after every burst. */
struct record *report_next(struct record_buffer *o);

/* Room for what one flow may leave: its end, and what is told before. No more than half of the
 * record buffer: so much finds a place with control for certain while it is not congested. */
static inline int report_has_room(const struct record_buffer *o)
{
	return !o->congested && o->count + RECORDS_A_FLOW <= o->capacity / 2;
}

/* A flagged flow is reported once, and again where it has become graver; withdrawn where it is so
 * no more. A reason of evasion is told once, and again where both sides have acted. What the other
 * side may change in a moment waits for it. */
void report_flow(struct tracker *t, struct flow *f);

/* The same without a wait: the flow ends, or has waited. */
void report_last(struct tracker *t, struct flow *f);

/* The same if it has waited for long enough: before something new may change it, so that it does
 * not matter when the sweep comes by. */
void report_due(struct tracker *t, struct flow *f);

/* The flows that have waited for long enough. */
void report_waiting(struct tracker *t);

#endif
