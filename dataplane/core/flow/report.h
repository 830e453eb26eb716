/* Records for control: alerts as flows become flagged, ends, and flows as they are. */
#ifndef PORTOLAN_REPORT_H
#define PORTOLAN_REPORT_H

#include "core/flow/state.h"

/* Sweeps that look for alerts that had to wait: the one under way and a whole one after it. */
#define REPORT_SWEEPS 2

/* Fills every field one by one: clearing the record first would cost as much again. */
void report_fill(const struct tracker *t, const struct flow *f, enum record_kind kind, enum end end,
	struct record *r);

/* A place in the record buffer; control empties it after every burst. */
struct record *report_next(struct record_buffer *o);

/* A flagged flow is reported once, and again where it has become graver. */
void report_flow(struct tracker *t, struct flow *f);

#endif
