#include "sensor/telemetry_answers.h"

#include "counters.h"
#include "policy/ruleset.h"
#include "run/reload.h"
#include "run/worker_pool.h"
#include "source_dpdk.h"

static int telemetry_stats(void *context, const char *argument, struct source_dpdk_answer *a)
{
	struct counters c;

	(void)argument;
	worker_pool_counters(((const struct telemetry *)context)->pool, &c);
	source_dpdk_answer_u64(a, "frames", c.frames);
	source_dpdk_answer_u64(a, "ip", c.ip);
	source_dpdk_answer_u64(a, "non_ip", c.non_ip);
	for (unsigned i = 0; i < DISCARD_COUNT; i++)
		source_dpdk_answer_u64(a, discard_name((enum discard)i), c.discarded[i]);
	source_dpdk_answer_u64(a, "monitored", c.monitored);
	source_dpdk_answer_u64(a, "unmonitored", c.unmonitored);
	for (unsigned i = 0; i < VERDICT_COUNT; i++)
		source_dpdk_answer_u64(a, verdict_name((enum verdict)i), c.verdict_packets[i]);
	return 0;
}

static int telemetry_flows(void *context, const char *argument, struct source_dpdk_answer *a)
{
	struct counters c;

	(void)argument;
	worker_pool_counters(((const struct telemetry *)context)->pool, &c);
	source_dpdk_answer_u64(a, "created", c.flows_created);
	source_dpdk_answer_u64(a, "active", c.flows_active);
	source_dpdk_answer_u64(a, "untracked_packets", c.untracked_packets);
	for (unsigned i = 0; i < END_COUNT; i++)
		source_dpdk_answer_u64(a, end_name((enum end)i), c.ended[i]);
	for (unsigned i = 0; i < VERDICT_COUNT; i++)
		source_dpdk_answer_u64(a, verdict_name((enum verdict)i), c.verdict_flows[i]);
	return 0;
}

static int telemetry_policy(void *context, const char *argument, struct source_dpdk_answer *a)
{
	const struct ruleset *c = ((const struct telemetry *)context)->reload->ruleset;

	(void)argument;
	source_dpdk_answer_text(a, "site", c->name);
	source_dpdk_answer_text(a, "profile", c->profile);
	source_dpdk_answer_text(a, "policy", c->hash);
	source_dpdk_answer_u64(a, "rules", c->policy->rules);
	source_dpdk_answer_u64(a, "appliances", c->appliances);
	return 0;
}

void telemetry_offer(struct telemetry *t)
{
	source_dpdk_command("/portolan/stats", "what was seen and classified", telemetry_stats, t);
	source_dpdk_command(
		"/portolan/flows", "flows: created, active, ended, by verdict", telemetry_flows, t);
	source_dpdk_command("/portolan/policy", "the policy in force", telemetry_policy, t);
}
