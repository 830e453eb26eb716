#include "core/flow/initiator.h"

#include <string.h>

#include "core/flow/flow_tuple.h"
#include "core/flow/judge.h"
#include "core/flow/report.h"
#include "core/flow/sequence.h"
#include "protocol.h"

/* --- guesses -------------------------------------------------------------------------- */

static uint8_t verdict_of(const struct tracker *t, const struct flow *f, unsigned initiator)
{
	struct flow_tuple c;

	flow_tuple_of(f, initiator, &c);
	return policy_judge(t->policy, &c).verdict;
}

/* Of the two orientations the milder one, where that may count; equally mild: the lower port is
 * the responder's. */
static struct orientation orient_by_policy(
	const struct tracker *t, const struct flow *f, unsigned sender, int may_choose)
{
	uint8_t seen = verdict_of(t, f, sender), turned = verdict_of(t, f, 1 - sender);

	if (seen != turned && may_choose)
		return (struct orientation){seen < turned ? sender : 1 - sender, BASIS_POLICY};
	if (seen == turned && f->port[0] != f->port[1])
		return (struct orientation){f->port[0] < f->port[1] ? 1 : 0, BASIS_PORT};
	return (struct orientation){sender, BASIS_FIRST_PACKET};
}

/* A time before the start: the stream's first packets came from a time that was left for another,
 * and were its start then. */
static int is_warming_up(const struct tracker *t, uint64_t now_ns)
{
	return now_ns < t->start_ns || now_ns - t->start_ns < t->warmup_ns;
}

static int is_between_appliances(const struct flow *f)
{
	return f->appliance[0] != APPLIANCE_NONE && f->appliance[1] != APPLIANCE_NONE;
}

static int is_group(const struct address *a, unsigned version)
{
	const uint8_t *byte = a->byte;
	static const uint8_t broadcast[4] = {255, 255, 255, 255};

	if (version == 6)
		return byte[0] == 0xff;
	return (byte[12] & 0xf0) == 0xe0 || memcmp(byte + 12, broadcast, 4) == 0;
}

/* --- memory ---------------------------------------------------------------------------- */

/* The tunnel that is part of a connection's key. */
static uint32_t tunnel_of(const struct tracker *t, const struct flow *f)
{
	return table_evidence(&t->table, f)->is_tunnelled ? report_tunnel(t, f) : 0;
}

/* What is remembered of the pair with this initiator: on the responder's port, and of this very
 * connection, which was up and fell silent: whoever speaks first now goes on with it. */
static unsigned remembered(const struct tracker *t, const struct flow *f, unsigned initiator)
{
	struct flow_tuple c;

	flow_tuple_of(f, initiator, &c);
	return responder_cache_find(&t->responder_cache, &c, tunnel_of(t, f), t->now_ns);
}

static int is_remembered(const struct tracker *t, const struct flow *f, unsigned initiator)
{
	return (remembered(t, f, initiator) & RESPONDER_SEEN) != 0;
}

/* What is spoken is the service that the row would have, were the sender its responder. */
static int speaks_as_responder(const struct tracker *t, const struct flow *f, unsigned sender)
{
	const struct recognition *r = &t->inspection.match_result;
	struct verdict_pair j;
	struct flow_tuple c;
	service_mask wanted = 0;

	if (r->service < 0 || r->info.said == SAID_REQUEST)
		return 0;
	flow_tuple_of(f, 1 - sender, &c);
	j = policy_judge(t->policy, &c);
	for (unsigned end = 0; end < 2; end++)
		if (j.set[end] != SET_NONE)
			wanted |= policy_services(t->policy, j.set[end]);
	return (wanted & SERVICE_BIT((unsigned)r->service)) != 0;
}

/* --- the first packet ------------------------------------------------------------------ */

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

/* An answer that nobody was heard asking for: a packet to a port like any other. In the warm-up its
 * request came before; a pair that was seen, or a row's own service, keeps its orientation. */
static struct orientation orient_answer(
	const struct tracker *t, const struct decoded *v, struct flow *f, int is_known_answer)
{
	unsigned sender = v->direction;

	if (is_remembered(t, f, 1 - sender) &&
		(!is_known_answer || speaks_as_responder(t, f, sender)))
		return (struct orientation){1 - sender, BASIS_MEMORY};
	if (is_warming_up(t, t->now_ns))
		return orient_by_policy(t, f, sender, 1);
	if (!is_group(&v->destination, v->version))
		f->evasions |= EVASION_BIT(UNASKED_ANSWER);
	return (struct orientation){sender, BASIS_FIRST_PACKET};
}

static struct orientation orient_tcp(
	const struct tracker *t, const struct decoded *v, struct flow *f)
{
	unsigned sender = v->direction;
	enum basis basis;
	int initiator = sequence_initiator(t, f, &basis);

	if (initiator >= 0)
		return (struct orientation){(unsigned)initiator, basis};
	if (v->history_bits & HISTORY_BIT(SYN_ACK))
		return orient_answer(t, v, f, 0);
	if (remembered(t, f, 1 - sender) & CONNECTION_SEEN)
		return (struct orientation){1 - sender, BASIS_MEMORY};
	if (remembered(t, f, sender))
		return (struct orientation){sender, BASIS_MEMORY};
	return (struct orientation){sender, BASIS_FIRST_PACKET};
}

static struct orientation orient_udp(
	const struct tracker *t, const struct decoded *v, struct flow *f, int matched)
{
	const struct recognition *r = &t->inspection.match_result;
	unsigned sender = v->direction;
	struct flow_tuple c;

	flow_tuple_of(f, sender, &c);
	if (policy_is_dhcp(&c))
		return orient_dhcp(v, sender);
	if (policy_dhcp_is_reversed(&c))
		return orient_dhcp(v, 1 - sender);
	if (is_group(&v->destination, v->version))
		return (struct orientation){sender, BASIS_FIRST_PACKET};
	if (matched && r->service >= 0 && r->info.said == SAID_REQUEST)
		return (struct orientation){sender, BASIS_MESSAGE};
	if (matched && r->service >= 0 && r->info.said == SAID_ANSWER)
		return orient_answer(t, v, f, 1);
	if (matched && speaks_as_responder(t, f, sender) && is_remembered(t, f, 1 - sender))
		return (struct orientation){1 - sender, BASIS_MEMORY};
	if (!is_warming_up(t, t->now_ns))
		return (struct orientation){sender, BASIS_FIRST_PACKET};
	if (is_remembered(t, f, sender))
		return (struct orientation){sender, BASIS_MEMORY};
	return orient_by_policy(t, f, sender, 1);
}

/* What its first message says is kept: the other side's may fit it. Of TCP the service has to be
 * the same, of datagrams what an answer repeats of its request. */
static void note_message(
	struct evidence *e, const struct flow *f, const struct recognition *r, unsigned sender)
{
	if (r->service < 0)
		return;
	if (r->info.said == SAID_REQUEST || r->info.said == SAID_PEER)
		e->known[sender] |= KNOWN_REQUEST;
	else if (r->info.said == SAID_ANSWER)
		e->known[sender] |= KNOWN_ANSWER;
	else
		return;
	if (f->protocol == IPPROTO_UDP)
		e->first[sender] = r->info.exchange;
	else
		e->detail = (uint32_t)r->service + 1;
}

struct orientation initiator_first(const struct tracker *t, const struct packet *p,
	const struct decoded *v, struct flow *f, int matched)
{
	(void)p;
	if (!protocol_has_ports(f->protocol))
		return (struct orientation){v->direction, BASIS_FIRST_PACKET};
	if (matched)
		note_message(
			table_evidence(&t->table, f), f, &t->inspection.match_result, v->direction);
	if (f->protocol == IPPROTO_TCP)
		return orient_tcp(t, v, f);
	return orient_udp(t, v, f, matched);
}

/* --- later ----------------------------------------------------------------------------- */

void initiator_again(struct tracker *t, struct flow *f)
{
	struct orientation o;

	if (f->basis != BASIS_POLICY && f->basis != BASIS_PORT)
		return;
	if (!protocol_has_ports(f->protocol))
		return;
	o = orient_by_policy(t, f, flow_first_sender(f), 1);
	flow_orient(f, o.initiator, o.basis);
}

/* Sets what is stronger, and judges again where it makes a difference. */
static void take(struct tracker *t, struct flow *f, unsigned initiator, enum basis basis)
{
	if (initiator == flow_initiator(f) && basis == (enum basis)f->basis)
		return;
	flow_orient(f, initiator, basis);
	judge_flow(t, f);
}

/* TCP that both sides talk on without a handshake: between two appliances the policy may choose,
 * and in the warm-up, when every connection is one that was up before. With a stranger later it
 * is a guess that has to be told (DESIGN 4). */
static void guess_midstream(struct tracker *t, struct flow *f)
{
	int was_before = is_warming_up(t, f->first_ns);
	struct orientation o;

	if (f->basis != BASIS_FIRST_PACKET || !flow_talks(f))
		return;
	o = orient_by_policy(t, f, flow_first_sender(f), was_before || is_between_appliances(f));
	if (!was_before && !is_between_appliances(f))
		f->evasions |= EVASION_BIT(NO_HANDSHAKE);
	take(t, f, o.initiator, o.basis);
}

static void update_tcp(struct tracker *t, struct flow *f)
{
	enum basis basis;
	int initiator = sequence_initiator(t, f, &basis);

	if (initiator >= 0 && basis <= (enum basis)f->basis) {
		f->evasions &=
			(uint16_t) ~(EVASION_BIT(UNASKED_ANSWER) | EVASION_BIT(NO_HANDSHAKE));
		take(t, f, (unsigned)initiator, basis);
		return;
	}
	guess_midstream(t, f);
}

/* Services that nobody answers: that both sides talk speaks against them. */
#define UNANSWERED_SERVICES SERVICE_BIT(SERVICE_SYSLOG)

static void update_udp(struct tracker *t, struct flow *f)
{
	service_mask wanted = 0;

	if (f->basis != BASIS_POLICY || !flow_talks(f))
		return;
	for (unsigned end = 0; end < 2; end++)
		if (f->set[end] != SET_NONE)
			wanted |= policy_services(t->policy, f->set[end]);
	if (wanted && !(wanted & ~UNANSWERED_SERVICES))
		take(t, f, flow_first_sender(f), BASIS_FIRST_PACKET);
}

void initiator_update(struct tracker *t, struct flow *f, const struct decoded *v)
{
	(void)v;
	if (f->protocol == IPPROTO_TCP)
		update_tcp(t, f);
	else if (f->protocol == IPPROTO_UDP)
		update_udp(t, f);
}

/* --- messages ---------------------------------------------------------------------------- */

/* The other side's message is the request of this answer, or the answer to this request. */
static int fits_other(const struct tracker *t, const struct flow *f, unsigned sender)
{
	const struct evidence *e = table_evidence(&t->table, f);
	const struct recognition *r = &t->inspection.match_result;
	unsigned wanted = r->info.said == SAID_REQUEST ? KNOWN_ANSWER : KNOWN_REQUEST;

	if (!(e->known[1 - sender] & wanted) || r->info.said == SAID_PEER)
		return 0;
	if (f->protocol == IPPROTO_TCP)
		return e->detail == (uint32_t)r->service + 1;
	return exchange_fits(e->first[1 - sender], r->info.exchange);
}

static int is_milder(const struct tracker *t, const struct flow *f, unsigned initiator)
{
	return verdict_of(t, f, initiator) < verdict_of(t, f, flow_initiator(f));
}

/* Of two that both ask each did: the milder one counts (RFC 5905 section 3, symmetric active). Not
 * by who has answered before: to ask then is a word of one side alone. */
static int initiator_of_two(const struct tracker *t, const struct flow *f, unsigned sender)
{
	const struct evidence *e = table_evidence(&t->table, f);
	unsigned initiator = flow_initiator(f);

	if (!(e->known[1 - sender] & KNOWN_REQUEST) || e->known[sender] & KNOWN_ANSWER)
		return -1;
	return (int)(is_milder(t, f, 1 - initiator) ? 1 - initiator : initiator);
}

/* The place in the key of who initiated, or -1. What one side says alone never makes it milder. */
static int initiator_said(const struct tracker *t, const struct flow *f, unsigned sender)
{
	const struct evidence *e = table_evidence(&t->table, f);
	const struct recognition *r = &t->inspection.match_result;
	unsigned asks = r->info.said == SAID_REQUEST ? sender : 1 - sender;

	if (r->info.said == SAID_PEER)
		return initiator_of_two(t, f, sender);
	if (fits_other(t, f, sender))
		return (int)asks;
	if (f->protocol == IPPROTO_TCP)
		return -1;
	if (r->info.said == SAID_REQUEST && e->known[1 - sender] & KNOWN_REQUEST)
		return initiator_of_two(t, f, sender);
	if (f->basis <= BASIS_MESSAGE || r->info.said == SAID_ANSWER)
		return -1;
	if (asks != flow_initiator(f) && (!initiator_is_guess(f) || is_milder(t, f, asks)))
		return -1;
	return (int)asks;
}

int initiator_by_message(struct tracker *t, struct flow *f, unsigned sender)
{
	struct evidence *e = table_evidence(&t->table, f);
	const struct recognition *r = &t->inspection.match_result;
	int initiator;

	if (r->service < 0 || f->basis < BASIS_MESSAGE ||
		(r->info.said != SAID_REQUEST && r->info.said != SAID_ANSWER &&
			r->info.said != SAID_PEER))
		return 0;
	initiator = initiator_said(t, f, sender);
	if (fits_other(t, f, sender))
		f->evasions &= (uint16_t)~EVASION_BIT(UNASKED_ANSWER);
	note_message(e, f, r, sender);
	if (initiator < 0)
		return 0;
	f->basis = BASIS_MESSAGE;
	if ((unsigned)initiator == flow_initiator(f))
		return 0;
	flow_orient(f, (unsigned)initiator, BASIS_MESSAGE);
	return 1;
}

/* --- memory ---------------------------------------------------------------------------- */

void initiator_remember(struct tracker *t, const struct flow *f)
{
	struct flow_tuple c;
	int may_fall_silent = f->protocol == IPPROTO_TCP && flow_timeout(f) != TIMEOUT_TCP_CLOSED;

	flow_tuple_of(f, flow_initiator(f), &c);
	responder_cache_add(&t->responder_cache, &c,
		f->last_ns + (may_fall_silent ? RESPONDER_CACHE_IDLE_NS : RESPONDER_CACHE_NS));
}

void initiator_remember_closed(struct tracker *t, const struct flow *f)
{
	struct flow_tuple c;

	flow_tuple_of(f, flow_initiator(f), &c);
	responder_cache_set(&t->responder_cache, &c, f->last_ns + RESPONDER_CACHE_NS);
}

void initiator_remember_idle(struct tracker *t, const struct flow *f)
{
	struct flow_tuple c;

	flow_tuple_of(f, flow_initiator(f), &c);
	responder_cache_add_connection(
		&t->responder_cache, &c, tunnel_of(t, f), f->last_ns + RESPONDER_CACHE_IDLE_NS);
}
