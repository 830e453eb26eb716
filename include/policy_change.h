/* What a worker goes on with after a reload, and who its appliances are now.
 *
 * Made by control, never written again; lent until every worker says that it has rejudged its
 * flows. Flows are not touched when it comes: they are judged again a few at a time, each before
 * anything is said of it.
 */
#ifndef PORTOLAN_POLICY_CHANGE_H
#define PORTOLAN_POLICY_CHANGE_H

#include <stddef.h>
#include <stdint.h>

#include "policy.h"
#include "timeouts.h"

struct policy_change {
	const struct policy *policy; /* of another generation than the one before */
	struct flow_timeouts timeouts;
	uint64_t warmup_ns;
	const uint16_t
		*new_number; /* new numbers of the appliances, by the old; or APPLIANCE_NONE */
	size_t new_numbers;
};

/* Who an appliance of the old policy is in the new one, or APPLIANCE_NONE. */
static inline uint16_t policy_change_number(const struct policy_change *s, uint16_t appliance)
{
	return appliance < s->new_numbers ? s->new_number[appliance] : APPLIANCE_NONE;
}

#endif
