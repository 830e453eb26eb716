#include "core/flow/opening.h"

#include <netinet/in.h>
#include <string.h>

#include "core/big_endian.h"
#include "core/decode/segment_checksum.h"
#include "core/flow/report.h"

/* A watch ends with the opening, which has a few dozen packets: what has so many is something else,
 * or is never answered. */
#define PACKETS_MAX 256u

/* A segment of which this many copies came, each a retransmission timeout after the last one (RFC
 * 6298 2.4: rarely under 200 ms, and no mirror's second copy comes so late), does not come through.
 */
#define STUCK_REPEATS 3u
#define REPEAT_NS 100000000ull

/* Every link carries what is smaller (RFC 791 3.2: 576 bytes). */
#define LARGE_BYTES 512u

#define PIECES_MAX ((TLS_CERTIFICATE_BYTES + CERTIFICATE_PIECE_BYTES - 1) / CERTIFICATE_PIECE_BYTES)

struct segment_view {
	const uint8_t *bytes;
	uint32_t sequence, acknowledgment;
	uint32_t length, captured; /* of the payload */
	uint8_t has_acknowledgment;
};

static uint32_t number_of(const struct tracker *t, const struct flow *f)
{
	return (uint32_t)(f - t->table.flow);
}

/* The circle of sequence numbers: whether `a` lies behind `b`. */
static int is_behind(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

/* --- senders on the link ------------------------------------------------------------------ */

static struct opening_note *note_of(const struct tracker *t, const struct flow *f)
{
	return &t->openings.note[number_of(t, f) % OPENING_NOTES];
}

static int is_note_of(const struct opening_note *n, const struct tracker *t, const struct flow *f)
{
	return n->flow == number_of(t, f) && n->first_ns == f->first_ns;
}

static void note_mac(const struct tracker *t, const struct flow *f, const struct decoded *v)
{
	struct opening_note *n = note_of(t, f);
	unsigned d = v->direction;

	if (!v->mac)
		return;
	if (!is_note_of(n, t, f))
		*n = (struct opening_note){.flow = number_of(t, f), .first_ns = f->first_ns};
	if (n->known >> d & 1)
		return;
	n->known |= (uint8_t)(1u << d);
	memcpy(n->mac[d], v->mac, sizeof(n->mac[d]));
}

/* --- certificates ------------------------------------------------------------------------ */

static void give_room(struct opening_table *ot, struct opening_side *s)
{
	if (s->room != OPENING_NOWHERE)
		opening_room_give(ot, s->room);
	s->room = OPENING_NOWHERE;
}

/* What came is in doubt: nothing of it counts, and nothing more is read. */
static void spoil(struct opening_table *ot, struct opening_side *s)
{
	give_room(ot, s);
	s->walk.stage = TLS_WALK_OVER;
	s->walk.alert = TLS_ALERT_NONE;
	s->is_spoilt = 1;
}

static int has_certificate(const struct opening_side *s)
{
	return s->walk.certificate == TLS_CERTIFICATE_WHOLE ||
	       s->walk.certificate == TLS_CERTIFICATE_EMPTY ||
	       s->walk.certificate == TLS_CERTIFICATE_LONG;
}

/* Of the certificate the other side has all, and has said so. */
static int is_received(const struct opening_side *s)
{
	uint32_t end = s->walk.certificate == TLS_CERTIFICATE_WHOLE
			       ? s->begin + s->walk.leaf_at + s->walk.leaf_bytes
			       : s->next;

	return !is_behind(end, s->acked);
}

static void append(struct opening_table *ot, uint16_t room)
{
	ot->room[room].next = OPENING_NOWHERE;
	if (ot->told == OPENING_NOWHERE)
		ot->told = room;
	else
		ot->room[ot->told_last].next = room;
	ot->told_last = room;
}

static void hand_over(
	struct tracker *t, const struct flow *f, struct opening_side *s, unsigned direction)
{
	struct record *r;

	if (s->is_told || s->is_spoilt || s->room == OPENING_NOWHERE || !has_certificate(s) ||
		!is_received(s))
		return;
	r = &t->openings.room[s->room].record;
	report_fill(t, f, RECORD_CERTIFICATE, END_IDLE, r);
	r->piece = (struct certificate_piece){
		.size = s->walk.certificate == TLS_CERTIFICATE_WHOLE ? s->walk.leaf_bytes : 0,
		.end = direction != flow_initiator(f),
		.is_none = s->walk.certificate == TLS_CERTIFICATE_EMPTY,
	};
	append(&t->openings, s->room);
	s->room = OPENING_NOWHERE;
	s->is_told = 1;
}

static void tell_pieces(struct tracker *t, const struct opening_room *room)
{
	uint32_t size = room->record.piece.size, at = 0;

	do {
		uint32_t left = size - at;
		struct record *r = report_next(t->record_buffer);
		*r = room->record;
		r->piece.offset = (uint16_t)at;
		r->piece.length =
			(uint8_t)(left < CERTIFICATE_PIECE_BYTES ? left : CERTIFICATE_PIECE_BYTES);
		memcpy(r->piece.byte, room->byte + at, r->piece.length);
		at += r->piece.length;
	} while (at < size);
}

int opening_tell(struct tracker *t)
{
	struct opening_table *ot = &t->openings;
	const struct record_buffer *o = t->record_buffer;

	while (ot->told != OPENING_NOWHERE && !o->congested &&
		o->count + PIECES_MAX <= o->capacity / 2) {
		uint16_t room = ot->told;
		tell_pieces(t, &ot->room[room]);
		ot->told = ot->room[room].next;
		opening_room_give(ot, room);
	}
	return ot->told != OPENING_NOWHERE;
}

/* --- what is said ------------------------------------------------------------------------- */

/* The same bytes again, but others. */
static int contradicts(
	const struct opening_table *ot, const struct opening_side *s, const struct segment_view *g)
{
	const uint8_t *leaf;
	uint32_t at;

	if (s->room == OPENING_NOWHERE)
		return 0;
	leaf = ot->room[s->room].byte;
	for (uint32_t i = 0; i < g->captured; i++) {
		at = g->sequence + i - s->begin - s->walk.leaf_at;
		if (at < s->walk.leaf_bytes && leaf[at] != g->bytes[i])
			return 1;
	}
	return 0;
}

static void walk_on(struct tracker *t, struct opening_side *s, const uint8_t *bytes, uint32_t count)
{
	struct opening_table *ot = &t->openings;
	unsigned before = s->walk.certificate;

	if (before == TLS_CERTIFICATE_NONE)
		s->room = opening_room_take(ot);
	tls_walk_feed(
		&s->walk, bytes, count, s->room == OPENING_NOWHERE ? NULL : ot->room[s->room].byte);
	s->next += count;
	if (s->walk.certificate == TLS_CERTIFICATE_NO_ROOM && before != TLS_CERTIFICATE_NO_ROOM)
		t->counters->certificates_exhausted++;
	if (!has_certificate(s) && s->walk.certificate != TLS_CERTIFICATE_READING)
		give_room(ot, s);
}

/* Bytes in order only; what the other side has and was never seen is a gap, behind which nothing is
 * known. */
static void read_segment(struct tracker *t, struct opening_side *s, const struct segment_view *g)
{
	uint32_t again;

	if (is_behind(g->sequence, s->next)) {
		if (s->walk.stage == TLS_WALK_CLEAR && is_behind(s->acked, s->next))
			spoil(&t->openings, s);
		return;
	}
	if (contradicts(&t->openings, s, g)) {
		spoil(&t->openings, s);
		return;
	}
	again = s->next - g->sequence;
	if (s->walk.stage == TLS_WALK_CLEAR && again < g->captured)
		walk_on(t, s, g->bytes + again, g->captured - again);
}

/* --- what does not come through ------------------------------------------------------------ */

static int has_large(const struct opening_side *s)
{
	return s->largest >= LARGE_BYTES && is_behind(s->large_end, s->acked);
}

static void note_size(struct opening_side *s, const struct segment_view *g, uint64_t now_ns)
{
	if (has_large(s) && g->sequence == s->again && g->length >= LARGE_BYTES) {
		if (now_ns >= s->again_ns + REPEAT_NS) {
			s->again_ns = now_ns;
			s->repeats = (uint8_t)(s->repeats + (s->repeats < UINT8_MAX));
		}
		return;
	}
	if (has_large(s) || g->length <= s->largest)
		return;
	s->largest = g->length;
	s->large_end = g->sequence + g->length;
	s->again = g->sequence;
	s->again_ns = now_ns;
	s->repeats = s->heard = 0;
}

static int is_stuck(const struct opening_side *s)
{
	return has_large(s) && s->repeats >= STUCK_REPEATS && s->heard;
}

static void note_acknowledgment(struct opening_side *s, const struct segment_view *g)
{
	if (!g->has_acknowledgment)
		return;
	if (is_behind(g->acknowledgment, s->acked))
		s->acked = g->acknowledgment;
	s->heard |= has_large(s) != 0;
}

/* --- a packet ----------------------------------------------------------------------------- */

/* 0: not at hand, or no segment of the stream. */
static int view_segment(const struct decoded *v, struct segment_view *g)
{
	enum { HEADER = 20, OFFSET = 12, FLAGS = 13, SYN = 2, RST = 4, ACK = 16 };
	const uint8_t *h = v->transport;
	uint32_t header;

	if (v->fragment != FRAGMENT_NONE || v->transport_captured < HEADER ||
		h[FLAGS] & (SYN | RST))
		return 0;
	header = (h[OFFSET] >> 4) * 4u;
	if (header < HEADER || header > v->transport_bytes)
		return 0;
	*g = (struct segment_view){
		.bytes = v->payload,
		.sequence = be32(h + 4),
		.acknowledgment = be32(h + 8),
		.length = v->transport_bytes - header,
		.captured = v->payload_captured,
		.has_acknowledgment = (h[FLAGS] & ACK) != 0,
	};
	if (g->captured > g->length)
		g->captured = g->length;
	return 1;
}

/* 0: the segment never came to its receiver. What was read before the sender's first right checksum
 * may have been bait. */
static int is_sound(
	struct tracker *t, const struct flow *f, struct opening_side *s, const struct decoded *v)
{
	unsigned knows_good = table_evidence(&t->table, f)->sums_good >> v->direction & 1;

	switch (checksum_of(v)) {
	case CHECKSUM_GOOD:
		if (s->has_bad_sums && !s->has_good_sums)
			spoil(&t->openings, s);
		s->has_good_sums = 1;
		return 1;
	case CHECKSUM_BAD:
		s->has_bad_sums = 1;
		return !knows_good && !s->has_good_sums;
	default:
		return 1;
	}
}

static void see_segment(struct tracker *t, const struct flow *f, struct channel_opening *o,
	const struct packet *p, const struct decoded *v)
{
	struct opening_side *s = &o->side[v->direction], *other = &o->side[1 - v->direction];
	int is_clear = s->walk.stage == TLS_WALK_CLEAR;
	struct segment_view g;

	if (!view_segment(v, &g) || !is_sound(t, f, s, v))
		return;
	note_acknowledgment(other, &g);
	if (g.length == 0)
		return;
	note_size(s, &g, p->time_ns);
	read_segment(t, s, &g);
	if (is_clear)
		s->end = g.sequence + g.length;
}

/* --- the watch ----------------------------------------------------------------------------- */

static struct channel_opening *find(const struct tracker *t, const struct flow *f)
{
	return t->openings.used ? opening_find(&t->openings, number_of(t, f)) : NULL;
}

/* Both halves of the handshake, and no data yet, in whichever order they came. */
static int begins(const struct flow *f, const struct evidence *e)
{
	return e->known[0] & KNOWN_HANDSHAKE && e->known[1] & KNOWN_HANDSHAKE &&
	       !((f->shown[0] | f->shown[1]) & (HISTORY_BIT(DATA) | HISTORY_BIT(RST))) &&
	       f->appliance[0] != APPLIANCE_NONE && f->appliance[1] != APPLIANCE_NONE;
}

static struct channel_opening *begin(struct tracker *t, const struct flow *f)
{
	const struct evidence *e = table_evidence(&t->table, f);
	struct channel_opening *o;

	if (!begins(f, e))
		return NULL;
	o = opening_add(&t->openings, number_of(t, f));
	if (!o) {
		t->counters->openings_exhausted++;
		table_evidence(&t->table, f)->is_watched = 0;
		return NULL;
	}
	for (unsigned d = 0; d < 2; d++) {
		struct opening_side *s = &o->side[d];
		tls_walk_init(&s->walk);
		s->begin = s->next = s->end = s->acked = e->first[d];
		s->room = OPENING_NOWHERE;
	}
	return o;
}

static int is_over(const struct channel_opening *o)
{
	for (unsigned d = 0; d < 2; d++) {
		const struct opening_side *s = &o->side[d];
		if (s->walk.stage == TLS_WALK_CLEAR || is_behind(s->end, s->acked) ||
			s->walk.alert != TLS_ALERT_NONE)
			return 0;
	}
	return 1;
}

static void end_watch(struct opening_table *ot, struct channel_opening *o)
{
	give_room(ot, &o->side[0]);
	give_room(ot, &o->side[1]);
	opening_remove(ot, o);
}

/* What sends the other side's packets to the slow path: data, and acknowledgments of what waits for
 * one. */
static unsigned wanted_of(const struct opening_side *s)
{
	if (is_behind(s->end, s->acked) || has_large(s))
		return HISTORY_BIT(ACK) | HISTORY_BIT(DATA);
	return HISTORY_BIT(DATA);
}

void opening_resume(struct tracker *t, struct flow *f)
{
	const struct channel_opening *o = find(t, f);

	for (unsigned d = 0; o && d < 2; d++)
		f->seen[d] |= o->settled[d];
}

void opening_see(struct tracker *t, struct flow *f, const struct packet *p, const struct decoded *v)
{
	struct channel_opening *o;

	note_mac(t, f, v);
	o = find(t, f);
	if (!o)
		o = begin(t, f);
	if (!o)
		return;
	see_segment(t, f, o, p, v);
	for (unsigned d = 0; d < 2; d++)
		hand_over(t, f, &o->side[d], d);
	if (is_over(o) || ++o->packets == PACKETS_MAX) {
		end_watch(&t->openings, o);
		return;
	}
	for (unsigned d = 0; d < 2; d++) {
		unsigned wanted = wanted_of(&o->side[1 - d]);
		o->settled[d] = (uint8_t)(f->seen[d] & wanted);
		f->seen[d] &= (uint8_t)~wanted;
	}
}

void opening_release(struct tracker *t, struct flow *f)
{
	struct channel_opening *o = find(t, f);

	if (o)
		end_watch(&t->openings, o);
	table_evidence(&t->table, f)->is_watched = 0;
}

struct opening_report opening_report_of(const struct tracker *t, const struct flow *f)
{
	struct opening_report r = {.alert_from = 0};
	const struct channel_opening *o = find(t, f);
	const struct opening_note *n = note_of(t, f);
	unsigned from = flow_initiator(f);

	for (unsigned end = 0; end < 2; end++) {
		unsigned d = end ? 1 - from : from;
		if (o && o->side[d].walk.alert != TLS_ALERT_NONE && !r.alert_from) {
			r.alert = o->side[d].walk.alert;
			r.alert_from = (uint8_t)(1u << end);
		}
		if (o && is_stuck(&o->side[d]))
			r.stuck |= (uint8_t)(1u << end);
		if (!is_note_of(n, t, f) || !(n->known >> d & 1))
			continue;
		r.mac_known |= (uint8_t)(1u << end);
		memcpy(r.mac[end], n->mac[d], sizeof(r.mac[end]));
	}
	return r;
}
