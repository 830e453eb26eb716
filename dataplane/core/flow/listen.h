/* Payload on its way to inspection: which packets are looked into, and what follows (DESIGN 6). */
#ifndef PORTOLAN_LISTEN_H
#define PORTOLAN_LISTEN_H

#include "core/decode/decoded.h"
#include "core/flow/state.h"
#include "packet.h"

/* Without a handshake the first packet's message is asked first: where it tells who initiated,
 * the policy need not be asked for both orientations. 1 if there is one to be looked at. */
int listen_first(struct tracker *t, const struct packet *p, const struct decoded *v);

/* A packet of a flow that is open, or with the first payload of its direction. */
void listen_packet(struct tracker *t, struct flow *f, const struct packet *p,
	const struct decoded *v, int matched);

#endif
