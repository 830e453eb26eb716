#include "core/flow/rejudge.h"

#include <string.h>

#include "core/flow/connection.h"
#include "core/flow/count.h"
#include "core/flow/initiator.h"
#include "core/flow/judge.h"
#include "core/flow/report.h"
#include "core/policy/inventory_lookup.h"

/* An appliance attributed by MAC address: its number is in the key, see mark_of(). */
static uint16_t marked_number(const struct tracker *t, uint64_t mark)
{
	uint16_t old = (uint16_t)(mark - 1);

	return policy_change_number(&t->policy_change, old) == old ? old : APPLIANCE_NONE;
}

static uint16_t appliance_now(const struct tracker *t, const struct flow *f, unsigned end)
{
	struct address a;
	uint64_t mark;

	memcpy(&mark, &f->address[end], sizeof(mark));
	if (flow_version(f) == 4 && (uint32_t)mark)
		return marked_number(t, (uint32_t)mark);
	flow_address(&a, f, end);
	return inventory_lookup(t->policy->inventory, &a, flow_version(f));
}

int rejudge_flow(struct tracker *t, uint32_t index)
{
	struct flow *f = &t->table.flow[index], before = *f;
	uint16_t appliance[2] = {appliance_now(t, f, 0), appliance_now(t, f, 1)};

	if (appliance[0] == APPLIANCE_NONE && appliance[1] == APPLIANCE_NONE)
		return 0;
	memcpy(f->appliance, appliance, sizeof(appliance));
	initiator_again(t, f);
	judge_flow(t, f);
	if (flow_verdict(f) != flow_verdict(&before) && verdict_is_flagged(flow_verdict(f)))
		f->reported = 0; /* it is another finding */
	count_change(t, f, &before);
	table_set_class(&t->table, index, connection_eviction_class(f));
	report_flow(t, f);
	return 1;
}
