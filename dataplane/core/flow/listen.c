#include "core/flow/listen.h"

#include <netinet/in.h>
#include <string.h>

#include "core/decode/segment_checksum.h"
#include "core/flow/flow_tuple.h"
#include "core/flow/initiator.h"
#include "core/flow/judge.h"
#include "protocol.h"

/* Of a TCP flow only its beginning tells, and that there was one the handshake tells: either half
 * of it, since the other may come later. */
static int is_inspected(const struct tracker *t, const struct flow *f, const struct evidence *e)
{
	if (!t->inspection.scanner)
		return 0;
	return f->protocol == IPPROTO_UDP ||
	       (f->protocol == IPPROTO_TCP && (e->known[0] | e->known[1]) & KNOWN_HANDSHAKE);
}

/* Which end of the key the half of a handshake that was seen makes the client, or the initiator as
 * far as it is known. */
static unsigned client_of(const struct flow *f, const struct evidence *e)
{
	if (f->protocol != IPPROTO_TCP || f->basis <= BASIS_SYN_ACK)
		return flow_initiator(f);
	if (e->known[0] & KNOWN_SYN_ACK)
		return 1;
	return e->known[1] & KNOWN_SYN_ACK ? 0 : flow_initiator(f);
}

/* What the rules of both ends want, where they want something. */
static service_mask expected_services(
	const struct tracker *t, const struct flow *f, unsigned client)
{
	uint16_t set[2] = {f->set[0], f->set[1]};
	service_mask expected = 0;
	struct flow_tuple c;

	if (client != flow_initiator(f)) {
		flow_tuple_of(f, client, &c);
		memcpy(set, policy_judge(t->policy, &c).set, sizeof(set));
	}
	for (unsigned end = 0; end < 2; end++)
		if (set[end] != SET_NONE)
			expected |= policy_services(t->policy, set[end]);
	return expected;
}

static enum side side_of(
	const struct flow *f, const struct evidence *e, unsigned direction, unsigned client)
{
	if (f->protocol != IPPROTO_TCP || !((e->known[0] | e->known[1]) & KNOWN_HANDSHAKE))
		return SIDE_EITHER;
	return direction == client ? SIDE_CLIENT : SIDE_SERVER;
}

/* Of the whole datagram, as its header says it: also where not all was captured, or it came in
 * fragments. 0: nobody knows, a stream or a jumbogram (RFC 2675 4). */
static uint32_t size_of(const struct packet *p, const struct decoded *v)
{
	uint32_t length;

	if (v->protocol != IPPROTO_UDP)
		return 0;
	if (p->caplen == p->wirelen && v->fragment == FRAGMENT_NONE)
		return v->payload_captured;
	length = (uint32_t)v->payload[-4] << 8 | v->payload[-3];
	return length >= 8 + v->payload_captured ? length - 8 : 0;
}

/* Whether all that the packet carries is at hand: what is missing may be padding. */
static uint8_t is_whole(const struct packet *p, const struct decoded *v)
{
	return v->fragment == FRAGMENT_NONE &&
	       (p->caplen == p->wirelen || size_of(p, v) == v->payload_captured);
}

static struct payload payload_of(const struct tracker *t, const struct flow *f,
	const struct packet *p, const struct decoded *v)
{
	enum { SYNS = HISTORY_BIT(SYN) | HISTORY_BIT(SYN_ACK) };
	const struct evidence *e = table_evidence(&t->table, f);
	unsigned client = client_of(f, e);

	return (struct payload){
		.bytes = v->payload,
		.length = v->payload_captured,
		.sequence = v->sequence + (v->history_bits & SYNS ? 1 : 0),
		.first = e->first[v->direction],
		.first_known = (e->known[v->direction] & KNOWN_HANDSHAKE) != 0,
		.transport = f->protocol == IPPROTO_TCP ? TRANSPORT_TCP : TRANSPORT_UDP,
		.direction = v->direction,
		.from = v->source_port,
		.to = v->destination_port,
		.side = (uint8_t)side_of(f, e, v->direction, client),
		.size = size_of(p, v),
		.whole = is_whole(p, v),
		.expected = expected_services(t, f, client),
	};
}

/* Inspection is over: payload no longer sends packets to the slow path, but for a side that is to
 * be heard again. */
static void data_is_old(struct flow *f)
{
	for (unsigned d = 0; d < 2; d++)
		if (service_state_looks_again(&f->service_state, d))
			f->seen[d] &= 0xffu ^ HISTORY_BIT(DATA);
		else
			f->seen[d] |= f->shown[d] & HISTORY_BIT(DATA);
}

/* While inspection is open, payload sends packets to the slow path. */
static void data_is_news(struct flow *f)
{
	f->seen[0] &= 0xffu ^ HISTORY_BIT(DATA);
	f->seen[1] &= 0xffu ^ HISTORY_BIT(DATA);
}

/* Inspects a payload; 1 if service or basis have changed. */
static int inspect_payload(struct tracker *t, struct flow *f, const struct payload *said)
{
	struct inspection *in = &t->inspection;

	if (!said->matched)
		inspection_clear(in);
	if (service_state_is_open(&f->service_state))
		return inspection_feed(in, &f->service_state, said);
	return inspection_again(in, &f->service_state, said);
}

static int may_speak(const struct tracker *t, const struct decoded *v)
{
	return t->inspection.scanner && v->payload_captured > 0 && protocol_has_ports(v->protocol);
}

/* Of a flow of which nothing is known. */
static struct payload lone_payload(const struct packet *p, const struct decoded *v)
{
	return (struct payload){
		.bytes = v->payload,
		.length = v->payload_captured,
		.transport = v->protocol == IPPROTO_TCP ? TRANSPORT_TCP : TRANSPORT_UDP,
		.from = v->source_port,
		.to = v->destination_port,
		.size = size_of(p, v),
		.whole = is_whole(p, v),
	};
}

int listen_first(struct tracker *t, const struct packet *p, const struct decoded *v)
{
	struct payload said;

	if (v->history_bits & (HISTORY_BIT(SYN) | HISTORY_BIT(SYN_ACK)) || !may_speak(t, v))
		return 0;
	said = lone_payload(p, v);
	inspection_match_one(&t->inspection, &said);
	return 1;
}

int listen_cares_for_sums(const struct flow *f)
{
	enum verdict v = flow_verdict(f);

	return !verdict_is_flagged(v) || v == VERDICT_WRONG_SERVICE;
}

/* A segment with a wrong checksum never came to its receiver. Where a side has sent right ones too
 * its host computes them itself, and the wrong ones prove nothing: what was fed of them before was
 * bait. Where it has not, they are the network card's affair, on the host that captures. 0: what
 * the segment carries does not count. */
static int note_sum(struct tracker *t, struct flow *f, const struct decoded *v)
{
	struct evidence *e = table_evidence(&t->table, f);
	uint8_t side = (uint8_t)(1u << v->direction);

	if (!listen_cares_for_sums(f))
		return 1;
	switch (checksum_of(v)) {
	case CHECKSUM_GOOD:
		if (e->sums_bad & side && !(e->sums_good & side)) {
			inspection_release(&t->inspection, &f->service_state);
			f->service_state = (struct service_state){0};
			judge_flow(t, f);
		}
		e->sums_good |= side;
		return 1;
	case CHECKSUM_BAD:
		if (v->history_bits & HISTORY_BIT(DATA)) /* else there is no bait */
			e->sums_bad |= side;
		return !(e->sums_good & side);
	default:
		return 1;
	}
}

/* The beginning of what is said came in fragments, of which the payload is never read, and what was
 * read says nothing. A router cuts at what a link carries: of a datagram the first one is large. */
static int is_hidden(const struct flow *f, const struct decoded *v)
{
	enum { SMALLEST_LINK = 256 };

	if (f->service_state.service || v->fragment == FRAGMENT_NONE)
		return 0;
	if (f->protocol == IPPROTO_UDP)
		return v->fragment == FRAGMENT_FIRST && v->transport_bytes < SMALLEST_LINK;
	return f->protocol == IPPROTO_TCP && v->fragment != FRAGMENT_TINY;
}

static void note_evasion(struct tracker *t, struct flow *f, const struct decoded *v, int was_open)
{
	const struct evidence *e = table_evidence(&t->table, f);
	const struct service_state *s = &f->service_state;

	f->evasions |= (uint16_t)((s->reversed ? EVASION_BIT(REVERSED_HELLO) : 0) |
				  (s->contradicting ? EVASION_BIT(CONTRADICTING_SEGMENTS) : 0) |
				  (s->changed ? EVASION_BIT(SERVICE_CHANGED) : 0));
	if (e->sums_good & e->sums_bad && verdict_is_flagged(flow_verdict(f)))
		f->evasions |= EVASION_BIT(BAD_CHECKSUM);
	if (was_open && is_hidden(f, v))
		f->evasions |= EVASION_BIT(HIDDEN_OPENING);
}

void listen_handshake(struct tracker *t, struct flow *f, const struct decoded *v)
{
	note_sum(t, f, v);
}

/* It is not inspected, and may still tell who initiated. */
static void listen_aside(struct tracker *t, struct flow *f, const struct packet *p,
	const struct decoded *v, int matched)
{
	struct payload said;

	inspection_close(&t->inspection, &f->service_state);
	data_is_old(f);
	if (f->basis <= BASIS_MESSAGE)
		return;
	if (!matched) {
		said = lone_payload(p, v);
		inspection_match_one(&t->inspection, &said);
	}
	if (initiator_by_message(t, f, v->direction))
		judge_flow(t, f);
}

static void listen_payload(struct tracker *t, struct flow *f, const struct packet *p,
	const struct decoded *v, int matched)
{
	struct payload said = payload_of(t, f, p, v);
	int is_news, is_turned;

	said.matched = matched & 1;
	is_news = inspect_payload(t, f, &said);
	is_turned = initiator_by_message(t, f, v->direction);
	if (service_state_is_open(&f->service_state))
		data_is_news(f);
	else
		data_is_old(f);
	if (is_turned)
		judge_flow(t, f);
	else if (is_news)
		judge_service_again(t, f);
}

void listen_packet(struct tracker *t, struct flow *f, const struct packet *p,
	const struct decoded *v, int matched)
{
	int was_open = service_state_is_open(&f->service_state);

	if (!(v->history_bits & HISTORY_BIT(DATA)) && v->fragment == FRAGMENT_NONE)
		return;
	if (!is_inspected(t, f, table_evidence(&t->table, f))) {
		if (may_speak(t, v))
			listen_aside(t, f, p, v, matched);
		return;
	}
	if (may_speak(t, v) && note_sum(t, f, v))
		listen_payload(t, f, p, v, matched);
	else if (service_state_is_open(&f->service_state))
		data_is_news(f); /* what does not count is not the first that was said */
	note_evasion(t, f, v, was_open);
}
