/* A flow of an older policy, judged by the one in force. */
#ifndef PORTOLAN_REJUDGE_H
#define PORTOLAN_REJUDGE_H

#include "core/flow/state.h"

/* Judges a flow of the old policy by the new one: 1; or 0 if no appliance is at either end any
 * more, and the flow is as it was. */
int rejudge_flow(struct tracker *t, uint32_t index);

#endif
