/* What another policy says of a flow that was seen: from both ends, and of the service that was
 * recognised in it, which does not depend on a policy.
 */
#ifndef PORTOLAN_DRAFT_VERDICT_H
#define PORTOLAN_DRAFT_VERDICT_H

#include "policy.h"

/* `service`: of a basis that is SERVICE_RECOGNISED. */
struct verdict_pair draft_verdict(const struct policy *, const struct flow_tuple *,
	enum service_basis basis, enum service service);

#endif
