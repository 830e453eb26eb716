/* What fuzz_core's workers judge by: policies made up for it, or the shipped one with services
 * recognised, depending on what is linked. Made at the first call, and kept.
 */
#ifndef PORTOLAN_CORE_POLICY_H
#define PORTOLAN_CORE_POLICY_H

#include "worker.h"

/* Sets policy, timeouts and scanner; the two lowest bits choose. */
void core_configure(struct worker_config *, uint8_t settings);

#endif
