/* Whether a flow is a use of its documented row: somebody answered, or what is spoken there is
 * never answered. A probe that is refused or stays unanswered shows that a port was tried, not that
 * it is in use.
 */
#ifndef PORTOLAN_ANSWERED_H
#define PORTOLAN_ANSWERED_H

#include <stdbool.h>

#include "record.h"

struct ruleset;

/* `end`: 0 the initiator's row, 1 the responder's. */
bool is_answered(const struct ruleset *, const struct record *, unsigned end);

#endif
