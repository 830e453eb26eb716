#include "core/flow/listen.h"

#include <netinet/in.h>

#include "core/flow/initiator.h"
#include "core/flow/judge.h"
#include "protocol.h"

/* Of a TCP flow only its beginning tells, and that there was one the handshake tells. */
static int is_inspected(const struct tracker *t, const struct flow *f)
{
	if (!t->inspection.scanner)
		return 0;
	return f->protocol == IPPROTO_UDP ||
	       (f->protocol == IPPROTO_TCP && f->basis == BASIS_HANDSHAKE);
}

/* What the rules of both ends want, where they want something. */
static service_mask expected_services(const struct tracker *t, const struct flow *f)
{
	service_mask expected = 0;

	for (unsigned end = 0; end < 2; end++)
		if (f->set[end] != SET_NONE)
			expected |= policy_services(t->policy, f->set[end]);
	return expected;
}

static enum side side_of(const struct flow *f, unsigned direction)
{
	if (f->protocol != IPPROTO_TCP || f->basis != BASIS_HANDSHAKE)
		return SIDE_EITHER;
	return direction == flow_initiator(f) ? SIDE_CLIENT : SIDE_SERVER;
}

static struct payload payload_of(const struct tracker *t, const struct flow *f,
	const struct packet *p, const struct decoded *v)
{
	unsigned from = flow_initiator(f);

	return (struct payload){
		.bytes = v->payload,
		.length = v->payload_captured,
		.sequence = v->sequence + (v->history_bits & HISTORY_BIT(SYN) ? 1 : 0),
		.syn_sequence = f->sequence,
		.syn_seen = (flow_history_bits(f, from) & HISTORY_BIT(SYN)) != 0,
		.transport = f->protocol == IPPROTO_TCP ? TRANSPORT_TCP : TRANSPORT_UDP,
		.direction = v->direction,
		.from = v->source_port,
		.to = v->destination_port,
		.side = (uint8_t)side_of(f, v->direction),
		.whole = p->caplen == p->wirelen && v->fragment == FRAGMENT_NONE,
		.expected = expected_services(t, f),
	};
}

/* Inspection is over: payload no longer sends packets to the slow path. */
static void data_is_old(struct flow *f)
{
	for (unsigned d = 0; d < 2; d++)
		if (f->talked >> d & 1)
			f->seen[d] |= HISTORY_BIT(DATA);
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
	if (!is_inspected(t, f)) { /* a message may still tell who initiated */
		inspection_close(in, &f->service_state);
		if (f->basis > BASIS_MESSAGE && !said->matched)
			inspection_match_one(in, said);
		return 0;
	}
	if (service_state_is_open(&f->service_state))
		return inspection_feed(in, &f->service_state, said);
	inspection_add_facts(in, &f->service_state, said);
	inspection_clear(in);
	return 0;
}

static int may_speak(const struct tracker *t, const struct decoded *v)
{
	return t->inspection.scanner && v->payload_captured > 0 && protocol_has_ports(v->protocol);
}

int listen_first(struct tracker *t, const struct packet *p, const struct decoded *v)
{
	struct payload said = {
		.bytes = v->payload,
		.length = v->payload_captured,
		.transport = v->protocol == IPPROTO_TCP ? TRANSPORT_TCP : TRANSPORT_UDP,
		.from = v->source_port,
		.to = v->destination_port,
		.whole = p->caplen == p->wirelen && v->fragment == FRAGMENT_NONE,
	};

	if (v->history_bits & (HISTORY_BIT(SYN) | HISTORY_BIT(SYN_ACK)) || !may_speak(t, v))
		return 0;
	inspection_match_one(&t->inspection, &said);
	return 1;
}

void listen_packet(struct tracker *t, struct flow *f, const struct packet *p,
	const struct decoded *v, int matched)
{
	struct payload said;
	int is_news, initiator;

	if (v->history_bits & HISTORY_BIT(SYN_ACK) && v->direction != flow_initiator(f))
		inspection_answered(&f->service_state, v->sequence);
	if (!may_speak(t, v))
		return;
	said = payload_of(t, f, p, v);
	said.matched = matched & 1;
	is_news = inspect_payload(t, f, &said);
	initiator = initiator_by_message(t, f, v->direction);
	if (service_state_is_open(&f->service_state))
		data_is_news(f);
	else
		data_is_old(f);
	if (initiator >= 0 && (unsigned)initiator != flow_initiator(f)) {
		flow_orient(f, (unsigned)initiator, BASIS_MESSAGE);
		judge_flow(t, f);
		return;
	}
	if (initiator >= 0)
		f->basis = BASIS_MESSAGE;
	if (is_news)
		judge_service_again(t, f);
}
