#include "core/flow/initiator.h"

#include <netinet/in.h>
#include <string.h>

#include "core/flow/flow_tuple.h"
#include "protocol.h"

/* Of the two orientations the milder one; equally mild: the lower port is the responder's. */
static struct orientation orient_by_policy(
	const struct tracker *t, const struct flow *f, unsigned sender)
{
	struct flow_tuple as_seen, turned;
	uint8_t seen_verdict, turned_verdict;

	flow_tuple_of(f, sender, &as_seen);
	flow_tuple_of(f, 1 - sender, &turned);
	seen_verdict = policy_judge(t->policy, &as_seen).verdict;
	turned_verdict = policy_judge(t->policy, &turned).verdict;
	if (seen_verdict != turned_verdict)
		return (struct orientation){
			seen_verdict < turned_verdict ? sender : 1 - sender, BASIS_POLICY};
	if (f->port[0] != f->port[1])
		return (struct orientation){f->port[0] < f->port[1] ? 1 : 0, BASIS_PORT};
	return (struct orientation){sender, BASIS_FIRST_PACKET};
}

static int is_warming_up(const struct tracker *t, const struct packet *p)
{
	return p->now_ns - t->start_ns < t->warmup_ns;
}

/* RFC 2131 section 2: op, and the magic cookie of RFC 1497. Such a message is a request or a
 * reply by its own op. */
static int is_dhcp_message(const struct decoded *v)
{
	static const uint8_t cookie[4] = {0x63, 0x82, 0x53, 0x63};

	return v->payload_captured >= 240 && (v->payload[0] == 1 || v->payload[0] == 2) &&
	       memcmp(v->payload + 236, cookie, sizeof(cookie)) == 0;
}

/* The ports alone say which end is the client; the message says that it is DHCP. */
static struct orientation orient_dhcp(const struct decoded *v, unsigned client)
{
	if (is_dhcp_message(v))
		return (struct orientation){client, BASIS_MESSAGE};
	return (struct orientation){
		client, client == v->direction ? BASIS_FIRST_PACKET : BASIS_POLICY};
}

/* By the responder cache: which end answered on its port before; 0 if neither did. */
static int orient_by_memory(
	const struct tracker *t, const struct flow *f, unsigned sender, struct orientation *o)
{
	uint64_t seen_ns, turned_ns;
	struct flow_tuple c;

	flow_tuple_of(f, sender, &c);
	seen_ns = responder_cache_find(&t->responder_cache, &c, t->now_ns);
	flow_tuple_of(f, 1 - sender, &c);
	turned_ns = responder_cache_find(&t->responder_cache, &c, t->now_ns);
	*o = (struct orientation){seen_ns > turned_ns ? sender : 1 - sender, BASIS_MEMORY};
	return seen_ns != turned_ns;
}

/* The ladder of DESIGN 4 for a flow's first packet. `message` needs the service (but for
 * DHCP): it comes between the handshake and the memory. */
static struct orientation orient(const struct tracker *t, const struct packet *p,
	const struct decoded *v, const struct flow *f)
{
	unsigned sender = v->direction;
	struct orientation o;
	struct flow_tuple c;

	if (v->history_bits & HISTORY_BIT(SYN))
		return (struct orientation){sender, BASIS_HANDSHAKE};
	if (v->history_bits & HISTORY_BIT(SYN_ACK))
		return (struct orientation){1 - sender, BASIS_HANDSHAKE};
	flow_tuple_of(f, sender, &c);
	if (policy_is_dhcp(&c))
		return orient_dhcp(v, sender);
	if (policy_dhcp_is_reversed(&c))
		return orient_dhcp(v, 1 - sender);
	if (protocol_has_ports(f->protocol) && orient_by_memory(t, f, sender, &o))
		return o;
	if (f->protocol == IPPROTO_TCP || (f->protocol == IPPROTO_UDP && is_warming_up(t, p)))
		return orient_by_policy(t, f, sender);
	return (struct orientation){sender, BASIS_FIRST_PACKET};
}

struct orientation initiator_first(const struct tracker *t, const struct packet *p,
	const struct decoded *v, const struct flow *f, int matched)
{
	const struct recognition *r = &t->inspection.match_result;
	unsigned sender = v->direction;

	if (matched && r->service >= 0 && r->info.said == SAID_REQUEST)
		return (struct orientation){sender, BASIS_MESSAGE};
	if (matched && r->service >= 0 && r->info.said == SAID_ANSWER)
		return (struct orientation){1 - sender, BASIS_MESSAGE};
	return orient(t, p, v, f);
}

/* The sender of the first packet, as a place in the key. */
static unsigned first_sender(const struct flow *f)
{
	return f->history_length > 0 ? f->history >> 3 & 1 : flow_initiator(f);
}

void initiator_again(struct tracker *t, struct flow *f)
{
	struct orientation o;

	if (f->basis != BASIS_POLICY && f->basis != BASIS_PORT)
		return;
	if (!protocol_has_ports(f->protocol))
		return;
	o = orient_by_policy(t, f, first_sender(f));
	flow_orient(f, o.initiator, o.basis);
}

/* A greeting: its sender is the server, but either side may have sent before the capture began,
 * and an SSH client need not wait. So it confirms a guess, and decides only where nothing but
 * the ports did. */
static int initiator_by_greeting(const struct flow *f, unsigned sender)
{
	unsigned initiator = 1 - sender;

	if (f->talked >> (1 - sender) & 1)
		return -1;
	return f->basis > BASIS_POLICY || initiator == flow_initiator(f) ? (int)initiator : -1;
}

int initiator_by_message(const struct tracker *t, const struct flow *f, unsigned sender)
{
	const struct recognition *r = &t->inspection.match_result;

	if (r->service < 0 || f->basis <= BASIS_MESSAGE)
		return -1;
	switch (r->info.said) {
	case SAID_REQUEST:
		return (int)sender;
	case SAID_ANSWER:
		return (int)(1 - sender);
	case SAID_FIRST:
		return initiator_by_greeting(f, sender);
	default:
		return -1;
	}
}

int initiator_is_certain(const struct flow *f)
{
	if (f->basis <= BASIS_MESSAGE)
		return 1;
	return f->protocol == IPPROTO_UDP && f->basis == BASIS_FIRST_PACKET &&
	       f->port[0] != f->port[1];
}

void initiator_remember(struct tracker *t, const struct flow *f)
{
	struct flow_tuple c;

	flow_tuple_of(f, flow_initiator(f), &c);
	responder_cache_add(&t->responder_cache, &c, f->last_ns);
}
