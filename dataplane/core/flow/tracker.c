#include "core/flow/tracker.h"

#include <netinet/in.h>
#include <string.h>

#include "protocol.h"

/* A whole sweep once a second of packet time at most, so that at full rate its cost is a few
 * sequential lines a burst and on an idle link nothing. */
#define SWEEP_PERIOD_NS 1000000000ull
#define SWEEP_STEP 4
#define SWEEP_STEP_FULL 32 /* where the table is full, places are wanted */
#define FINISH_STEP 256

/* The sweep that is under way when an alert has to wait, and a whole one after it. */
#define REPORT_SWEEPS 2

#define PORT_IKE 500
#define PORT_IKE_NAT 4500

void tracker_init(struct tracker *t, const struct flow_timeouts *limits)
{
	t->limit_ns[TIMEOUT_TCP_ATTEMPT] = limits->tcp_attempt_ns;
	t->limit_ns[TIMEOUT_TCP_ESTABLISHED] = limits->tcp_established_ns;
	t->limit_ns[TIMEOUT_TCP_CLOSED] = limits->tcp_closed_ns;
	t->limit_ns[TIMEOUT_UDP_ONE_WAY] = limits->udp_one_way_ns;
	t->limit_ns[TIMEOUT_UDP_TWO_WAY] = limits->udp_two_way_ns;
	t->limit_ns[TIMEOUT_IKE] = limits->ike_ns;
	t->limit_ns[TIMEOUT_OTHER] = limits->other_ns;
	for (unsigned i = 0; i < TIMEOUT_COUNT; i++) {
		t->bound_ns[0][i] = t->limit_ns[i] == UINT64_MAX ? UINT64_MAX : t->limit_ns[i] + 1;
		t->bound_ns[1][i] = t->bound_ns[0][i] < limits->tcp_closed_ns
					    ? t->bound_ns[0][i]
					    : limits->tcp_closed_ns;
	}
	t->bound_ns[1][TIMEOUT_TCP_CLOSED] = 0;
}

/* --- keys ---------------------------------------------------------------------------- */

static uint32_t v4_of(const struct address *a)
{
	uint32_t bytes;

	memcpy(&bytes, a->byte + 12, sizeof(bytes));
	return bytes;
}

/* One end, as union flow_key has it. Any order of them will do that both directions agree on. */
static uint64_t v4_end(uint32_t address, uint8_t protocol, uint16_t port)
{
	return (uint64_t)address << 32 | (uint64_t)protocol << 16 | port;
}

/* A DHCP client without an address is known by its MAC address: its number takes the place
 * of address bytes that IPv4 leaves zero, so that two clients are two flows. */
static uint64_t mark_of(const struct decoded *v, unsigned end)
{
	return v->by_mac[end] ? v->appliance[end] + 1u : 0;
}

static uint64_t last_word(const struct decoded *v, unsigned source)
{
	uint64_t lower = source ? v->destination_port : v->source_port;
	uint64_t upper = source ? v->source_port : v->destination_port;

	return lower | upper << 16 | (uint64_t)v->protocol << 32;
}

/* Written word by word: what is stored in pieces and loaded whole waits for the cache. */
static void key_v4(struct decoded *v, union flow_key *k)
{
	uint64_t from = v4_end(v4_of(&v->source), v->protocol, v->source_port);
	uint64_t to = v4_end(v4_of(&v->destination), v->protocol, v->destination_port);
	unsigned source = from > to;

	v->direction = (uint8_t)source;
	k->word[0] = mark_of(v, source);
	k->word[1] = source ? to : from;
	k->word[2] = mark_of(v, 1 - source);
	k->word[3] = source ? from : to;
	k->word[4] = last_word(v, source);
}

void tracker_key(struct decoded *v, union flow_key *k)
{
	if (v->version == 4)
		key_v4(v, k);
	else
		v->direction = flow_key_ipv6(k, v->source.byte, v->destination.byte,
			(uint32_t)v->source_port << 16 | v->destination_port, v->protocol);
}

/* --- records ------------------------------------------------------------------------- */

/* Without what the key has beside an IPv4 address. Whole words, in place: what is stored in
 * pieces, or copied as it was just stored, keeps whoever loads it waiting. */
static inline void address_put(struct address *out, const struct flow *f, unsigned end)
{
	uint64_t word[2];

	memcpy(word, &f->address[end], sizeof(word));
	if (flow_version(f) == 4) {
		word[0] = 0;
		word[1] &= 0xffffffff00000000;
	}
	memcpy(out->byte, &word[0], sizeof(word[0]));
	memcpy(out->byte + 8, &word[1], sizeof(word[1]));
}

static uint64_t packets_of(const struct flow *f, unsigned direction)
{
	return ((uint64_t)f->packets_high[direction] << 31) + (f->tally[direction] >> 32);
}

static uint64_t bytes_of(const struct flow *f, unsigned direction)
{
	return (uint64_t)f->bytes_high[direction] << 32 | (uint32_t)f->tally[direction];
}

/* The history's directions become initiator (0) and responder (1). */
static uint64_t oriented_history(const struct flow *f)
{
	return flow_initiator(f) ? f->history ^ 0x8888888888888888ull : f->history;
}

/* Two numbers by the key's direction as two by initiator and responder. */
static inline uint32_t turned(const uint16_t pair[2], unsigned from)
{
	uint32_t both;

	memcpy(&both, pair, sizeof(both));
	return from ? both << 16 | both >> 16 : both;
}

static void record_service(const struct tracker *t, const struct flow *f, struct record *r)
{
	const struct facts *facts = inspection_facts(&t->inspection, &f->service_state);

	r->service =
		(uint8_t)(f->service_state.service ? f->service_state.service - 1u : SERVICE_COUNT);
	r->service_basis = f->service_state.basis;
	r->facts.known = 0;
	if (facts)
		r->facts = *facts;
}

/* Every field, one by one: to clear the record first costs as much as the rest. */
static inline void record_fill(const struct tracker *t, const struct flow *f, enum record_kind kind,
	enum end end, struct record *r)
{
	unsigned from = flow_initiator(f);
	enum verdict v = flow_verdict(f);
	uint32_t ports = turned(f->port, from), appliances = turned(f->appliance, from);

	memcpy(r->port, &ports, sizeof(ports));
	memcpy(r->appliance, &appliances, sizeof(appliances));
	memcpy(r->set, f->set, sizeof(r->set));
	memcpy(r->end_verdict, f->end_verdict, sizeof(r->end_verdict));
	r->protocol = f->protocol;
	r->version = (uint8_t)flow_version(f);
	r->kind = (uint8_t)kind;
	r->verdict = (uint8_t)v;
	r->connection = f->connection;
	r->basis = f->basis;
	r->end = (uint8_t)end;
	r->severity = (uint8_t)verdict_severity(v, (enum connection)f->connection,
		(enum basis)f->basis, f->protocol == IPPROTO_TCP);
	r->corrected = f->corrected;
	r->repeated_graver = 0;
	r->history_length = f->history_length;
	r->encap = *encap_table_at(t->encap_table, f->encap);
	r->generation = f->generation;
	r->history = oriented_history(f);
	r->detail = f->protocol == IPPROTO_TCP ? 0 : f->sequence;
	r->start_ns = f->first_ns;
	r->end_ns = f->last_ns + (uint64_t)f->end_skew_ns;
	address_put(&r->address[0], f, from);
	address_put(&r->address[1], f, 1 - from);
	r->packets[0] = packets_of(f, from);
	r->packets[1] = packets_of(f, 1 - from);
	r->bytes[0] = bytes_of(f, from);
	r->bytes[1] = bytes_of(f, 1 - from);
	record_service(t, f, r);
}

static struct record *record_buffer_next(struct record_buffer *o)
{
	assert(o->count < o->capacity); /* control empties it after every burst */
	return &o->record[o->count++];
}

/* A flagged flow is reported once, and again where it has become graver. */
static void report(struct tracker *t, struct flow *f)
{
	struct record *r;
	int severity;

	if (!verdict_is_flagged(flow_verdict(f)))
		return;
	severity = verdict_severity(flow_verdict(f), (enum connection)f->connection,
		(enum basis)f->basis, f->protocol == IPPROTO_TCP);
	if (severity <= f->reported)
		return;
	if (t->record_buffer->congested) {
		t->counters->events_delayed++;
		t->reports_wait = REPORT_SWEEPS;
		return;
	}
	r = record_buffer_next(t->record_buffer);
	record_fill(t, f, RECORD_FLAGGED, END_IDLE, r);
	r->repeated_graver = f->reported > 0;
	f->reported = (unsigned)severity & 3;
}

static enum end reason_of(const struct flow *f, enum end otherwise)
{
	if (f->protocol != IPPROTO_TCP || flow_timeout(f) != TIMEOUT_TCP_CLOSED)
		return otherwise;
	if ((flow_history_bits(f, 0) | flow_history_bits(f, 1)) & HISTORY_BIT(RST))
		return END_RESET;
	return END_FIN;
}

static int is_outdated(const struct tracker *t, const struct flow *f)
{
	return f->generation != (uint16_t)t->policy->generation;
}

static int rejudge(struct tracker *, uint32_t index);

static void record_end(struct tracker *t, uint32_t index, enum end reason)
{
	const struct flow *f = &t->table.flow[index];
	struct service_state service_state = f->service_state;
	struct record *r;

	if (is_outdated(t, f) && !rejudge(t, index))
		reason = END_RELOADED;
	r = record_buffer_next(t->record_buffer);
	record_fill(t, f, RECORD_ENDED, reason, r);
	if (reason != END_RELOADED)
		mirror_end(t->mirror, index,
			flow_history_bits_all(f, 0) | flow_history_bits_all(f, 1), r);
	inspection_release(&t->inspection, &service_state);
	t->counters->ended[reason]++;
	t->counters->recognised += service_state.service != 0;
	t->counters->digest += record_digest(r);
}

static void flow_end(struct tracker *t, uint32_t index, enum end reason)
{
	table_prefetch_place(&t->table, index);
	record_end(t, index, reason);
	table_remove(&t->table, index);
}

/* --- who initiated ------------------------------------------------------------------- */

static inline void flow_tuple_of(const struct flow *f, unsigned initiator, struct flow_tuple *c)
{
	c->version = (uint8_t)flow_version(f);
	c->protocol = f->protocol;
	for (unsigned i = 0; i < 2; i++) {
		address_put(&c->address[i], f, i ^ initiator);
		c->port[i] = f->port[i ^ initiator];
		c->appliance[i] = f->appliance[i ^ initiator];
	}
}

struct orientation {
	unsigned initiator; /* place in the key */
	enum basis basis;
};

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

/* RFC 2131 section 2: op, and the magic cookie of RFC 1497. A message that says itself
 * whether it asks or answers. */
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

/* Which of the two was the one to answer on its port before; 0 if neither is remembered. */
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

/* --- how it stands ------------------------------------------------------------------- */

static void set_verdict(struct flow *f, enum verdict v)
{
	f->state = (uint8_t)((f->state & ((1u << STATE_VERDICT_SHIFT) - 1)) |
			     (unsigned)v << STATE_VERDICT_SHIFT);
}

static void set_timeout(struct flow *f, enum timeout timeout)
{
	f->state = (uint8_t)((f->state & ~(7u << STATE_TIMEOUT_SHIFT)) |
			     (unsigned)timeout << STATE_TIMEOUT_SHIFT);
}

static void set_initiator(struct flow *f, unsigned initiator)
{
	f->state = (uint8_t)((f->state & ~STATE_INITIATOR) | (initiator ? STATE_INITIATOR : 0));
}

/* An end whose port is expected, and on which something else is spoken (DESIGN 3 and 6). */
static void judge_service(const struct tracker *t, const struct flow *f, struct verdict_pair *j)
{
	const struct service_state *s = &f->service_state;

	for (unsigned end = 0; end < 2; end++) {
		service_mask wanted;
		if (j->set[end] == SET_NONE || j->end_verdict[end] != VERDICT_EXPECTED)
			continue;
		wanted = policy_services(t->policy, j->set[end]);
		if (!wanted ||
			(s->basis == SERVICE_RECOGNISED && wanted & SERVICE_BIT(s->service - 1u)))
			continue;
		j->end_verdict[end] = VERDICT_WRONG_SERVICE;
		if (j->verdict < VERDICT_WRONG_SERVICE)
			j->verdict = VERDICT_WRONG_SERVICE;
	}
}

static void judge(const struct tracker *t, struct flow *f)
{
	struct flow_tuple c;
	struct verdict_pair j;

	flow_tuple_of(f, flow_initiator(f), &c);
	j = policy_judge(t->policy, &c);
	if (f->service_state.basis != SERVICE_UNVERIFIED)
		judge_service(t, f, &j);
	set_verdict(f, (enum verdict)j.verdict);
	for (unsigned end = 0; end < 2; end++) {
		f->end_verdict[end] = j.end_verdict[end];
		f->set[end] = j.set[end];
	}
	f->generation = (uint16_t)t->policy->generation;
}

#define HISTORY_TALK (HISTORY_BIT(ACK) | HISTORY_BIT(DATA) | HISTORY_BIT(FIN))

/* From the letters alone, so that the order in which a mirror delivers them is no matter.
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

static enum timeout tcp_timeout(enum connection c, unsigned initiator, unsigned responder)
{
	if ((initiator | responder) & HISTORY_BIT(RST) || initiator & responder & HISTORY_BIT(FIN))
		return TIMEOUT_TCP_CLOSED;
	return c == CONNECTION_ESTABLISHED ? TIMEOUT_TCP_ESTABLISHED : TIMEOUT_TCP_ATTEMPT;
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

/* Connection and timeout, made anew from what was seen. */
static void update_connection(struct flow *f)
{
	unsigned from = flow_initiator(f);
	unsigned initiator = flow_history_bits_all(f, from),
		 responder = flow_history_bits_all(f, 1 - from);
	enum connection c;

	if (f->protocol == IPPROTO_TCP) {
		c = tcp_connection(
			f->syn_carried ? initiator & ~(unsigned)HISTORY_BIT(DATA) : initiator,
			responder);
		set_timeout(f, tcp_timeout(c, initiator, responder));
	} else {
		c = initiator && responder ? CONNECTION_TWO_WAY : CONNECTION_ONE_WAY;
		set_timeout(f, datagram_timeout(f, c));
	}
	f->connection = c & 7;
}

/* An appliance has sent something but a refusal: the one thing a stranger cannot forge. */
static int appliance_takes_part(const struct flow *f)
{
	for (unsigned i = 0; i < 2; i++)
		if (f->appliance[i] != APPLIANCE_NONE &&
			flow_history_bits_all(f, i) & ~(unsigned)HISTORY_BIT(RST))
			return 1;
	return 0;
}

static enum eviction_class eviction_class_of(const struct flow *f)
{
	int flagged = verdict_is_flagged(flow_verdict(f));

	if (flow_timeout(f) == TIMEOUT_TCP_CLOSED)
		return EVICT_CLOSED;
	if (f->connection == CONNECTION_ATTEMPTED || !appliance_takes_part(f))
		return flagged ? EVICT_PROBE : EVICT_ATTEMPT;
	return flagged ? EVICT_FLAGGED : EVICT_BELONGS;
}

static void history_add(struct flow *f, const struct decoded *v)
{
	unsigned fresh = v->history_bits & ~flow_history_bits_all(f, v->direction);

	f->seen[v->direction] |= v->history_bits;
	if (v->history_bits & HISTORY_BIT(DATA))
		f->talked |= (1u << v->direction) & 3;
	if (v->history_bits & HISTORY_BIT(SYN) && v->history_bits & HISTORY_BIT(DATA))
		f->syn_carried = 1;
	for (; fresh; fresh &= fresh - 1) {
		uint64_t nibble = (unsigned)__builtin_ctz(fresh) | (unsigned)v->direction << 3;
		f->history |= nibble << (4 * f->history_length);
		f->history_length = (f->history_length + 1u) & 15;
	}
}

static void record_syn(struct flow *f, const struct decoded *v)
{
	if (f->protocol != IPPROTO_TCP ||
		(v->history_bits & HISTORY_BIT(SYN) && v->direction == flow_initiator(f)))
		f->sequence = v->sequence;
}

/* Not a guess: a handshake or a message, and of UDP also who was first after the warm-up, but
 * not where both ports are the same. */
static int is_certain(const struct flow *f)
{
	if (f->basis <= BASIS_MESSAGE)
		return 1;
	return f->protocol == IPPROTO_UDP && f->basis == BASIS_FIRST_PACKET &&
	       f->port[0] != f->port[1];
}

/* Who answers whom is known. A probe that nobody answered proves nothing, and a flood of them
 * would drive out what does. */
static int direction_is_known(const struct flow *f)
{
	int is_answered = f->connection == CONNECTION_ESTABLISHED ||
			  (f->protocol == IPPROTO_UDP && f->connection == CONNECTION_TWO_WAY);

	return is_answered && is_certain(f);
}

/* Once a flow, by its packets alone: so it does not matter when the sweep ends it. */
static void add_to_responder_cache(struct tracker *t, const struct flow *f)
{
	struct flow_tuple c;

	flow_tuple_of(f, flow_initiator(f), &c);
	responder_cache_add(&t->responder_cache, &c, f->last_ns);
}

/* --- what is spoken ------------------------------------------------------------------ */

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
		.side = (uint8_t)side_of(f, v->direction),
		.whole = p->caplen == p->wirelen && v->fragment == FRAGMENT_NONE,
		.expected = expected_services(t, f),
	};
}

/* The side that speaks first is the server's, but either may have spoken before the capture
 * began, and an SSH client need not wait: this confirms a guess, and decides where nothing but
 * the ports did. */
static int initiator_by_greeting(const struct flow *f, unsigned sender)
{
	unsigned initiator = 1 - sender;

	if (f->talked >> (1 - sender) & 1)
		return -1;
	return f->basis > BASIS_POLICY || initiator == flow_initiator(f) ? (int)initiator : -1;
}

/* Who initiated, by the message that was heard; the initiator's place in the key, or -1. */
static int initiator_by_message(const struct tracker *t, const struct flow *f, unsigned sender)
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

static void set_initiator_of(struct flow *f, unsigned initiator, enum basis basis)
{
	f->basis = basis & 7;
	set_initiator(f, initiator);
}

/* From here on data is no news any more. */
static void data_is_old(struct flow *f)
{
	for (unsigned d = 0; d < 2; d++)
		if (f->talked >> d & 1)
			f->seen[d] |= HISTORY_BIT(DATA);
}

/* Every packet with payload is news while the flow is open. */
static void data_is_news(struct flow *f)
{
	f->seen[0] &= 0xffu ^ HISTORY_BIT(DATA);
	f->seen[1] &= 0xffu ^ HISTORY_BIT(DATA);
}

/* By what is spoken alone: of an end that was found wrong and is right after all, the policy
 * would have to be asked again. */
static void judge_again(const struct tracker *t, struct flow *f)
{
	struct verdict_pair j = {
		.verdict = (uint8_t)flow_verdict(f),
		.end_verdict = {f->end_verdict[0], f->end_verdict[1]},
		.set = {f->set[0], f->set[1]},
	};

	if (j.verdict == VERDICT_WRONG_SERVICE) {
		judge(t, f);
		return;
	}
	judge_service(t, f, &j);
	set_verdict(f, (enum verdict)j.verdict);
	memcpy(f->end_verdict, j.end_verdict, sizeof(f->end_verdict));
}

/* What a payload says; 1 if that is news of the service. */
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

/* A packet of a flow that is open, or with the first payload of its direction. */
static void inspect_packet(struct tracker *t, struct flow *f, const struct packet *p,
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
		set_initiator_of(f, (unsigned)initiator, BASIS_MESSAGE);
		judge(t, f);
		return;
	}
	if (initiator >= 0)
		f->basis = BASIS_MESSAGE;
	if (is_news)
		judge_again(t, f);
}

/* --- counting ------------------------------------------------------------------------ */

static void count_verdict(struct counters *c, enum verdict v, uint64_t packets, uint64_t bytes)
{
	c->verdict_packets[v] += packets;
	c->verdict_bytes[v] += bytes;
}

void tracker_count_burst(struct tracker *t, const uint64_t sum[8])
{
	for (unsigned v = 0; v < VERDICT_COUNT; v++)
		count_verdict(t->counters, (enum verdict)v, sum[v] >> 32, (uint32_t)sum[v]);
}

/* Any number of packets and bytes. */
static void add_wide(struct flow *f, unsigned d, uint64_t packets, uint64_t bytes)
{
	uint64_t sum_packets = (f->tally[d] >> 32) + packets;
	uint64_t sum_bytes = (uint32_t)f->tally[d] + bytes;

	f->packets_high[d] = (uint16_t)(f->packets_high[d] + (sum_packets >> 31));
	f->bytes_high[d] = (uint16_t)(f->bytes_high[d] + (sum_bytes >> 32));
	f->tally[d] = tally_of((uint32_t)sum_packets & INT32_MAX, (uint32_t)sum_bytes);
}

/* Later fragments that came before this first one, and waited for it. */
static void count_pending(struct tracker *t, struct flow *f, const struct decoded *v)
{
	add_wide(f, v->direction, v->pending_packets, v->pending_bytes);
	count_verdict(t->counters, flow_verdict(f), v->pending_packets, v->pending_bytes);
}

/* More than one more of its flow: its time is not the stream's, or the flow is watched. */
__attribute__((noinline)) static void take_care(
	struct tracker *t, struct flow *f, const struct packet *p, const struct decoded *v)
{
	uint32_t index = (uint32_t)(f - t->table.flow);
	int goes_on = p->time_ns != p->now_ns;

	f->end_skew_ns = (int64_t)(p->time_ns - p->now_ns);
	if (goes_on)
		mirror_backwards(t->mirror, p->now_ns - p->time_ns);
	if (mirror_watches(t->mirror, index))
		goes_on |= mirror_watch(t->mirror, index, p, v);
	f->seen[0] = (uint8_t)(goes_on ? f->seen[0] | SEEN0_SKEWED
				       : f->seen[0] & (uint8_t)~SEEN0_SKEWED);
}

static void count_packet(
	struct tracker *t, struct flow *f, const struct packet *p, const struct decoded *v)
{
	add_wide(f, v->direction, 1, v->bytes);
	f->last_ns = p->now_ns;
	if (p->time_ns != p->now_ns || f->seen[0] & SEEN0_SKEWED)
		take_care(t, f, p, v);
	count_verdict(t->counters, flow_verdict(f), 1, v->bytes);
	if (v->pending_packets)
		count_pending(t, f, v);
}

static int is_idle(const struct tracker *t, const struct flow *f, uint64_t now_ns)
{
	return f->last_ns < now_ns && now_ns - f->last_ns > t->limit_ns[flow_timeout(f)];
}

/* --- a new flow ---------------------------------------------------------------------- */

/* Without a handshake the first packet's message is asked first: where it tells who initiated,
 * the policy need not be asked for both orientations. 1 if there is one to be looked at. */
static int look_first(struct tracker *t, const struct packet *p, const struct decoded *v)
{
	struct payload said = {
		.bytes = v->payload,
		.length = v->payload_captured,
		.transport = v->protocol == IPPROTO_TCP ? TRANSPORT_TCP : TRANSPORT_UDP,
		.whole = p->caplen == p->wirelen && v->fragment == FRAGMENT_NONE,
	};

	if (v->history_bits & (HISTORY_BIT(SYN) | HISTORY_BIT(SYN_ACK)) || !may_speak(t, v))
		return 0;
	inspection_match_one(&t->inspection, &said);
	return 1;
}

static struct orientation orient_first(const struct tracker *t, const struct packet *p,
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

/* Writes a flow, whether the table keeps it or not: that is decided when it is known what it is
 * worth. */
static void flow_begin(
	struct tracker *t, const struct packet *p, const struct decoded *v, struct flow *f)
{
	struct orientation o;
	int matched;

	f->first_ns = p->time_ns;
	f->encap = encap_table_number(t->encap_table, &v->encap);
	if (f->encap == ENCAP_UNKNOWN)
		t->counters->encaps_unknown++;
	f->appliance[v->direction] = v->appliance[0];
	f->appliance[1 - v->direction] = v->appliance[1];
	history_add(f, v);
	matched = look_first(t, p, v);
	o = orient_first(t, p, v, f, matched);
	set_initiator_of(f, o.initiator, o.basis);
	judge(t, f);
	record_syn(f, v);
	inspect_packet(t, f, p, v, matched);
	update_connection(f);
}

/* No room for it, but it is judged, counted and, if it begins something flagged, reported. */
static void count_untracked(
	struct tracker *t, struct flow *f, const struct packet *p, const struct decoded *v)
{
	t->counters->untracked_packets += 1 + v->pending_packets;
	count_packet(t, f, p, v);
	if (f->protocol != IPPROTO_TCP || v->history_bits & HISTORY_BIT(SYN))
		report(t, f);
}

/* The spare flow in the place of one that is worth less: its number, or FLOW_NONE. */
static uint32_t make_room(struct tracker *t, uint64_t hash, enum eviction_class eviction_class)
{
	struct place victim = table_victim(&t->table, hash, eviction_class);
	const struct flow *f = &t->table.flow[victim.flow];

	if (victim.flow == FLOW_NONE)
		return FLOW_NONE;
	record_end(t, victim.flow, is_idle(t, f, t->now_ns) ? reason_of(f, END_IDLE) : END_EVICTED);
	return table_replace(&t->table, victim, hash, eviction_class);
}

/* The spare flow has its place: what it begins with. */
static void count_new_flow(
	struct tracker *t, struct flow *f, const struct packet *p, const struct decoded *v)
{
	struct counters *c = t->counters;

	c->flows_created++;
	c->verdict_flows[flow_verdict(f)]++;
	if (t->table.active > c->flows_active_peak)
		c->flows_active_peak = t->table.active;
	count_packet(t, f, p, v);
	if (direction_is_known(f))
		add_to_responder_cache(t, f);
	report(t, f);
}

static void open_flow(
	struct tracker *t, const struct packet *p, const struct decoded *v, const union flow_key *k)
{
	struct flow *f = table_spare(&t->table, k);
	enum eviction_class eviction_class;

	flow_begin(t, p, v, f);
	eviction_class = eviction_class_of(f);
	if (table_insert(&t->table, v->hash, eviction_class) != FLOW_NONE ||
		make_room(t, v->hash, eviction_class) != FLOW_NONE) {
		count_new_flow(t, f, p, v);
		return;
	}
	count_untracked(t, f, p, v);
	inspection_release(&t->inspection, &f->service_state);
	table_let_go(&t->table);
}

/* The flow ends, and with the same key and in its place another one begins. */
static void open_flow_after(struct tracker *t, uint32_t index, enum end reason,
	const struct packet *p, const struct decoded *v, const union flow_key *k)
{
	struct flow *f;

	record_end(t, index, reason);
	f = table_spare(&t->table, k);
	flow_begin(t, p, v, f);
	table_succeed(&t->table, index, eviction_class_of(f));
	count_new_flow(t, f, p, v);
}

/* --- a flood ------------------------------------------------------------------------- */

/* The ends of a glance, as the policy sees them: the sender of a SYN initiates. */
static inline void fast_flow_tuple(const struct inventory *inv, const struct packet *p,
	const struct fast_packet *g, struct flow_tuple *c)
{
	enum { SOURCE = 26, DESTINATION = 30 };
	const uint64_t end[2] = {
		g->direction ? g->upper : g->lower, g->direction ? g->lower : g->upper};

	c->version = 4;
	c->protocol = IPPROTO_TCP;
	for (unsigned i = 0; i < 2; i++) {
		const uint64_t word[2] = {0, end[i] & 0xffffffff00000000};
		memcpy(c->address[i].byte, &word[0], sizeof(word[0]));
		memcpy(c->address[i].byte + 8, &word[1], sizeof(word[1]));
		c->port[i] = (uint16_t)end[i];
	}
	c->appliance[0] = inventory_cell(inv, p->data + SOURCE);
	c->appliance[1] = inventory_cell(inv, p->data + DESTINATION);
}

static void report_shed(struct tracker *t, const struct packet *p, const struct fast_packet *g,
	const struct flow_tuple *c, const struct verdict_pair *j)
{
	struct record *r = record_buffer_next(t->record_buffer);

	r->protocol = IPPROTO_TCP;
	r->version = 4;
	r->kind = RECORD_FLAGGED;
	r->verdict = j->verdict;
	r->connection = CONNECTION_ATTEMPTED;
	r->basis = BASIS_HANDSHAKE;
	r->end = END_IDLE;
	r->severity = (uint8_t)verdict_severity(
		(enum verdict)j->verdict, CONNECTION_ATTEMPTED, BASIS_HANDSHAKE, 1);
	r->corrected = r->repeated_graver = 0;
	r->history_length = 1;
	r->encap = (struct encap){.interface = p->interface, .is_known = 1};
	r->generation = (uint16_t)t->policy->generation;
	r->history = HISTORY_SYN;
	r->detail = 0;
	r->start_ns = r->end_ns = p->time_ns;
	for (unsigned i = 0; i < 2; i++) {
		memcpy(&r->address[i], &c->address[i], sizeof(r->address[i]));
		r->port[i] = c->port[i];
		r->appliance[i] = c->appliance[i];
		r->set[i] = j->set[i];
		r->end_verdict[i] = j->end_verdict[i];
	}
	r->packets[0] = 1;
	r->bytes[0] = (uint32_t)g->tally;
	r->packets[1] = r->bytes[1] = 0;
	r->service = SERVICE_COUNT;
	r->service_basis = 0;
	r->facts.known = 0;
}

int tracker_shed_syn(struct tracker *t, const struct packet *p, const struct fast_packet *g)
{
	struct flow_tuple c;
	struct verdict_pair j;

	if (g->kind != FAST_IPV4 || g->history_bits != HISTORY_BIT(SYN) ||
		!table_refuses(&t->table, g->hash, EVICT_PROBE))
		return 0;
	fast_flow_tuple(t->policy->inventory, p, g, &c);
	if (c.appliance[0] == APPLIANCE_HASHED || c.appliance[1] == APPLIANCE_HASHED)
		return 0;
	j = policy_judge(t->policy, &c);
	if (!verdict_is_flagged((enum verdict)j.verdict))
		return 0;
	t->now_ns = p->now_ns;
	t->counters->untracked_packets++;
	count_verdict(t->counters, (enum verdict)j.verdict, 1, (uint32_t)g->tally);
	report_shed(t, p, g, &c, &j);
	return 1;
}

/* --- a known flow -------------------------------------------------------------------- */

/* Stronger evidence: the flow is turned where need be and judged again. */
static void correct(struct tracker *t, struct flow *f, unsigned initiator, enum basis basis)
{
	if (initiator != flow_initiator(f)) {
		set_initiator_of(f, initiator, basis);
		judge(t, f);
	}
	f->basis = basis & 7;
}

/* What has changed of a flow, in the sums over all of them. */
static void recount(struct tracker *t, struct flow *f, const struct flow *before)
{
	struct counters *c = t->counters;

	if (flow_initiator(f) != flow_initiator(before)) {
		c->corrected += !f->corrected;
		f->corrected = 1;
	}
	c->verdict_flows[flow_verdict(before)]--;
	c->verdict_flows[flow_verdict(f)]++;
}

/* A SYN on a flow that is over, or one that cannot be of a flow that has long been up. */
static int starts_anew(
	const struct tracker *t, const struct flow *f, const struct decoded *v, uint64_t gap_ns)
{
	if (!(v->history_bits & HISTORY_BIT(SYN)))
		return 0;
	if (flow_timeout(f) == TIMEOUT_TCP_CLOSED)
		return 1;
	if (gap_ns < t->limit_ns[TIMEOUT_TCP_CLOSED])
		return 0;
	if (f->connection == CONNECTION_MIDSTREAM)
		return 1;
	return f->connection == CONNECTION_ESTABLISHED &&
	       (v->direction != flow_initiator(f) || v->sequence != f->sequence);
}

static int may_be_watched(const struct flow *f)
{
	return f->protocol == IPPROTO_TCP && flow_timeout(f) == TIMEOUT_TCP_ESTABLISHED;
}

/* A packet that shows something new. */
static void update_flow(
	struct tracker *t, uint32_t index, const struct packet *p, const struct decoded *v)
{
	struct flow *f = &t->table.flow[index], before = *f;
	int direction_was_known = direction_is_known(f);

	if (f->basis > BASIS_HANDSHAKE) {
		if (v->history_bits & HISTORY_BIT(SYN))
			correct(t, f, v->direction, BASIS_HANDSHAKE);
		else if (v->history_bits & HISTORY_BIT(SYN_ACK))
			correct(t, f, 1u - v->direction, BASIS_HANDSHAKE);
	}
	if (v->history_bits & HISTORY_BIT(SYN) &&
		!(flow_history_bits(f, v->direction) & HISTORY_BIT(SYN)))
		record_syn(f, v);
	history_add(f, v);
	if (service_state_is_open(&f->service_state) || v->history_bits & HISTORY_BIT(DATA))
		inspect_packet(t, f, p, v, 0);
	recount(t, f, &before);
	update_connection(f);
	table_set_class(&t->table, index, eviction_class_of(f));
	if (may_be_watched(f) && mirror_begin_watch(t->mirror, index))
		f->seen[0] |= SEEN0_SKEWED;
	count_packet(t, f, p, v);
	if (!direction_was_known && direction_is_known(f))
		add_to_responder_cache(t, f);
	report(t, f);
}

/* More than one more packet of its flow: a letter that its side has not shown yet, a SYN that
 * carries data or that may begin another flow (DESIGN 4). A letter seen again is nothing new. */
static int is_news(
	const struct tracker *t, const struct flow *f, const struct decoded *v, uint64_t gap_ns)
{
	enum { SYN_WITH_DATA = HISTORY_BIT(SYN) | HISTORY_BIT(DATA) };

	return v->history_bits & ~flow_history_bits(f, v->direction) ||
	       (v->history_bits & SYN_WITH_DATA) == SYN_WITH_DATA ||
	       (v->history_bits & HISTORY_BIT(SYN) && gap_ns >= t->bound_ns[1][flow_timeout(f)]);
}

void tracker_packet(struct tracker *t, const struct packet *p, const struct decoded *v,
	const union flow_key *k, uint32_t guess)
{
	uint32_t index;
	struct flow *f;
	uint64_t gap;

	t->now_ns = p->now_ns;
	index = table_find(&t->table, k, v->hash, guess);
	if (index == FLOW_NONE) {
		open_flow(t, p, v, k);
		return;
	}
	f = &t->table.flow[index];
	if (is_outdated(t, f) && !rejudge(t, index)) {
		open_flow_after(t, index, END_RELOADED, p, v, k);
		return;
	}
	gap = p->now_ns - f->last_ns;
	if (gap > t->limit_ns[flow_timeout(f)]) {
		open_flow_after(t, index, reason_of(f, END_IDLE), p, v, k);
	} else if (!is_news(t, f, v, gap)) {
		count_packet(t, f, p, v);
	} else if (starts_anew(t, f, v, gap)) {
		open_flow_after(t, index, reason_of(f, END_REPLACED), p, v, k);
	} else {
		update_flow(t, index, p, v);
	}
}

/* --- another policy ------------------------------------------------------------------- */

/* What a MAC address attributed stands in the key by its number: see mark_of(). */
static uint16_t marked_number(const struct tracker *t, uint64_t mark)
{
	uint16_t old = (uint16_t)(mark - 1);

	return policy_change_number(&t->policy_change, old) == old ? old : APPLIANCE_NONE;
}

static uint16_t appliance_now(const struct tracker *t, const struct flow *f, unsigned end)
{
	struct address a;
	uint64_t mark;

	memcpy(&mark, &f->address[end], sizeof(mark));
	if (flow_version(f) == 4 && mark)
		return marked_number(t, mark);
	address_put(&a, f, end);
	return inventory_lookup(t->policy->inventory, &a, flow_version(f));
}

/* The sender of the first packet, as a place in the key. */
static unsigned first_sender(const struct flow *f)
{
	return f->history_length > 0 ? f->history >> 3 & 1 : flow_initiator(f);
}

/* A guess by the policy is made anew with the policy. */
static void orient_again(struct tracker *t, struct flow *f)
{
	struct orientation o;

	if (f->basis != BASIS_POLICY && f->basis != BASIS_PORT)
		return;
	if (!protocol_has_ports(f->protocol))
		return;
	o = orient_by_policy(t, f, first_sender(f));
	set_initiator_of(f, o.initiator, o.basis);
}

/* Judges a flow of the old policy by the new one: 1; or 0 if no appliance is at either end any
 * more, and the flow is as it was. */
static int rejudge(struct tracker *t, uint32_t index)
{
	struct flow *f = &t->table.flow[index], before = *f;
	uint16_t appliance[2] = {appliance_now(t, f, 0), appliance_now(t, f, 1)};

	if (appliance[0] == APPLIANCE_NONE && appliance[1] == APPLIANCE_NONE)
		return 0;
	memcpy(f->appliance, appliance, sizeof(appliance));
	orient_again(t, f);
	judge(t, f);
	if (flow_verdict(f) != flow_verdict(&before))
		f->reported = 0;
	recount(t, f, &before);
	table_set_class(&t->table, index, eviction_class_of(f));
	report(t, f);
	return 1;
}

void tracker_set_policy(struct tracker *t, const struct policy_change *s)
{
	t->policy_change = *s;
	t->policy = s->policy;
	t->warmup_ns = s->warmup_ns;
	tracker_init(t, &s->timeouts);
	t->rejudge_at = 0;
	t->rejudge_pending = 1;
}

/* Room for what one flow may leave: its end, and an alert before it. No more than half of the
 * outbox: so much finds a place with control for certain while it is not congested. */
static int has_room(const struct record_buffer *o)
{
	return !o->congested && o->count + 2 <= o->capacity / 2;
}

int tracker_rejudge(struct tracker *t, uint32_t flows)
{
	struct table *table = &t->table;

	for (; flows > 0 && t->rejudge_at < table->fresh && has_room(t->record_buffer); flows--) {
		uint32_t index = t->rejudge_at++;
		struct flow *f = &table->flow[index];
		__builtin_prefetch((const char *)(f + SWEEP_STEP) + CACHE_LINE);
		if (f->bucket == BUCKET_NONE || !is_outdated(t, f))
			continue;
		if (!rejudge(t, index))
			flow_end(t, index, END_RELOADED);
	}
	t->rejudge_pending = t->rejudge_at < table->fresh;
	return !t->rejudge_pending;
}

/* --- a survey -------------------------------------------------------------------------- */

void tracker_begin_dump(struct tracker *t)
{
	t->dump_at = 0;
}

int tracker_dump(struct tracker *t, uint32_t flows)
{
	struct table *table = &t->table;

	for (; flows > 0 && t->dump_at < table->fresh && has_room(t->record_buffer); flows--) {
		const struct flow *f = &table->flow[t->dump_at++];
		__builtin_prefetch((const char *)(f + SWEEP_STEP) + CACHE_LINE);
		if (f->bucket != BUCKET_NONE && !is_outdated(t, f))
			record_fill(t, f, RECORD_LIVE, reason_of(f, END_IDLE),
				record_buffer_next(t->record_buffer));
	}
	return t->dump_at >= table->fresh;
}

/* --- ends without a packet ----------------------------------------------------------- */

void tracker_sweep(struct tracker *t)
{
	struct table *table = &t->table;
	uint32_t step = table->active == table->capacity ? SWEEP_STEP_FULL : SWEEP_STEP;

	if (t->record_buffer->congested)
		return;
	if (table->sweep_at == 0) {
		if (t->now_ns < t->next_sweep_ns)
			return;
		t->next_sweep_ns = t->now_ns + SWEEP_PERIOD_NS;
	}
	for (; step > 0 && table->sweep_at < table->fresh; step--, table->sweep_at++) {
		struct flow *f = &table->flow[table->sweep_at];
		__builtin_prefetch(f + SWEEP_STEP);
		if (is_idle(t, f, t->now_ns))
			flow_end(t, table->sweep_at, reason_of(f, END_IDLE));
		else if (t->reports_wait && f->bucket != BUCKET_NONE && !is_outdated(t, f))
			report(t, f);
	}
	if (table->sweep_at >= table->fresh) {
		table->sweep_at = 0;
		t->reports_wait -= t->reports_wait > 0;
	}
}

int tracker_finish(struct tracker *t, uint64_t now_ns)
{
	struct table *table = &t->table;

	for (uint32_t step = FINISH_STEP; step > 0 && table->fresh > 0; step--) {
		struct flow *f = &table->flow[--table->fresh];
		enum end otherwise = is_idle(t, f, now_ns) ? END_IDLE : END_END_OF_CAPTURE;
		if (f->bucket != BUCKET_NONE)
			flow_end(t, table->fresh, reason_of(f, otherwise));
	}
	return table->fresh > 0;
}
