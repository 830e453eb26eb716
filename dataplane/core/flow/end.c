#include "core/flow/end.h"

#include <netinet/in.h>

#include "core/flow/rejudge.h"
#include "core/flow/report.h"

enum end end_reason(const struct flow *f, enum end otherwise)
{
	if (f->protocol != IPPROTO_TCP || flow_timeout(f) != TIMEOUT_TCP_CLOSED)
		return otherwise;
	if ((flow_history_bits(f, 0) | flow_history_bits(f, 1)) & HISTORY_BIT(RST))
		return END_RESET;
	return END_FIN;
}

void end_record(struct tracker *t, uint32_t index, enum end reason)
{
	const struct flow *f = &t->table.flow[index];
	struct service_state service_state = f->service_state;
	struct record *r;

	if (flow_is_outdated(t, f) && !rejudge_flow(t, index))
		reason = END_RELOADED;
	r = report_next(t->record_buffer);
	report_fill(t, f, RECORD_ENDED, reason, r);
	if (reason != END_RELOADED)
		mirror_end(t->mirror, index,
			flow_history_bits_all(f, 0) | flow_history_bits_all(f, 1), r);
	inspection_release(&t->inspection, &service_state);
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
