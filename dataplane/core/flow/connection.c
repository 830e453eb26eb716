#include "core/flow/connection.h"

#include <netinet/in.h>

#include "core/flow/initiator.h"

#define PORT_IKE 500
#define PORT_IKE_NAT 4500

/* From the history bits alone, so that the order in which a mirror delivers them is no matter.
 * Either side's talk after half a handshake is proof of the other half. */
static enum connection tcp_connection(unsigned initiator, unsigned responder)
{
	if (initiator & HISTORY_BIT(SYN)) {
		if (responder & (HISTORY_BIT(SYN_ACK) | HISTORY_TALK) || initiator & HISTORY_TALK)
			return CONNECTION_ESTABLISHED;
		return responder & HISTORY_BIT(RST) ? CONNECTION_REFUSED : CONNECTION_ATTEMPTED;
	}
	if (responder & HISTORY_BIT(SYN_ACK) && (initiator | responder) & HISTORY_TALK)
		return CONNECTION_ESTABLISHED;
	return CONNECTION_MIDSTREAM;
}

/* Of a connection that was up before the capture both sides talk: it may be as long as any. */
static enum timeout tcp_timeout(const struct flow *f, enum connection c)
{
	if ((f->shown[0] | f->shown[1]) & HISTORY_BIT(RST) ||
		f->shown[0] & f->shown[1] & HISTORY_BIT(FIN))
		return TIMEOUT_TCP_CLOSED;
	return c == CONNECTION_ESTABLISHED || flow_talks(f) ? TIMEOUT_TCP_ESTABLISHED
							    : TIMEOUT_TCP_ATTEMPT;
}

/* A reset of a datagram flow is an ICMP error that says of its port that nobody is there. */
static enum connection datagram_connection(const struct flow *f)
{
	if (flow_talks(f))
		return CONNECTION_TWO_WAY;
	return (f->shown[0] | f->shown[1]) & HISTORY_BIT(RST) ? CONNECTION_REFUSED
							      : CONNECTION_ONE_WAY;
}

static int has_port(const struct flow *f, uint16_t port)
{
	return f->port[0] == port || f->port[1] == port;
}

static enum timeout datagram_timeout(const struct flow *f, enum connection c)
{
	if (f->protocol != IPPROTO_UDP)
		return TIMEOUT_OTHER;
	if (has_port(f, PORT_IKE) || has_port(f, PORT_IKE_NAT))
		return TIMEOUT_IKE;
	return c == CONNECTION_TWO_WAY ? TIMEOUT_UDP_TWO_WAY : TIMEOUT_UDP_ONE_WAY;
}

void connection_update(struct flow *f, const struct evidence *e)
{
	unsigned from = flow_initiator(f), initiator = f->shown[from];
	enum connection c;

	if (f->protocol == IPPROTO_TCP) {
		if (e->known[from] & KNOWN_SYN_DATA)
			initiator &= ~(unsigned)HISTORY_BIT(DATA);
		c = tcp_connection(initiator, f->shown[1 - from]);
		flow_set_timeout(f, tcp_timeout(f, c));
	} else {
		c = datagram_connection(f);
		flow_set_timeout(f, datagram_timeout(f, c));
	}
	f->connection = c & 7;
}

/* An appliance sent a packet other than RST: a spoofed source cannot cause this. */
static int appliance_takes_part(const struct flow *f)
{
	for (unsigned i = 0; i < 2; i++)
		if (f->appliance[i] != APPLIANCE_NONE && f->shown[i] & ~(unsigned)HISTORY_BIT(RST))
			return 1;
	return 0;
}

enum eviction_class connection_eviction_class(const struct flow *f)
{
	int flagged = verdict_is_flagged(flow_verdict(f));

	if (flow_timeout(f) == TIMEOUT_TCP_CLOSED)
		return EVICT_CLOSED;
	if (f->connection == CONNECTION_ATTEMPTED || !appliance_takes_part(f))
		return flagged ? EVICT_PROBE : EVICT_ATTEMPT;
	return flagged ? EVICT_FLAGGED : EVICT_BELONGS;
}

void connection_add_history(struct flow *f, const struct decoded *v)
{
	unsigned fresh = v->history_bits & ~(unsigned)f->shown[v->direction];

	f->seen[v->direction] |= v->history_bits;
	f->shown[v->direction] |= v->history_bits;
	for (; fresh; fresh &= fresh - 1) {
		uint64_t nibble = (unsigned)__builtin_ctz(fresh) | (unsigned)v->direction << 3;
		if (f->history_length == HISTORY_LETTERS)
			return;
		f->history |= nibble << (4 * f->history_length);
		f->history_length = (f->history_length + 1u) & 15;
	}
}

int connection_direction_is_known(const struct flow *f)
{
	int is_answered = f->connection == CONNECTION_ESTABLISHED ||
			  (f->protocol == IPPROTO_UDP && f->connection == CONNECTION_TWO_WAY);

	return is_answered && !initiator_is_guess(f);
}
