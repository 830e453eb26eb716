#include "core/flow/tracker.h"

#include "core/flow/end.h"
#include "core/flow/opening.h"
#include "core/flow/rejudge.h"
#include "core/flow/report.h"

/* The whole table is looked at once a second of the stream's time, a share of it with every burst:
 * at full rate a few lines a burst, on an idle link a few thousand a poll. A share that finds no
 * time or no room is made up for. */
#define SWEEP_PERIOD_NS 1000000000ull
#define SWEEP_AHEAD 4  /* flows that are on their way from memory */
#define SWEEP_MAX 4096 /* flows a call: 10 to 20 microseconds where none is over */
#define FINISH_STEP 256

int tracker_rejudge(struct tracker *t, uint32_t flows)
{
	struct table *table = &t->table;

	for (; flows > 0 && t->rejudge_at < table->fresh && report_has_room(t->record_buffer);
		flows--) {
		uint32_t index = t->rejudge_at++;
		struct flow *f = &table->flow[index];
		__builtin_prefetch((const char *)(f + SWEEP_AHEAD) + CACHE_LINE);
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

	for (; flows > 0 && t->dump_at < table->fresh && report_has_room(t->record_buffer);
		flows--) {
		const struct flow *f = &table->flow[t->dump_at++];
		__builtin_prefetch((const char *)(f + SWEEP_AHEAD) + CACHE_LINE);
		if (f->bucket != BUCKET_NONE && !flow_is_outdated(t, f))
			report_fill(t, f, RECORD_LIVE, end_reason(f, END_IDLE),
				report_next(t->record_buffer));
	}
	return t->dump_at >= table->fresh;
}

/* Flows that may be looked at now: the table's share of the time since the last call. */
static uint32_t sweep_share(struct tracker *t)
{
	uint64_t elapsed_ns = t->now_ns - t->swept_ns, whole = t->table.fresh * SWEEP_PERIOD_NS;

	if (elapsed_ns > SWEEP_PERIOD_NS)
		elapsed_ns = SWEEP_PERIOD_NS;
	t->swept_ns = t->now_ns;
	t->sweep_credit += elapsed_ns * t->table.fresh;
	if (t->sweep_credit > whole)
		t->sweep_credit = whole;
	return t->sweep_credit < SWEEP_MAX * SWEEP_PERIOD_NS
		       ? (uint32_t)(t->sweep_credit / SWEEP_PERIOD_NS)
		       : SWEEP_MAX;
}

static void sweep_flow(struct tracker *t, uint32_t index)
{
	struct flow *f = &t->table.flow[index];

	__builtin_prefetch(f + SWEEP_AHEAD);
	if (end_is_due(t, f, t->now_ns))
		end_flow(t, index, end_reason(f, END_IDLE));
	else if (t->reports_wait && f->bucket != BUCKET_NONE && !flow_is_outdated(t, f))
		report_flow(t, f);
}

int tracker_sweep(struct tracker *t)
{
	struct table *table = &t->table;
	uint32_t share = sweep_share(t), left = share;

	report_waiting(t);
	if (t->openings.told != OPENING_NOWHERE)
		opening_tell(t);
	for (; left > 0 && report_has_room(t->record_buffer); left--) {
		sweep_flow(t, table->sweep_at);
		if (++table->sweep_at < table->fresh)
			continue;
		table->sweep_at = 0;
		t->reports_wait -= t->reports_wait > 0;
	}
	t->sweep_credit -= (share - left) * SWEEP_PERIOD_NS;
	return t->sweep_credit >= SWEEP_PERIOD_NS;
}

int tracker_finish(struct tracker *t, uint64_t now_ns)
{
	struct table *table = &t->table;

	if (t->openings.told != OPENING_NOWHERE) { /* before their flows end */
		opening_tell(t);
		return 1;
	}
	for (uint32_t step = FINISH_STEP; step > 0 && table->fresh > 0; step--) {
		struct flow *f = &table->flow[--table->fresh];
		enum end otherwise = end_is_due(t, f, now_ns) ? END_IDLE : END_END_OF_CAPTURE;
		if (f->bucket != BUCKET_NONE)
			end_flow(t, table->fresh, end_reason(f, otherwise));
	}
	return table->fresh > 0;
}
