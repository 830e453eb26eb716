/* Who initiated, by the ladder of DESIGN 4: what both sides did before what one side alone can
 * send, and guesses last.
 */
#ifndef PORTOLAN_INITIATOR_H
#define PORTOLAN_INITIATOR_H

#include <netinet/in.h>

#include "core/decode/decoded.h"
#include "core/flow/state.h"
#include "packet.h"

struct orientation {
	unsigned initiator; /* place in the key */
	enum basis basis;
};

/* Of a flow's first packet; `matched`: inspection.match_result is about it. */
struct orientation initiator_first(const struct tracker *t, const struct packet *p,
	const struct decoded *v, struct flow *f, int matched);

/* Repeats a guess that depended on the policy; after a reload. */
void initiator_again(struct tracker *t, struct flow *f);

/* The flow has shown something new, which may be stronger evidence: takes it, and judges again
 * where the initiator or its basis has changed. */
void initiator_update(struct tracker *t, struct flow *f, const struct decoded *v);

/* Takes the message just inspected, which `sender` sent, as evidence. 1 if the initiator has
 * changed: the flow has to be judged again. */
int initiator_by_message(struct tracker *t, struct flow *f, unsigned sender);

/* Nothing that both sides did says who began; of UDP with unequal ports the first packet does. */
static inline int initiator_is_guess(const struct flow *f)
{
	if (f->basis <= BASIS_MESSAGE)
		return 0;
	return f->protocol == IPPROTO_TCP || f->basis != BASIS_FIRST_PACKET ||
	       (f->protocol == IPPROTO_UDP && f->port[0] == f->port[1]);
}

/* Adds the flow to the responder cache when it is known who answered; says there that it has been
 * closed. By its packets alone: the time of the sweep does not matter. */
void initiator_remember(struct tracker *t, const struct flow *f);
void initiator_remember_closed(struct tracker *t, const struct flow *f);

/* A connection that ends without having been closed: its own ports, which nobody else asks for. */
void initiator_remember_idle(struct tracker *t, const struct flow *f);

#endif
