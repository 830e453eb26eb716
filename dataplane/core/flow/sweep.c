#include "core/flow/tracker.h"

#include "core/flow/end.h"
#include "core/flow/rejudge.h"
#include "core/flow/report.h"

/* A whole sweep once a second of packet time at most, so that at full rate its cost is a few
 * sequential lines a burst and on an idle link nothing. */
#define SWEEP_PERIOD_NS 1000000000ull
#define SWEEP_STEP 4
#define SWEEP_STEP_FULL 32 /* where the table is full, places are wanted */
#define FINISH_STEP 256

/* Room for what one flow may leave: its end, and an alert before it. No more than half of the
 * record buffer: so much finds a place with control for certain while it is not congested. */
static int has_room(const struct record_buffer *o)
{
	return !o->congested && o->count + 2 <= o->capacity / 2;
}

int tracker_rejudge(struct tracker *t, uint32_t flows)
{
	struct table *table = &t->table;

	for (; flows > 0 && t->rejudge_at < table->fresh && has_room(t->record_buffer); flows--) {
		uint32_t index = t->rejudge_at++;
		struct flow *f = &table->flow[index];
		__builtin_prefetch((const char *)(f + SWEEP_STEP) + CACHE_LINE);
		if (f->bucket == BUCKET_NONE || !flow_is_outdated(t, f))
			continue;
		if (!rejudge_flow(t, index))
			end_flow(t, index, END_RELOADED);
	}
	t->rejudge_pending = t->rejudge_at < table->fresh;
	return !t->rejudge_pending;
}

void tracker_begin_dump(struct tracker *t)
{
	t->dump_at = 0;
}

int tracker_dump(struct tracker *t, uint32_t flows)
{
	struct table *table = &t->table;

	for (; flows > 0 && t->dump_at < table->fresh && has_room(t->record_buffer); flows--) {
		const struct flow *f = &table->flow[t->dump_at++];
		__builtin_prefetch((const char *)(f + SWEEP_STEP) + CACHE_LINE);
		if (f->bucket != BUCKET_NONE && !flow_is_outdated(t, f))
			report_fill(t, f, RECORD_LIVE, end_reason(f, END_IDLE),
				report_next(t->record_buffer));
	}
	return t->dump_at >= table->fresh;
}

void tracker_sweep(struct tracker *t)
{
	struct table *table = &t->table;
	uint32_t step = table->active == table->capacity ? SWEEP_STEP_FULL : SWEEP_STEP;

	if (t->record_buffer->congested)
		return;
	if (table->sweep_at == 0) {
		if (t->now_ns < t->next_sweep_ns)
			return;
		t->next_sweep_ns = t->now_ns + SWEEP_PERIOD_NS;
	}
	for (; step > 0 && table->sweep_at < table->fresh; step--, table->sweep_at++) {
		struct flow *f = &table->flow[table->sweep_at];
		__builtin_prefetch(f + SWEEP_STEP);
		if (end_is_due(t, f, t->now_ns))
			end_flow(t, table->sweep_at, end_reason(f, END_IDLE));
		else if (t->reports_wait && f->bucket != BUCKET_NONE && !flow_is_outdated(t, f))
			report_flow(t, f);
	}
	if (table->sweep_at >= table->fresh) {
		table->sweep_at = 0;
		t->reports_wait -= t->reports_wait > 0;
	}
}

int tracker_finish(struct tracker *t, uint64_t now_ns)
{
	struct table *table = &t->table;

	for (uint32_t step = FINISH_STEP; step > 0 && table->fresh > 0; step--) {
		struct flow *f = &table->flow[--table->fresh];
		enum end otherwise = end_is_due(t, f, now_ns) ? END_IDLE : END_END_OF_CAPTURE;
		if (f->bucket != BUCKET_NONE)
			end_flow(t, table->fresh, end_reason(f, otherwise));
	}
	return table->fresh > 0;
}
