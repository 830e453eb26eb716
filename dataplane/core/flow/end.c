#include "core/flow/end.h"

#include <netinet/in.h>

#include "core/flow/initiator.h"
#include "core/flow/opening.h"
#include "core/flow/rejudge.h"
#include "core/flow/report.h"

enum end end_reason(const struct flow *f, enum end otherwise)
{
	if (f->protocol != IPPROTO_TCP || flow_timeout(f) != TIMEOUT_TCP_CLOSED)
		return otherwise;
	if ((f->shown[0] | f->shown[1]) & HISTORY_BIT(RST))
		return END_RESET;
	return END_FIN;
}

/* Both sides talked, it is known who answered, and nobody has closed it. */
static int remembers_idle(const struct flow *f)
{
	return f->protocol == IPPROTO_TCP && flow_timeout(f) == TIMEOUT_TCP_ESTABLISHED &&
	       !initiator_is_guess(f);
}

void end_record(struct tracker *t, uint32_t index, enum end reason)
{
	struct flow *f = &t->table.flow[index];
	struct service_state service_state = f->service_state;
	struct record *r;

	if (flow_is_outdated(t, f) && !rejudge_flow(t, index))
		reason = END_RELOADED;
	else if (f->waits == WAITS_NOW)
		report_last(t, f);
	if (reason == END_IDLE && remembers_idle(f))
		initiator_remember_idle(t, f);
	r = report_next(t->record_buffer);
	report_fill(t, f, RECORD_ENDED, reason, r);
	if (reason != END_RELOADED)
		mirror_end(t->mirror, index, f->shown[0] | f->shown[1], r);
	inspection_release(&t->inspection, &service_state);
	if (table_evidence(&t->table, f)->is_watched)
		opening_release(t, f);
	t->counters->ended[reason]++;
	t->counters->recognised += service_state.service != 0;
	t->counters->digest += record_digest(r);
}

void end_flow(struct tracker *t, uint32_t index, enum end reason)
{
	table_prefetch_place(&t->table, index);
	end_record(t, index, reason);
	table_remove(&t->table, index);
}
