#include "core/service/inspection.h"

#include <assert.h>
#include <string.h>

/* service_state.datagrams of a closed one: nothing more is heard of either. */
#define BOTH_SIDES 3u

/* --- pools --------------------------------------------------------------------------- */

static size_t rounded(size_t bytes)
{
	return (bytes + 63) & ~(size_t)63;
}

static size_t openings(uint32_t slots)
{
	return slots / OPENING_SHARE + 1;
}

size_t inspection_size(uint32_t slots, uint32_t facts)
{
	return rounded(slots * sizeof(struct reassembly_slot)) +
	       rounded(openings(slots) * sizeof(struct opening)) +
	       rounded(facts * sizeof(struct facts)) + rounded(facts * sizeof(uint32_t));
}

void inspection_init(struct inspection *in, void *memory, uint32_t slots, uint32_t facts)
{
	uint8_t *at = memory;

	in->facts = (struct facts *)at;
	at += rounded(facts * sizeof(struct facts));
	in->slot = (struct reassembly_slot *)at;
	at += rounded(slots * sizeof(struct reassembly_slot));
	in->opening = (struct opening *)at;
	at += rounded(openings(slots) * sizeof(struct opening));
	in->facts_next = (uint32_t *)at;
	in->slots = slots;
	in->facts_count = facts;
	in->slot_free = in->facts_free = in->opening_free = SERVICE_NOTHING;
	in->slot_fresh = in->facts_fresh = in->opening_fresh = 0;
}

/* A free reassembly slot, or SERVICE_NOTHING. */
static uint32_t slot_borrow(struct inspection *in)
{
	uint32_t index = in->slot_free;
	struct reassembly_slot *h;

	if (index != SERVICE_NOTHING)
		in->slot_free = in->slot[index].next;
	else if (in->slot_fresh < in->slots)
		index = in->slot_fresh++;
	else
		return SERVICE_NOTHING;
	h = &in->slot[index];
	h->asking[0] = h->asking[1] = h->answering[0] = h->answering[1] = 0;
	h->started[0] = h->started[1] = h->stale = h->contradictions = 0;
	h->cut[0] = h->cut[1] = 0;
	h->first_length[0] = h->first_length[1] = 0;
	h->opening = SERVICE_NOTHING;
	return index;
}

static void slot_return(struct inspection *in, uint32_t index)
{
	struct reassembly_slot *h = &in->slot[index];

	for (unsigned i = 0; i < 2; i++)
		if (h->started[i])
			in->counters->overlap_contradicted += h->prefix[i].contradicted;
	if (h->opening != SERVICE_NOTHING) {
		in->opening[h->opening].next = in->opening_free;
		in->opening_free = h->opening;
	}
	h->next = in->slot_free;
	in->slot_free = index;
}

/* Of those that are left, for this slot; SERVICE_NOTHING: none, and the names stay unread. */
static void opening_borrow(struct inspection *in, struct reassembly_slot *h)
{
	if (in->opening_free != SERVICE_NOTHING) {
		h->opening = in->opening_free;
		in->opening_free = in->opening[h->opening].next;
	} else if (in->opening_fresh < openings(in->slots)) {
		h->opening = in->opening_fresh++;
	}
}

static uint32_t facts_take(struct inspection *in)
{
	uint32_t index = in->facts_free;

	if (index != SERVICE_NOTHING) {
		in->facts_free = in->facts_next[index];
		return index;
	}
	if (in->facts_fresh < in->facts_count)
		return in->facts_fresh++;
	in->counters->facts_exhausted++;
	return SERVICE_NOTHING;
}

static void facts_return(struct inspection *in, uint32_t index)
{
	in->facts_next[index] = in->facts_free;
	in->facts_free = index;
}

/* --- a flow's service state ----------------------------------------------------------------- */

void inspection_close(struct inspection *in, struct service_state *s)
{
	if (s->stage == STAGE_CLOSED)
		return;
	if (s->stage == STAGE_REASSEMBLING)
		slot_return(in, s->at);
	s->stage = STAGE_CLOSED;
	s->at = SERVICE_NOTHING;
	s->datagrams = BOTH_SIDES;
	s->one_sided = 0;
}

void inspection_release(struct inspection *in, struct service_state *s)
{
	inspection_close(in, s);
	if (s->at != SERVICE_NOTHING)
		facts_return(in, s->at);
	s->at = SERVICE_NOTHING;
}

const struct facts *inspection_facts(const struct inspection *in, const struct service_state *s)
{
	return s->stage == STAGE_CLOSED && s->at != SERVICE_NOTHING ? &in->facts[s->at] : NULL;
}

/* Whether the other side is still to be heard: of TCP only where a handshake tells the sides apart.
 */
static int is_one_sided(
	const struct inspection *in, const struct service_state *s, const struct payload *p)
{
	const struct reassembly_slot *h = s->stage == STAGE_REASSEMBLING ? &in->slot[s->at] : NULL;

	if (in->match_result.info.answer_is_free ||
		(h && h->started[1 - p->direction] && h->prefix[1 - p->direction].length))
		return 0;
	return p->transport == TRANSPORT_UDP || p->side != SIDE_EITHER;
}

/* Nine bits of the first bytes of a stream, to know them again: 0 where they are too few. */
#define OPENING_HASHED 8u

static unsigned opening_hash(const uint8_t *bytes, uint32_t length)
{
	uint64_t word;

	if (length < OPENING_HASHED)
		return 0;
	memcpy(&word, bytes, sizeof(word));
	return (unsigned)(word * 0x9e3779b97f4a7c15ull >> 55) | 1u;
}

/* Of the side that has spoken, how its stream begins: until the other one speaks its next segments
 * are looked at, whether one of them begins it anew with other bytes. */
static void note_opening(
	const struct inspection *in, struct service_state *s, const struct payload *p)
{
	const struct reassembly_slot *h = s->stage == STAGE_REASSEMBLING ? &in->slot[s->at] : NULL;
	const struct stream_prefix *o =
		h && h->started[p->direction] ? &h->prefix[p->direction] : NULL;
	unsigned hash = o ? opening_hash(o->byte, o->length) : opening_hash(p->bytes, p->length);

	s->heard_0 = hash & 63u;
	s->heard_1 = hash >> 6 & 7u;
}

/* Closes with the result of the last message. */
static void conclude(struct inspection *in, struct service_state *s, const struct payload *p)
{
	int one_sided = is_one_sided(in, s, p);

	if (one_sided && p->transport == TRANSPORT_TCP)
		note_opening(in, s, p);
	inspection_close(in, s);
	s->one_sided = one_sided != 0;
	s->spoke = p->direction & 1u;
	if (one_sided && p->transport == TRANSPORT_TCP)
		s->datagrams = BOTH_SIDES & ~(1u << s->spoke) & 7u;
	if (p->transport == TRANSPORT_UDP && s->basis == SERVICE_RECOGNISED &&
		p->expected & SERVICE_BIT(s->service - 1u))
		s->datagrams = 0;
	if (!in->match_result.info.facts.known)
		return;
	s->at = facts_take(in);
	if (s->at != SERVICE_NOTHING)
		in->facts[s->at] = in->match_result.info.facts;
}

/* --- reassembly slot ------------------------------------------------------------------------- */

/* Of the whole datagram; 0 of a stream. */
static uint32_t size_of(const struct payload *p)
{
	if (p->transport != TRANSPORT_UDP)
		return 0;
	return p->whole ? p->length : p->size;
}

/* Bytes are missing that would be looked at. */
static uint8_t is_cut(const struct payload *p)
{
	return !p->whole && p->length < PREFIX_BYTES;
}

static struct message message_of(const struct payload *p)
{
	uint32_t length = p->length < PREFIX_BYTES ? p->length : PREFIX_BYTES;

	return (struct message){
		.bytes = p->bytes,
		.length = length,
		.size = size_of(p),
		.cut = is_cut(p),
		.transport = p->transport,
		.side = p->side,
		.from = p->from,
		.to = p->to,
	};
}

/* What one side says alone makes nothing milder (DESIGN 4): of datagrams that were none of what the
 * rule wants, and then one that is; of a stream the other side's answer, since every side that
 * spoke has to fit (DESIGN 6), whichever was first. */
static int comes_too_late(
	const struct service_state *s, const struct recognition *r, const struct payload *p)
{
	int is_same_side = s->spoke == p->direction;

	return s->basis == SERVICE_EXCLUDED && is_same_side == (p->transport == TRANSPORT_UDP) &&
	       p->expected & SERVICE_BIT((unsigned)r->service);
}

/* The other side's datagram was cut, and whole it might have been what the rule wants. */
static int may_follow(
	const struct service_state *s, const struct recognition *r, const struct payload *p)
{
	return p->transport == TRANSPORT_UDP && is_cut(p) && s->basis == SERVICE_EXCLUDED &&
	       s->spoke != p->direction && p->expected & (r->possible | r->maybe);
}

/* Applies a recognition to the flow; 1 if service or basis have changed. */
static int merge_facts(
	struct service_state *s, const struct recognition *r, const struct payload *p)
{
	if (r->service >= 0) {
		uint8_t service = (uint8_t)(r->service + 1);
		int is_news = s->basis != SERVICE_RECOGNISED || s->service != service;
		if (comes_too_late(s, r, p))
			return 0;
		s->service = service & 0x7fu;
		s->basis = SERVICE_RECOGNISED;
		return is_news;
	}
	if (r->reversed)
		s->reversed = 1;
	if (may_follow(s, r, p)) {
		s->basis = SERVICE_UNVERIFIED;
		return 1;
	}
	if (s->basis != SERVICE_UNVERIFIED || !p->expected || (p->expected & ~r->excluded))
		return 0;
	s->basis = SERVICE_EXCLUDED;
	s->spoke = p->direction & 1u;
	return 1;
}

/* The flow's reassembly slot; the first one who asks borrows it. NULL: none is left. */
static struct reassembly_slot *slot_of_state(struct inspection *in, struct service_state *s)
{
	struct reassembly_slot *h;
	uint32_t index;

	if (s->stage == STAGE_REASSEMBLING)
		return &in->slot[s->at];
	index = slot_borrow(in);
	if (index == SERVICE_NOTHING) {
		in->counters->reassembly_exhausted++;
		inspection_close(in, s);
		return NULL;
	}
	h = &in->slot[index];
	h->open = s->at;
	s->stage = STAGE_REASSEMBLING;
	s->at = index;
	return h;
}

/* One service on both sides, each on the strength of a field of its own: together two. What has no
 * pattern has no field of its own, and of what was cut, the missing bytes may be the ones that
 * say no. */
static void agree(const struct inspection *in, struct reassembly_slot *h, const struct payload *p,
	struct recognition *r)
{
	unsigned here = p->direction, there = 1u - p->direction;
	service_mask patterned = is_cut(p) ? 0 : ~in->scanner->unpatterned_services, both;

	h->asking[here] = r->asking & patterned;
	h->answering[here] = r->answering & patterned;
	both = (h->asking[here] & h->answering[there]) | (h->answering[here] & h->asking[there]);
	if (both & p->expected)
		both &= p->expected;
	if (r->service < 0 && both)
		r->service = __builtin_ctzll(both);
}

/* Services as bits of a flow's own 32: two have one bit, so that a name may be withheld too rarely.
 */
static uint32_t open_services(service_mask services)
{
	return (uint32_t)(services | services >> 32);
}

/* What was cut may have been a message of `open`: if the flow then says something else, it is not
 * known what it would have been called for its first message. */
static void withhold(uint32_t *open, const struct payload *p, struct recognition *r)
{
	if (*open & open_services(p->expected))
		r->excluded = 0;
	if (r->service < 0) {
		*open |= is_cut(p) ? open_services(r->possible | r->maybe) : 0;
	} else if (*open && !(*open & open_services(SERVICE_BIT(r->service)))) {
		r->possible |= SERVICE_BIT(r->service);
		r->service = -1;
		message_info_init(&r->info);
	}
}

/* --- streams ------------------------------------------------------------------------- */

/* The sequence number of a direction's first byte: by the handshake, else of the first segment
 * seen. */
static uint32_t first_of(const struct payload *p)
{
	return p->first_known ? p->first : p->sequence;
}

static void start_prefix(struct reassembly_slot *h, const struct payload *p, uint32_t first)
{
	if (h->started[p->direction])
		return;
	h->started[p->direction] = 1;
	reassembly_init(&h->prefix[p->direction], first);
}

/* Ethernet's padding, or somebody who presses a key. */
static int is_blank(const uint8_t *bytes, uint32_t length)
{
	uint32_t n = 0;

	while (n < length && (bytes[n] == '\r' || bytes[n] == '\n' || bytes[n] == ' '))
		n++;
	return n == length || reassembly_is_padding(bytes, length);
}

static void recognise_prefix(
	struct inspection *in, struct reassembly_slot *h, const struct payload *p)
{
	struct message u = message_of(p);
	struct stream_prefix *o = &h->prefix[p->direction];

	u.bytes = o->byte;
	u.length = o->length;
	recognise(in->scanner, in->scratch, &u, &in->match_result);
	recognise_expected(in->scanner, &u, p->expected, &in->match_result);
	if (is_blank(u.bytes, u.length))
		in->match_result.excluded = 0;
	agree(in, h, p, &in->match_result);
	withhold(&h->open, p, &in->match_result);
}

/* Whether more bytes may still change the result. */
static int wants_more(
	const struct reassembly_slot *h, const struct recognition *r, unsigned direction)
{
	const struct stream_prefix *o = &h->prefix[direction];

	if (r->service >= 0)
		return r->info.unfinished && o->length < PREFIX_BYTES;
	if (r->maybe)
		return !h->started[1 - direction] || h->prefix[1 - direction].length < PREFIX_BYTES;
	if (!r->possible && o->length >= SENSELESS_BYTES)
		return 0;
	return o->length < PREFIX_BYTES;
}

/* --- names in long messages ------------------------------------------------------------ */

/* Reads the facts again with more of the message; what is known stays if that tells nothing. */
static void read_on(
	struct inspection *in, const struct payload *p, const uint8_t *bytes, uint32_t length)
{
	struct message u = message_of(p);
	struct recognition before = in->match_result;

	u.bytes = bytes;
	u.length = length < OPENING_BYTES ? length : OPENING_BYTES;
	if (recognise_again(in->scanner, &u, (unsigned)before.service, &in->match_result) !=
		MATCH_YES)
		in->match_result = before;
}

/* Appends what is new of the segment, if nothing is missing before it. */
static int opening_put(struct opening *o, uint32_t first, const struct payload *p)
{
	uint32_t offset = p->sequence - first, known = o->length - offset, count;

	if (offset > o->length || known >= p->length)
		return 0;
	count = p->length - known;
	if (count > OPENING_BYTES - o->length)
		count = OPENING_BYTES - o->length;
	memcpy(o->byte + o->length, p->bytes + known, count);
	o->length += count;
	return 1;
}

/* The message is recognised, and more of it would tell more than its prefix holds: 1 if more is
 * to come. */
static int open_further(struct inspection *in, struct reassembly_slot *h, const struct payload *p)
{
	const struct stream_prefix *prefix = &h->prefix[p->direction];
	struct opening *o;

	if (in->match_result.service < 0 || !in->match_result.info.unfinished ||
		prefix->length < PREFIX_BYTES)
		return 0;
	opening_borrow(in, h);
	if (h->opening == SERVICE_NOTHING)
		return 0;
	h->opening_direction = p->direction;
	o = &in->opening[h->opening];
	o->length = PREFIX_BYTES;
	memcpy(o->byte, prefix->byte, PREFIX_BYTES);
	if (opening_put(o, prefix->first, p))
		read_on(in, p, o->byte, o->length);
	return in->match_result.info.unfinished;
}

/* The other side speaks: what is there of the first one's message is read once more, its facts are
 * kept, and this is the answer. */
static int hear_answer(struct inspection *in, struct service_state *s, const struct payload *p,
	const uint8_t *bytes, uint32_t length)
{
	struct payload turned = *p;

	inspection_clear(in);
	turned.direction = 1u & ~(unsigned)p->direction;
	turned.side = p->side == SIDE_CLIENT   ? SIDE_SERVER
		      : p->side == SIDE_SERVER ? SIDE_CLIENT
					       : SIDE_EITHER;
	in->match_result.service = (int)s->service - 1;
	message_info_init(&in->match_result.info);
	read_on(in, &turned, bytes, length);
	conclude(in, s, &turned);
	return inspection_again(in, s, p);
}

/* The message is recognised, but the rest of it was not captured and never comes. */
static int is_left_open(
	const struct service_state *s, const struct reassembly_slot *h, unsigned direction)
{
	return s->basis == SERVICE_RECOGNISED && h->cut[1 - direction] && !h->started[direction];
}

/* The service is told already: only facts are to come. Once the other side speaks, no more are. */
static int feed_opening(struct inspection *in, struct service_state *s, struct reassembly_slot *h,
	const struct payload *p)
{
	struct opening *o = &in->opening[h->opening];

	if (p->direction != h->opening_direction)
		return hear_answer(in, s, p, o->byte, o->length);
	inspection_clear(in);
	if (!opening_put(o, h->prefix[p->direction].first, p) && ++h->stale < STALE_MAX)
		return 0;
	in->match_result.service = (int)s->service - 1;
	message_info_init(&in->match_result.info);
	read_on(in, p, o->byte, o->length);
	if (!in->match_result.info.unfinished || o->length == OPENING_BYTES ||
		h->stale >= STALE_MAX)
		conclude(in, s, p);
	return 0;
}

static int feed_prefix(struct inspection *in, struct service_state *s, const struct payload *p)
{
	uint32_t first = first_of(p);
	struct reassembly_slot *h = slot_of_state(in, s);
	int is_news, grown;

	if (!h)
		return 0;
	if (h->opening != SERVICE_NOTHING)
		return feed_opening(in, s, h, p);
	if (is_left_open(s, h, p->direction))
		return hear_answer(in, s, p, h->prefix[1 - p->direction].byte,
			h->prefix[1 - p->direction].length);
	start_prefix(h, p, first);
	h->cut[p->direction] |= !p->whole;
	grown = reassembly_put(&h->prefix[p->direction], p->sequence, p->bytes, p->length);
	if (h->prefix[p->direction].contradicted)
		s->contradicting = 1;
	if (!grown) {
		if (++h->stale >= STALE_MAX)
			inspection_close(in, s);
		return 0;
	}
	if (h->prefix[p->direction].length <= h->prefix[p->direction].soft)
		return 0;
	recognise_prefix(in, h, p);
	is_news = merge_facts(s, &in->match_result, p);
	if (!wants_more(h, &in->match_result, p->direction) && !open_further(in, h, p))
		conclude(in, s, p);
	return is_news;
}

/* Nearly every first segment tells by itself and where it lies. */
static int feed_first_segment(
	struct inspection *in, struct service_state *s, const struct payload *p)
{
	struct message u = message_of(p);
	struct recognition *r = &in->match_result;
	int is_news, is_senseless;

	if (reassembly_is_padding(p->bytes, p->length))
		return feed_prefix(in, s, p);
	recognise(in->scanner, in->scratch, &u, r);
	recognise_expected(in->scanner, &u, p->expected, r);
	is_senseless = !r->possible && !r->maybe && u.length >= SENSELESS_BYTES;
	if (r->service < 0 && !is_senseless)
		return feed_prefix(in, s, p);
	if (r->service >= 0 && r->info.unfinished && u.length < p->length)
		read_on(in, p, p->bytes, p->length);
	if (r->service >= 0 && r->info.unfinished && p->length < OPENING_BYTES)
		return feed_prefix(in, s, p);
	is_news = merge_facts(s, r, p);
	conclude(in, s, p);
	return is_news;
}

static int feed_segment(struct inspection *in, struct service_state *s, const struct payload *p)
{
	if (s->stage != STAGE_REASSEMBLING && p->sequence == first_of(p))
		return feed_first_segment(in, s, p);
	return feed_prefix(in, s, p);
}

/* --- datagrams ----------------------------------------------------------------------- */

/* Counts a payload of this side: how many came before it. */
static unsigned count_payload(struct service_state *s, unsigned direction)
{
	unsigned before = direction ? s->heard_1 : s->heard_0;

	if (before == LOOK_LAST)
		return before;
	if (direction)
		s->heard_1 = (before + 1) & LOOK_LAST;
	else
		s->heard_0 = (before + 1) & LOOK_LAST;
	return before;
}

/* This datagram for the next one to compare with. */
static void store_datagram(struct reassembly_slot *h, const struct payload *p)
{
	struct stream_prefix *o = &h->prefix[p->direction];
	uint32_t head = p->length < MESSAGE_HEAD ? p->length : MESSAGE_HEAD;

	h->started[p->direction] = 1;
	reassembly_init(o, 0);
	reassembly_put(o, 0, p->bytes, p->length);
	h->cut[p->direction] = is_cut(p);
	if (h->first_length[p->direction] < head) { /* a keepalive is no beginning */
		h->first_length[p->direction] = (uint8_t)head;
		memcpy(h->first[p->direction], p->bytes, head);
	}
}

static void earlier_datagrams(
	const struct reassembly_slot *h, unsigned direction, struct message *u)
{
	if (h->started[direction]) {
		u->earlier = h->prefix[direction].byte;
		u->earlier_length = h->prefix[direction].length;
		u->first = h->first[direction];
		u->first_length = h->first_length[direction];
	}
	if (h->started[1 - direction]) {
		u->other = h->prefix[1 - direction].byte;
		u->other_length = h->prefix[1 - direction].length;
		u->other_cut = h->cut[1 - direction];
		u->other_first = h->first[1 - direction];
		u->other_first_length = h->first_length[1 - direction];
		u->answers = 1;
	}
}

/* Whether the next one is to be looked at too. */
static int count_datagram(struct service_state *s, const struct recognition *r)
{
	unsigned count = s->datagrams + (r->possible || r->maybe ? 1 : DATAGRAMS_SENSELESS);

	s->datagrams = (count < DATAGRAMS_MAX ? count : DATAGRAMS_MAX) & 7;
	return count < DATAGRAMS_MAX;
}

/* Several datagrams have to contradict: one may be of another association, or come late. */
static void count_contradiction(struct reassembly_slot *h, struct recognition *r)
{
	if (r->contradicted && ++h->contradictions >= CONTRADICTIONS_MAX)
		r->excluded |= r->contradicted;
}

static int feed_datagram(struct inspection *in, struct service_state *s, const struct payload *p)
{
	struct message u = message_of(p);
	struct recognition *r = &in->match_result;
	struct reassembly_slot *h = s->stage == STAGE_REASSEMBLING ? &in->slot[s->at] : NULL;
	int is_news;

	count_payload(s, p->direction);
	if (h)
		earlier_datagrams(h, p->direction, &u);
	if (!p->matched)
		recognise(in->scanner, in->scratch, &u, r);
	recognise_expected(in->scanner, &u, p->expected, r);
	if (r->maybe && r->service < 0) {
		h = slot_of_state(in, s);
		if (!h)
			return 0;
		agree(in, h, p, r);
		store_datagram(h, p);
		count_contradiction(h, r);
	}
	withhold(h ? &h->open : &s->at, p, r);
	if (r->service >= 0 && r->info.unfinished && u.length < p->length)
		read_on(in, p, p->bytes, p->length);
	is_news = merge_facts(s, r, p);
	if (r->service >= 0 || !count_datagram(s, r))
		conclude(in, s, p);
	return is_news;
}

int inspection_feed(struct inspection *in, struct service_state *s, const struct payload *p)
{
	assert(p->length > 0);
	return p->transport == TRANSPORT_UDP ? feed_datagram(in, s, p) : feed_segment(in, s, p);
}

int inspection_match_one(struct inspection *in, const struct payload *p)
{
	struct message u = message_of(p);

	recognise(in->scanner, in->scratch, &u, &in->match_result);
	return in->match_result.service >= 0;
}

/* --- when it is over ------------------------------------------------------------------- */

/* Services whose validator knows what either side says first, and says no of everything else. */
#define MUTUAL                                                                                     \
	(SERVICE_BIT(SERVICE_TLS) | SERVICE_BIT(SERVICE_SSH) | SERVICE_BIT(SERVICE_SMTP) |         \
		SERVICE_BIT(SERVICE_DNS) | SERVICE_BIT(SERVICE_DHCP) | SERVICE_BIT(SERVICE_HTTP) | \
		SERVICE_BIT(SERVICE_NTP) | SERVICE_BIT(SERVICE_SNMP) | SERVICE_BIT(SERVICE_LDAP) | \
		SERVICE_BIT(SERVICE_RADIUS) | SERVICE_BIT(SERVICE_SYSLOG) |                        \
		SERVICE_BIT(SERVICE_XMPP) | SERVICE_BIT(SERVICE_IPMI))

/* What is spoken is perhaps not the service that it was taken for: another that is positively
 * recognised, or none if that is sure. */
static int name_again(struct inspection *in, struct service_state *s, const struct payload *p,
	const struct message *u, int is_sure)
{
	struct recognition *r = &in->match_result;
	uint32_t service;
	int is_news, reversed = r->reversed;

	recognise(in->scanner, in->scratch, u, r);
	service = (uint32_t)(r->service + 1) & 0x7f;
	if (service && (service == s->service || p->expected & SERVICE_BIT(service - 1)))
		service = 0; /* from the wrong side, or after what is none */
	if (!service && !is_sure)
		return 0;
	if (reversed)
		s->reversed = 1;
	is_news = service || s->basis != SERVICE_EXCLUDED;
	s->service = service & 0x7f;
	s->basis = service ? SERVICE_RECOGNISED : SERVICE_EXCLUDED;
	s->datagrams = BOTH_SIDES;
	return is_news;
}

/* A segment that is not the first one: that may come next, one more time. */
static int wait_for_first(struct service_state *s, const struct payload *p)
{
	s->one_sided = s->odd == 0;
	s->odd = 1;
	s->datagrams = (s->one_sided ? BOTH_SIDES & ~(1u << (p->direction & 1)) : BOTH_SIDES) & 7u;
	return 0;
}

/* The first payload of the side that had not spoken. */
static int hear_other_side(struct inspection *in, struct service_state *s, const struct payload *p,
	const struct message *u)
{
	struct recognition *r = &in->match_result;
	enum match reading;

	if (p->transport == TRANSPORT_TCP && !(p->first_known && p->sequence == p->first))
		return wait_for_first(s, p);
	s->one_sided = 0;
	if (p->transport == TRANSPORT_TCP) {
		s->datagrams = BOTH_SIDES;
		if (is_blank(p->bytes, p->length))
			return 0;
	}
	if (s->basis == SERVICE_EXCLUDED)
		return name_again(in, s, p, u, 0);
	if (s->basis != SERVICE_RECOGNISED)
		return 0;
	reading = recognise_again(in->scanner, u, s->service - 1u, r);
	if (r->service >= 0 && s->at != SERVICE_NOTHING)
		facts_merge(&in->facts[s->at], &r->info.facts);
	if (reading == MATCH_YES || !(p->expected & SERVICE_BIT(s->service - 1u) & MUTUAL))
		return 0;
	return name_again(in, s, p, u,
		reading == MATCH_NO && recognise_none(in->scanner, u,
					       p->expected & ~SERVICE_BIT(s->service - 1u)));
}

/* A later datagram: two that are no message of any service that is expected, and it has changed. */
static int look_again(struct inspection *in, struct service_state *s, const struct payload *p,
	const struct message *u)
{
	if (!recognise_none(in->scanner, u, p->expected))
		return 0;
	if (!s->odd) {
		s->odd = 1;
		return 0;
	}
	s->changed = 1;
	s->service = 0;
	s->basis = SERVICE_EXCLUDED;
	s->datagrams = BOTH_SIDES;
	return 1;
}

/* A segment of the side that has spoken already; seven of them are looked at. */
static int hear_same_side(struct service_state *s, const struct payload *p)
{
	unsigned known = s->heard_0 | (s->heard_1 & 7u) << 6, count = s->heard_1 >> 3;

	s->heard_1 = ((s->heard_1 & 7u) | (count + 1) << 3) & LOOK_LAST;
	if (count + 1 == 7)
		s->datagrams = BOTH_SIDES;
	if (known && p->first_known && p->sequence == p->first && p->length >= OPENING_HASHED &&
		opening_hash(p->bytes, p->length) != known)
		s->contradicting = 1;
	return 0;
}

int inspection_again(struct inspection *in, struct service_state *s, const struct payload *p)
{
	struct message u = message_of(p);
	unsigned before = p->transport == TRANSPORT_UDP ? count_payload(s, p->direction) : 0;

	inspection_clear(in);
	u.answers = p->direction != s->spoke;
	if (s->one_sided && u.answers)
		return hear_other_side(in, s, p, &u);
	if (!service_state_looks_again(s, p->direction))
		return 0;
	if (p->transport != TRANSPORT_UDP)
		return s->one_sided ? hear_same_side(s, p) : 0;
	if (before == LOOK_LAST)
		s->datagrams |= 1u << (p->direction & 1);
	if (before < LOOK_1) /* requests that were not answered yet, and their answers */
		recognise_again(in->scanner, &u, s->service - 1u, &in->match_result);
	if (before != LOOK_1 && before != LOOK_2 && before != LOOK_LAST)
		return 0;
	return look_again(in, s, p, &u);
}
