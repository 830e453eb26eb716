#include "policy/draft_verdict.h"

#include <stdbool.h>

/* XXX: what was excluded is none of the services that the former policy wanted on the port; where
 * the other one wants another, it may be that one. */
static bool is_wrong_service(
	const struct policy *p, uint16_t set, enum service_basis basis, enum service service)
{
	service_mask wanted = set == SET_NONE ? 0 : policy_services(p, set);

	if (!wanted || basis == SERVICE_UNVERIFIED)
		return false;
	return basis != SERVICE_RECOGNISED || !(wanted & SERVICE_BIT(service));
}

struct verdict_pair draft_verdict(const struct policy *p, const struct flow_tuple *f,
	enum service_basis basis, enum service service)
{
	struct verdict_pair j = policy_judge(p, f);

	for (unsigned end = 0; end < 2; end++) {
		if (j.end_verdict[end] > VERDICT_IMPLIED ||
			!is_wrong_service(p, j.set[end], basis, service))
			continue;
		j.end_verdict[end] = VERDICT_WRONG_SERVICE;
		if (j.verdict < VERDICT_WRONG_SERVICE)
			j.verdict = VERDICT_WRONG_SERVICE;
	}
	return j;
}
