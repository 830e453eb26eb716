/* The canonical key of a packet: the same for both directions. */
#ifndef PORTOLAN_KEY_H
#define PORTOLAN_KEY_H

#include "core/decode/decoded.h"
#include "core/flow/flow.h"

/* The key, and in decoded.direction which way it points. */
void flow_key_of(struct decoded *v, union flow_key *k);

#endif
