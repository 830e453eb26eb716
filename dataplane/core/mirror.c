#include "core/mirror.h"

#include <assert.h>
#include <netinet/in.h>
#include <string.h>

#include "core/big_endian.h"
#include "core/hash.h"

void mirror_init(struct mirror *m, struct mirror_host *host, size_t hosts)
{
	m->figures.host = host;
	m->figures.hosts = hosts;
	m->figures.lanes = 1;
}

/* --- lanes ----------------------------------------------------------------------------- */

static int is_lane(const struct mirror_lane *l, unsigned interface, unsigned vlan)
{
	return l->interface == interface && l->vlan == vlan;
}

static uint16_t lane_add(struct mirror_counters *f, uint16_t interface, uint16_t vlan)
{
	if (f->lanes == MIRROR_LANES)
		return 0;
	f->lane[f->lanes].interface = interface;
	f->lane[f->lanes].vlan = vlan;
	return (uint16_t)f->lanes++;
}

static struct mirror_lane *lane_of(struct mirror *m, uint16_t interface, uint16_t vlan)
{
	struct mirror_counters *f = &m->figures;
	uint32_t at = (uint32_t)hash_mix(interface, vlan) & (MIRROR_SLOTS - 1);

	if (m->last && is_lane(&f->lane[m->last], interface, vlan))
		return &f->lane[m->last];
	while (m->slot[at] != 0 && !is_lane(&f->lane[m->slot[at]], interface, vlan))
		at = (at + 1) & (MIRROR_SLOTS - 1);
	if (m->slot[at] == 0)
		m->slot[at] = lane_add(f, interface, vlan);
	m->last = m->slot[at];
	return &f->lane[m->last];
}

static int is_cut(const struct packet *p)
{
	return p->caplen < p->wirelen;
}

/* Frames of several interfaces, one by one. */
static void count_each(struct mirror *m, const struct burst *b)
{
	for (uint32_t i = 0; i < b->count; i++) {
		struct mirror_lane *l = lane_of(m, b->packet[i].interface, 0);
		l->frames++;
		l->truncated += is_cut(&b->packet[i]);
	}
}

void mirror_burst(struct mirror *m, const struct burst *b, uint64_t truncated)
{
	struct mirror_lane *l;

	if (b->count == 0)
		return;
	m->frames += b->count;
	/* Until a second interface shows at an end of a burst, all of it is from one. */
	m->has_interfaces |= (b->packet[0].interface | b->packet[b->count - 1].interface) != 0;
	if (m->has_interfaces) {
		count_each(m, b);
		return;
	}
	l = lane_of(m, 0, 0);
	l->frames += b->count;
	l->truncated += truncated;
}

/* From the untagged lane, where its burst has counted it, to its own. */
static void move(struct mirror *m, const struct packet *p, uint16_t vlan)
{
	struct mirror_lane *from = lane_of(m, p->interface, 0), *to;

	from->frames--;
	from->truncated -= is_cut(p);
	to = lane_of(m, p->interface, vlan);
	to->frames++;
	to->truncated += is_cut(p);
}

/* --- sessions -------------------------------------------------------------------------- */

/* So far back is no reordering: the switch has started over. */
#define RESTART 65536

static int is_session(const struct mirror_session *s, const struct mirrored *n)
{
	return s->session == n->session && s->version == n->version &&
	       address_equal(&s->source, &n->source);
}

static struct mirror_session *session_add(
	struct mirror_counters *f, const struct mirrored *n, uint64_t leg)
{
	struct mirror_session *s;

	if (f->sessions == MIRROR_SESSIONS)
		return NULL;
	s = &f->session[f->sessions++];
	*s = (struct mirror_session){
		.source = n->source,
		.session = n->session,
		.version = n->version,
		.leg = leg,
		.first = n->sequence,
		.last = n->sequence,
	};
	return s;
}

/* The newest leg of the session. */
static struct mirror_session *session_of(struct mirror *m, const struct mirrored *n)
{
	struct mirror_counters *f = &m->figures;

	if (m->last_session < f->sessions && is_session(&f->session[m->last_session], n))
		return &f->session[m->last_session];
	for (uint32_t i = f->sessions; i-- > 0;)
		if (is_session(&f->session[i], n)) {
			m->last_session = (uint16_t)i;
			return &f->session[i];
		}
	return session_add(f, n, 0);
}

static void count_number(struct mirror *m, const struct mirrored *n)
{
	struct mirror_session *s = session_of(m, n);
	int64_t step = s ? (int32_t)(n->sequence - (uint32_t)s->last) : 0;

	if (step < -RESTART) {
		s = session_add(&m->figures, n, s->leg + 1);
		m->last_session = (uint16_t)(m->figures.sessions - 1);
		step = 0;
	}
	if (!s) {
		m->figures.unnumbered++;
		return;
	}
	s->packets++;
	if (step > 0)
		s->last += (uint64_t)step;
	else if (s->last + (uint64_t)step < s->first)
		s->first = s->last + (uint64_t)step;
}

/* --- packets --------------------------------------------------------------------------- */

void mirror_layered(struct mirror *m, const struct packet *p, const struct decoded *v)
{
	m->has_interfaces |= p->interface != 0;
	if (v->encap.vlan[0])
		move(m, p, v->encap.vlan[0]);
	if (v->is_numbered)
		count_number(m, &v->mirrored);
}

void mirror_copy(struct mirror *m, const struct packet *p, const struct decoded *v)
{
	struct mirror_lane *l = lane_of(m, p->interface, v->encap.vlan[0]);

	l->frames++;
	l->duplicates++;
	l->truncated += is_cut(p);
	if (v->is_numbered)
		count_number(m, &v->mirrored);
}

/* --- flows ----------------------------------------------------------------------------- */

static void count_host(struct mirror *m, const struct record *r, unsigned end, int has_data)
{
	uint64_t from = r->packets[end], to = r->packets[1 - end];
	struct mirror_host *h;

	if (r->appliance[end] >= m->figures.hosts)
		return;
	h = &m->figures.host[r->appliance[end]];
	h->packets += from + to;
	if (r->end_ns > h->last_ns)
		h->last_ns = r->end_ns;
	if (!has_data)
		return;
	h->both += from > 0 && to > 0;
	h->from_only += to == 0;
	h->to_only += from == 0;
}

void mirror_end(struct mirror *m, uint32_t flow, unsigned history_bits, const struct record *r)
{
	int has_data = r->protocol == IPPROTO_TCP && (history_bits & HISTORY_BIT(DATA));
	struct mirror_lane *l;

	if (mirror_watches(m, flow))
		m->watch[flow % WATCHES].left = 0;
	count_host(m, r, 0, has_data);
	count_host(m, r, 1, has_data);
	if (r->protocol != IPPROTO_TCP)
		return;
	l = r->encap.is_known ? lane_of(m, r->encap.interface, r->encap.vlan[0])
			      : &m->figures.lane[0];
	l->syn += (history_bits & HISTORY_BIT(SYN)) != 0;
	l->syn_ack += (history_bits & HISTORY_BIT(SYN_ACK)) != 0;
	if (has_data && r->packets[0] > 0 && r->packets[1] > 0)
		l->flows.both++;
	else if (has_data)
		l->flows.one++;
}

/* --- the sample ------------------------------------------------------------------------ */

/* The first ones are free, so that a small capture is watched whole; then traffic pays. */
static int may_begin(struct mirror *m)
{
	if (m->begun < WATCHES) {
		m->begun++;
		return 1;
	}
	if (m->frames - m->paid_frames < WATCH_COST)
		return 0;
	m->paid_frames = m->frames;
	return 1;
}

int mirror_begin_watch(struct mirror *m, uint32_t flow)
{
	struct watch *w = &m->watch[flow % WATCHES];

	if (w->left > 0 || !may_begin(m))
		return 0;
	*w = (struct watch){.flow = flow, .left = WATCH_PACKETS};
	m->figures.watched++;
	return 1;
}

/* A jump further than this is no loss but a lie. */
#define UNSEEN_MAX (64u << 20)

struct segment {
	uint32_t sequence, acknowledgment, length;
	int has_acknowledgment;
};

/* TCP behind an IP header without extension headers, as far as it was captured. */
static int read_segment(const struct packet *p, const struct decoded *v, struct segment *s)
{
	enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };
	size_t ip = v->version == 4 ? (size_t)(v->ip[0] & 15) * 4 : 40, header;
	size_t captured = (size_t)(p->data + p->caplen - v->ip);
	const uint8_t *h = v->ip + ip;

	if (captured < ip + 20 || (v->version == 6 && v->ip[6] != IPPROTO_TCP) ||
		v->fragment != FRAGMENT_NONE)
		return 0;
	header = (size_t)(h[12] >> 4) * 4;
	if (header < 20 || v->bytes < ip + header || h[13] & RST)
		return 0;
	*s = (struct segment){
		.sequence = be32(h + 4),
		.acknowledgment = be32(h + 8),
		.length = (uint32_t)(v->bytes - ip - header) + !!(h[13] & SYN) + !!(h[13] & FIN),
		.has_acknowledgment = (h[13] & ACK) != 0,
	};
	return 1;
}

static int is_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

/* What fills the gap from one of its ends makes it smaller; one hole in its middle stays. */
static void fill(struct watched_side *s, uint32_t begin, uint32_t end)
{
	uint32_t hole_end = s->hole + s->hole_length;

	if (s->hole_length == 0 || !is_before(begin, hole_end) || !is_before(s->hole, end))
		return;
	if (!is_before(s->hole, begin)) {
		s->hole_length = is_before(end, hole_end) ? hole_end - end : 0;
		s->hole = end;
	} else if (!is_before(end, hole_end)) {
		s->hole_length = begin - s->hole;
	}
}

/* What comes after its acknowledgment, since a mirror's two directions are not in step, was not
 * lost after all. */
static void forgive(struct mirror_counters *f, struct watched_side *s, uint32_t begin, uint32_t end)
{
	uint32_t late_end = s->late + s->late_length;
	uint32_t from = is_before(begin, s->late) ? s->late : begin;
	uint32_t to = is_before(late_end, end) ? late_end : end;

	if (s->late_length == 0 || !is_before(from, to))
		return;
	f->unseen_bytes -= to - from;
	s->late = to;
	s->late_length = late_end - to;
}

static void see_bytes(struct mirror_counters *f, struct watched_side *s, const struct segment *g)
{
	uint32_t end = g->sequence + g->length;

	if (!s->has_high) {
		s->has_high = 1;
		s->high = end;
		return;
	}
	forgive(f, s, g->sequence, end);
	fill(s, g->sequence, end);
	if (is_before(s->high, g->sequence) && s->hole_length == 0) {
		s->hole = s->high;
		s->hole_length = g->sequence - s->high;
	}
	if (is_before(s->high, end))
		s->high = end;
}

/* The receiver has these bytes; have we? */
static void see_acknowledgment(struct mirror_counters *f, struct watched_side *s, uint32_t number)
{
	uint32_t hole_end = s->hole + s->hole_length;

	if (!s->has_high)
		return;
	if (s->has_acknowledged && number - s->acknowledged <= UNSEEN_MAX)
		f->acknowledged_bytes += number - s->acknowledged;
	if (!s->has_acknowledged || is_before(s->acknowledged, number))
		s->acknowledged = number;
	s->has_acknowledged = 1;
	if (s->hole_length > 0 && is_before(s->hole, number)) {
		uint32_t to = is_before(number, hole_end) ? number : hole_end;
		f->unseen_bytes += to - s->hole;
		s->hole_length = hole_end - to;
		s->hole = to;
	}
	if (is_before(s->high, number)) {
		if (number - s->high <= UNSEEN_MAX) {
			f->unseen_bytes += number - s->high;
			s->late = s->high;
			s->late_length = number - s->high;
		}
		s->high = number;
	}
}

/* Identification, sequence and length of one packet are those of the one before it: a copy. */
static void see_copy(struct mirror_counters *f, struct watched_side *s, const struct segment *g,
	const struct decoded *v)
{
	uint64_t packet;

	if (v->version != 4)
		return;
	packet = hash_mix((uint64_t)v->ip[4] << 40 | (uint64_t)v->ip[5] << 32 | g->sequence,
		(uint64_t)g->acknowledgment << 32 | g->length);
	f->watched_packets++;
	f->watched_copies += packet == s->packet;
	s->packet = packet;
}

int mirror_watch(struct mirror *m, uint32_t flow, const struct packet *p, const struct decoded *v)
{
	struct watch *w = &m->watch[flow % WATCHES];
	struct segment s;

	if (read_segment(p, v, &s)) {
		see_copy(&m->figures, &w->side[v->direction], &s, v);
		see_bytes(&m->figures, &w->side[v->direction], &s);
		if (s.has_acknowledgment)
			see_acknowledgment(
				&m->figures, &w->side[1 - v->direction], s.acknowledgment);
	}
	return --w->left > 0;
}
