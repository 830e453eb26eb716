#include "core/flow/sequence.h"

#include "core/big_endian.h"
#include "core/decode/segment_checksum.h"
#include "core/flow/connection.h"
#include "core/flow/flow_tuple.h"
#include "core/flow/listen.h"

/* The largest window there is with the usual scales, for what a segment may be ahead of what was
 * seen: 1 MiB. A number by chance fits once in four thousand times. */
#define WINDOW 0x100000u

/* Two SYNs within so long may be a simultaneous open (RFC 9293 section 3.5); an older one that
 * nobody answered has failed. */
#define SIMULTANEOUS_NS 1000000000ull

struct numbers {
	uint32_t first; /* of what follows the segment's SYN, or its own number */
	uint32_t acknowledgment;
	uint8_t has_acknowledgment;
	uint8_t side, other; /* of the key */
};

/* 0: the header is not at hand as far as its flags. */
static int read_numbers(const struct decoded *v, struct numbers *n)
{
	enum { FLAGS = 13, SYN = 2, ACK = 16 };
	const uint8_t *h = v->transport;

	if (v->fragment == FRAGMENT_LATER || v->transport_captured <= FLAGS)
		return 0;
	n->first = be32(h + 4) + (h[FLAGS] & SYN ? 1 : 0);
	n->acknowledgment = be32(h + 8);
	n->has_acknowledgment = (h[FLAGS] & ACK) != 0;
	n->side = v->direction;
	n->other = (uint8_t)(v->direction ^ 1u);
	return 1;
}

static int is_within(uint32_t number, uint32_t from, uint32_t count)
{
	return number - from <= count;
}

static int is_closed(const struct flow *f)
{
	return flow_timeout(f) == TIMEOUT_TCP_CLOSED;
}

/* --- pending -------------------------------------------------------------------------- */

static enum segment begin_pending(
	struct evidence *e, const struct numbers *n, const struct decoded *v, uint64_t now_ns)
{
	if (!e->pendings || e->pending != n->first || e->pending_direction != n->side)
		e->pendings = (uint8_t)(e->pendings + (e->pendings < UINT8_MAX));
	e->pending = n->first;
	e->pending_direction = n->side & 1u;
	e->pending_bytes = (uint16_t)(v->bytes < UINT16_MAX ? v->bytes : UINT16_MAX);
	e->pending_ns = now_ns;
	return SEGMENT_UNFIT;
}

/* Whether this acknowledges the SYN that is pending. Where several were, the answer says which one
 * came through: a crowd of others does not hide it. */
static int answers_pending(const struct evidence *e, const struct numbers *n)
{
	return e->pendings && e->pending_direction == n->other && n->has_acknowledgment &&
	       (n->acknowledgment == e->pending || e->pendings > 1);
}

void sequence_begin_before(struct evidence *e, const struct evidence *before)
{
	e->first[before->pending_direction] = before->pending;
	e->known[before->pending_direction] = KNOWN_SYN;
}

/* Whether this acknowledges the SYN of the other side; data that came with it may be part of it
 * (RFC 7413 section 3). */
static int answers_syn(const struct evidence *e, const struct numbers *n)
{
	unsigned known = e->known[n->other];
	uint32_t beyond = n->acknowledgment - e->first[n->other];

	return known & KNOWN_SYN && n->has_acknowledgment &&
	       beyond <= (known & KNOWN_SYN_DATA ? UINT16_MAX : 0u);
}

/* --- SYN ------------------------------------------------------------------------------ */

/* Whether the other side's answer, which came before it, acknowledges this SYN; data that came with
 * the SYN may be part of it. */
static int is_answered(const struct evidence *e, const struct numbers *n, const struct decoded *v)
{
	uint32_t data = v->history_bits & HISTORY_BIT(DATA) ? UINT16_MAX : 0;

	return e->known[n->side] & KNOWN_ANSWERED &&
	       is_within(e->answered[n->side], n->first, data);
}

static enum segment take_syn(struct evidence *e, const struct numbers *n, const struct decoded *v)
{
	if (is_answered(e, n, v))
		e->known[n->side] |= KNOWN_PROVEN;
	e->first[n->side] = n->first;
	e->known[n->side] |= KNOWN_SYN;
	return SEGMENT_BELONGS;
}

/* Only SYNs of the other side so far, which nobody has answered. */
static int is_unanswered(const struct flow *f, const struct evidence *e, unsigned side)
{
	return e->known[side] & KNOWN_SYN && !(e->known[side] & KNOWN_PROVEN) &&
	       !(f->shown[side] & ~(unsigned)HISTORY_BIT(SYN)) && !f->shown[1 - side];
}

/* Of who opens too the SYN comes before the SYN+ACK: the number of an answer again, as a SYN, is no
 * simultaneous open. */
static int is_own_answer(const struct evidence *e, const struct numbers *n)
{
	return e->known[n->side] & KNOWN_SYN_ACK && e->known[n->other] & KNOWN_SYN;
}

/* Nothing so far but answers of the other side, to a SYN that was not seen. */
static int is_only_answer(const struct flow *f, const struct evidence *e, unsigned side)
{
	const unsigned answer = HISTORY_BIT(SYN_ACK) | HISTORY_BIT(RST);

	return e->known[side] & KNOWN_SYN_ACK && !(e->known[side] & KNOWN_PROVEN) &&
	       !(f->shown[side] & ~answer) && !f->shown[1 - side];
}

static void note_data(struct evidence *e, const struct decoded *v)
{
	if (!(v->history_bits & HISTORY_BIT(DATA)))
		return;
	if (v->history_bits & HISTORY_BIT(SYN))
		e->known[v->direction] |= KNOWN_SYN_DATA;
	else
		e->known[v->direction] &= (uint8_t)~KNOWN_SYN_DATA;
}

static enum segment see_syn(const struct flow *f, struct evidence *e, const struct numbers *n,
	const struct decoded *v, uint64_t now_ns, uint64_t gap_ns)
{
	unsigned known = e->known[n->side];

	if (known & KNOWN_HANDSHAKE && e->first[n->side] == n->first)
		return is_own_answer(e, n) ? SEGMENT_UNFIT : take_syn(e, n, v);
	if (!f->shown[0] && !f->shown[1])
		return take_syn(e, n, v);
	if (!(known & KNOWN_HANDSHAKE)) {
		if (is_answered(e, n, v))
			return take_syn(e, n, v);
		if (is_only_answer(f, e, n->other)) /* this one it does not answer */
			return SEGMENT_BEGINS;
		if (is_unanswered(f, e, n->other))
			return gap_ns < SIMULTANEOUS_NS ? take_syn(e, n, v) : SEGMENT_BEGINS;
	}
	if (is_closed(f))
		return SEGMENT_BEGINS;
	return begin_pending(e, n, v, now_ns);
}

/* --- SYN+ACK --------------------------------------------------------------------------- */

static void take_syn_ack(struct evidence *e, const struct numbers *n)
{
	if (e->known[n->side] & KNOWN_SYN) /* both have opened: RFC 9293 section 3.5 */
		return;
	if (e->known[n->side] & KNOWN_SYN_ACK && e->known[n->side] & KNOWN_PROVEN)
		return;
	e->first[n->side] = n->first;
	e->known[n->side] |= KNOWN_SYN_ACK;
}

/* The pending SYN is this flow's own, delivered behind the data that followed it. */
static int is_pending_late(const struct evidence *e, const struct numbers *n)
{
	return e->pendings && e->pending_direction == n->other && n->acknowledgment == e->pending &&
	       e->known[n->other] & KNOWN_FIRST && e->first[n->other] == e->pending;
}

static void take_pending(struct flow *f, struct evidence *e, const struct numbers *n)
{
	const struct decoded syn = {.history_bits = HISTORY_BIT(SYN), .direction = n->other};

	e->pendings = 0;
	e->known[n->other] |= KNOWN_SYN;
	connection_add_history(f, &syn);
}

static enum segment see_syn_ack(struct flow *f, struct evidence *e, const struct numbers *n)
{
	unsigned known;

	if (is_pending_late(e, n))
		take_pending(f, e, n);
	known = e->known[n->other];
	if (answers_syn(e, n)) {
		e->known[n->other] |= KNOWN_PROVEN;
		take_syn_ack(e, n);
		return SEGMENT_BELONGS;
	}
	if (answers_pending(e, n)) {
		e->pending = n->acknowledgment;
		return SEGMENT_BEGINS_BEFORE;
	}
	if (!(known & KNOWN_SYN) && !f->shown[n->side]) {
		e->answered[n->other] = n->acknowledgment;
		e->known[n->other] |= KNOWN_ANSWERED;
		take_syn_ack(e, n);
		return SEGMENT_BELONGS;
	}
	if (e->known[n->side] & KNOWN_SYN_ACK && e->first[n->side] == n->first)
		return SEGMENT_BELONGS;
	if (!(known & (KNOWN_HANDSHAKE | KNOWN_ANSWERED)) && e->known[n->side] & KNOWN_FIRST &&
		e->first[n->side] == n->first) {
		/* Behind what followed it: its SYN may still come; alone it says nothing. */
		e->answered[n->other] = n->acknowledgment;
		e->known[n->other] |= KNOWN_ANSWERED;
		return SEGMENT_BELONGS;
	}
	return is_closed(f) ? SEGMENT_BEGINS : SEGMENT_UNFIT;
}

/* --- RST ------------------------------------------------------------------------------ */

/* RFC 9293 section 3.10.7.4: a reset counts if its number is in the window; how far that has come
 * is known to a few bytes, by what the side has sent. */
static int fits_window(const struct flow *f, const struct evidence *e, const struct numbers *n)
{
	uint64_t sent = flow_bytes(f, n->side) + 2 * (uint64_t)WINDOW;

	if (e->known[n->side] & (KNOWN_HANDSHAKE | KNOWN_FIRST))
		return sent >= UINT32_MAX ||
		       is_within(n->first, e->first[n->side] - WINDOW, (uint32_t)sent);
	if (e->known[n->side] & KNOWN_ANSWERED)
		return is_within(n->first, e->answered[n->side] - WINDOW, 2 * WINDOW);
	return 1;
}

static enum segment note_reset(struct evidence *e, const struct numbers *n, enum reset_state s)
{
	e->reset = n->first;
	e->reset_direction = n->side & 1u;
	e->reset_state = s & 3;
	return s == RESET_TAKEN ? SEGMENT_BELONGS : SEGMENT_UNFIT;
}

/* It never came to its receiver, from a host that computes its checksums itself. */
static int is_corrupt(const struct evidence *e, const struct decoded *v)
{
	return e->sums_good >> v->direction & 1 && checksum_of(v) == CHECKSUM_BAD;
}

static enum segment see_reset(
	const struct flow *f, struct evidence *e, const struct numbers *n, const struct decoded *v)
{
	unsigned known = e->known[n->other];

	if (is_corrupt(e, v))
		return note_reset(e, n, RESET_IGNORED);
	if (answers_syn(e, n)) {
		e->known[n->other] |= KNOWN_PROVEN;
		return note_reset(e, n, RESET_TAKEN);
	}
	if (answers_pending(e, n) && n->acknowledgment == e->pending)
		return SEGMENT_BEGINS_BEFORE;
	if (!f->shown[0] && !f->shown[1] && n->has_acknowledgment) {
		e->answered[n->other] = n->acknowledgment;
		e->known[n->other] |= KNOWN_ANSWERED;
		return note_reset(e, n, RESET_TAKEN);
	}
	/* An answer to a SYN has to acknowledge it (RFC 9293 section 3.10.7.3). */
	if (known & KNOWN_SYN && !(known & KNOWN_PROVEN) && !f->shown[n->side])
		return note_reset(e, n, RESET_IGNORED);
	return note_reset(e, n, fits_window(f, e, n) ? RESET_TAKEN : RESET_IGNORED);
}

/* --- everything else ------------------------------------------------------------------- */

/* What goes on after a reset, from the side that has sent it and beyond its number, or from
 * anybody where the reset did not fit. */
static void see_after_reset(
	struct flow *f, struct evidence *e, const struct numbers *n, const struct decoded *v)
{
	uint32_t end = n->first + (v->transport_bytes > 20 ? v->transport_bytes - 20 : 0);

	if (!(v->history_bits & HISTORY_BIT(DATA)))
		return;
	if (e->reset_state == RESET_TAKEN &&
		(n->side != e->reset_direction || !is_within(end, e->reset + 1, INT32_MAX)))
		return;
	if (e->reset_state == RESET_TAKEN)
		f->shown[e->reset_direction] &= (uint8_t)~HISTORY_BIT(RST);
	e->reset_state = RESET_NONE;
	f->evasions |= EVASION_BIT(RESET_IGNORED);
}

/* Data, acknowledgments, FIN: they prove the SYN whose numbers they go on from. */
static enum segment see_talk(
	struct flow *f, struct evidence *e, const struct numbers *n, const struct decoded *v)
{
	unsigned side = n->side, other = n->other;

	if (!(e->known[side] & (KNOWN_HANDSHAKE | KNOWN_FIRST))) {
		e->first[side] = n->first;
		e->known[side] |= KNOWN_FIRST;
	}
	if (n->has_acknowledgment && e->known[other] & KNOWN_HANDSHAKE &&
		is_within(n->acknowledgment, e->first[other], WINDOW))
		e->known[other] |= KNOWN_PROVEN;
	if (e->reset_state != RESET_NONE)
		see_after_reset(f, e, n, v);
	return SEGMENT_BELONGS;
}

static enum segment see_data(struct flow *f, struct evidence *e, const struct numbers *n,
	const struct decoded *v, uint64_t now_ns, uint64_t gap_ns)
{
	if (v->history_bits & HISTORY_BIT(SYN))
		return see_syn(f, e, n, v, now_ns, gap_ns);
	if (v->history_bits & HISTORY_BIT(SYN_ACK))
		return see_syn_ack(f, e, n);
	return see_talk(f, e, n, v);
}

enum segment sequence_see(struct tracker *t, struct flow *f, const struct decoded *v,
	uint64_t now_ns, uint64_t gap_ns)
{
	struct evidence *e = table_evidence(&t->table, f);
	enum segment segment;
	struct numbers n;

	if (!read_numbers(v, &n))
		return SEGMENT_BELONGS;
	if (v->history_bits & HISTORY_BIT(RST))
		return see_reset(f, e, &n, v);
	segment = see_data(f, e, &n, v, now_ns, gap_ns);
	if (segment == SEGMENT_BELONGS) /* what does not fit proves nothing by its data */
		note_data(e, v);
	return segment;
}

int sequence_is_copy(const struct tracker *t, const struct flow *f, const struct packet *p,
	const struct fast_packet *g)
{
	enum { ETHERNET = 14, IPV4 = 20, IPV6 = 40, SEQUENCE = 4, ACKNOWLEDGMENT = 8 };
	const struct evidence *e = table_evidence(&t->table, f);
	const uint8_t *tcp = p->data + ETHERNET + (g->kind == FAST_IPV4 ? IPV4 : IPV6);
	unsigned side = g->direction, bits = g->history_bits & HISTORY_BITS;

	/* A copy may have the first right checksum. */
	if (p->time_ns != p->now_ns || bits & ~(unsigned)f->seen[side] ||
		(!(e->sums_good >> side & 1) && listen_cares_for_sums(f)) ||
		be32(tcp + SEQUENCE) + 1 != e->first[side])
		return 0;
	if (bits == HISTORY_BIT(SYN))
		return (e->known[side] & KNOWN_SYN) != 0;
	return bits == HISTORY_BIT(SYN_ACK) && e->known[side] & KNOWN_SYN_ACK &&
	       e->known[1 - side] & KNOWN_SYN && be32(tcp + ACKNOWLEDGMENT) == e->first[1 - side];
}

/* --- who began it ---------------------------------------------------------------------- */

/* A simultaneous open is judged both ways, and the graver counts. */
static unsigned graver_orientation(const struct tracker *t, const struct flow *f)
{
	struct flow_tuple c[2];

	flow_tuple_of(f, 0, &c[0]);
	flow_tuple_of(f, 1, &c[1]);
	return policy_judge(t->policy, &c[1]).verdict > policy_judge(t->policy, &c[0]).verdict;
}

int sequence_initiator(const struct tracker *t, const struct flow *f, enum basis *basis)
{
	const struct evidence *e = table_evidence(&t->table, f);
	unsigned syn[2] = {e->known[0] & KNOWN_SYN, e->known[1] & KNOWN_SYN};
	unsigned proven[2] = {e->known[0] & KNOWN_PROVEN, e->known[1] & KNOWN_PROVEN};

	*basis = BASIS_SYN_ACK;
	if (!syn[0] && !syn[1]) {
		for (unsigned side = 0; side < 2; side++)
			if (e->known[side] & KNOWN_SYN_ACK && proven[side])
				return 1 - (int)side;
		return -1;
	}
	if (syn[0] && syn[1] && !proven[0] == !proven[1]) {
		*basis = proven[0] ? BASIS_HANDSHAKE : BASIS_SYN;
		return (int)graver_orientation(t, f);
	}
	for (unsigned side = 0; side < 2; side++) {
		if (syn[side] && proven[side]) {
			*basis = BASIS_HANDSHAKE;
			return (int)side;
		}
	}
	*basis = BASIS_SYN;
	return syn[0] ? 0 : 1;
}
