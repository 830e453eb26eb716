/* Who initiated (DESIGN 4). */
#ifndef PORTOLAN_INITIATOR_H
#define PORTOLAN_INITIATOR_H

#include "core/decode/decoded.h"
#include "core/flow/state.h"
#include "packet.h"

struct orientation {
	unsigned initiator; /* place in the key */
	enum basis basis;
};

/* Of a flow's first packet; `matched`: inspection.match_result is about it. */
struct orientation initiator_first(const struct tracker *t, const struct packet *p,
	const struct decoded *v, const struct flow *f, int matched);

/* Repeats a guess that depended on the policy; after a reload. */
void initiator_again(struct tracker *t, struct flow *f);

/* The initiator by the message just inspected: its place in the key, or -1. */
int initiator_by_message(const struct tracker *t, const struct flow *f, unsigned sender);

/* The initiator is no guess: handshake, message, or of UDP with unequal ports the first sender. */
int initiator_is_certain(const struct flow *f);

/* Adds the flow to the responder cache; once a flow, by its packets alone, so that the time of the
 * sweep does not matter. */
void initiator_remember(struct tracker *t, const struct flow *f);

#endif
