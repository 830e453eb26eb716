/* ICMP errors: a port that is unreachable refuses the flow of the datagram that the error quotes
 * (RFC 792, RFC 4443 section 3.1). */
#ifndef PORTOLAN_QUOTED_H
#define PORTOLAN_QUOTED_H

#include "core/flow/state.h"
#include "packet.h"

/* Type and code as decoded.sequence has them: port unreachable. */
static inline int quoted_is_refusal(const struct decoded *v)
{
	enum { ICMP = 1, ICMPV6 = 58, PORT_UNREACHABLE = 0x0303, PORT_UNREACHABLE_V6 = 0x0104 };

	return (v->protocol == ICMP && v->sequence == PORT_UNREACHABLE) ||
	       (v->protocol == ICMPV6 && v->sequence == PORT_UNREACHABLE_V6);
}

/* The flow, in the table, of the datagram that this refusal quotes, where its receiver is the one
 * who refuses; FLOW_NONE: none. `receiver`: its place in the flow's key. */
uint32_t quoted_flow(
	const struct tracker *, const struct packet *, const struct decoded *, unsigned *receiver);

#endif
