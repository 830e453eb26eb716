/* The canonical key of a packet: the same for both directions. */
#ifndef PORTOLAN_KEY_H
#define PORTOLAN_KEY_H

#include "core/decode/decoded.h"
#include "core/flow/flow.h"

/* Writes the key, and decoded.direction: 0 if the packet's source is the key's first end. */
void flow_key_of(struct decoded *v, union flow_key *k);

#endif
