/* Which payloads are inspected, and what their message changes in the flow (DESIGN 6). */
#ifndef PORTOLAN_LISTEN_H
#define PORTOLAN_LISTEN_H

#include "core/decode/decoded.h"
#include "core/flow/state.h"
#include "packet.h"

/* Inspects the first packet of a flow without handshake before it is judged: where the message
 * names the initiator, one policy lookup is enough. 1 if there was payload to inspect. */
int listen_first(struct tracker *t, const struct packet *p, const struct decoded *v);

/* Whether right and wrong checksums of a flow are told apart: what is spoken may change its
 * verdict, and so it matters what was received. */
int listen_cares_for_sums(const struct flow *);

/* A SYN or SYN+ACK: whether the side computes its checksums. */
void listen_handshake(struct tracker *t, struct flow *f, const struct decoded *v);

/* A packet of a flow that is open, or with the first payload of its direction. */
void listen_packet(struct tracker *t, struct flow *f, const struct packet *p,
	const struct decoded *v, int matched);

#endif
