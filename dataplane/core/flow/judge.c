#include "core/flow/judge.h"

#include <string.h>

#include "core/flow/flow_tuple.h"
#include "core/flow/initiator.h"

/* Sets wrong-service at each end whose port is expected or implied but whose rules want another
 * service (DESIGN 3 and 6). */
static void judge_service(const struct tracker *t, const struct flow *f, struct verdict_pair *j)
{
	const struct service_state *s = &f->service_state;

	for (unsigned end = 0; end < 2; end++) {
		service_mask wanted;
		if (j->set[end] == SET_NONE || j->end_verdict[end] > VERDICT_IMPLIED)
			continue;
		wanted = policy_services(t->policy, j->set[end]);
		if (!wanted ||
			(s->basis == SERVICE_RECOGNISED && wanted & SERVICE_BIT(s->service - 1u)))
			continue;
		j->end_verdict[end] = VERDICT_WRONG_SERVICE;
		if (j->verdict < VERDICT_WRONG_SERVICE)
			j->verdict = VERDICT_WRONG_SERVICE;
	}
}

/* Who began it is a guess: whether the other way round it would be milder (DESIGN 3). */
static int is_milder_turned(const struct tracker *t, const struct flow *f, unsigned verdict)
{
	struct flow_tuple c;

	if (verdict == VERDICT_EXPECTED || !initiator_is_guess(f))
		return 0;
	flow_tuple_of(f, 1 - flow_initiator(f), &c);
	return policy_judge(t->policy, &c).verdict < verdict;
}

void judge_flow(const struct tracker *t, struct flow *f)
{
	struct flow_tuple c;
	struct verdict_pair j;

	flow_tuple_of(f, flow_initiator(f), &c);
	j = policy_judge(t->policy, &c);
	f->milder_turned = is_milder_turned(t, f, j.verdict) != 0;
	if (f->service_state.basis != SERVICE_UNVERIFIED)
		judge_service(t, f, &j);
	flow_set_verdict(f, (enum verdict)j.verdict);
	for (unsigned end = 0; end < 2; end++) {
		f->end_verdict[end] = j.end_verdict[end];
		f->set[end] = j.set[end];
	}
	f->generation = (uint16_t)t->policy->generation;
}

void judge_service_again(const struct tracker *t, struct flow *f)
{
	struct verdict_pair j = {
		.verdict = (uint8_t)flow_verdict(f),
		.end_verdict = {f->end_verdict[0], f->end_verdict[1]},
		.set = {f->set[0], f->set[1]},
	};

	if (j.verdict == VERDICT_WRONG_SERVICE) {
		judge_flow(t, f);
		return;
	}
	judge_service(t, f, &j);
	flow_set_verdict(f, (enum verdict)j.verdict);
	memcpy(f->end_verdict, j.end_verdict, sizeof(f->end_verdict));
}
