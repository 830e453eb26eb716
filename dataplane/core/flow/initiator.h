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

/* A guess by the policy is made anew with the policy. */
void initiator_again(struct tracker *t, struct flow *f);

/* Who initiated, by the message that was heard; the initiator's place in the key, or -1. */
int initiator_by_message(const struct tracker *t, const struct flow *f, unsigned sender);

/* Not a guess: a handshake or a message, and of UDP also who was first after the warm-up, but
 * not where both ports are the same. */
int initiator_is_certain(const struct flow *f);

/* Once a flow, by its packets alone: so it does not matter when the sweep ends it. */
void initiator_remember(struct tracker *t, const struct flow *f);

#endif
