/* A flow's verdict by the policy and by the service that was recognised (DESIGN 3 and 6). */
#ifndef PORTOLAN_JUDGE_H
#define PORTOLAN_JUDGE_H

#include "core/flow/state.h"

/* Verdict, rule sets and generation by the policy in force. */
void judge_flow(const struct tracker *t, struct flow *f);

/* Updates the verdict after the service has changed; looks the rules up again only where the flow
 * was wrong-service before. */
void judge_service_again(const struct tracker *t, struct flow *f);

#endif
