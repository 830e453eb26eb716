/* What the policy says of a flow, and of what is spoken on it (DESIGN 3 and 6). */
#ifndef PORTOLAN_JUDGE_H
#define PORTOLAN_JUDGE_H

#include "core/flow/state.h"

/* Verdict, rule sets and generation by the policy in force. */
void judge_flow(const struct tracker *t, struct flow *f);

/* By what is spoken alone: of an end that was found wrong and is right after all, the policy
 * would have to be asked again. */
void judge_service_again(const struct tracker *t, struct flow *f);

#endif
