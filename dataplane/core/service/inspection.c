#include "core/service/inspection.h"

#include <assert.h>

/* --- pools --------------------------------------------------------------------------- */

static size_t rounded(size_t bytes)
{
	return (bytes + 63) & ~(size_t)63;
}

size_t inspection_size(uint32_t slots, uint32_t facts)
{
	return rounded(slots * sizeof(struct reassembly_slot)) +
	       rounded(facts * sizeof(struct facts)) + rounded(facts * sizeof(uint32_t));
}

void inspection_init(struct inspection *in, void *memory, uint32_t slots, uint32_t facts)
{
	uint8_t *at = memory;

	in->facts = (struct facts *)at;
	at += rounded(facts * sizeof(struct facts));
	in->slot = (struct reassembly_slot *)at;
	at += rounded(slots * sizeof(struct reassembly_slot));
	in->facts_next = (uint32_t *)at;
	in->slots = slots;
	in->facts_count = facts;
	in->slot_free = in->facts_free = SERVICE_NOTHING;
	in->slot_fresh = in->facts_fresh = 0;
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
	h->maybe[0] = h->maybe[1] = 0;
	h->started[0] = h->started[1] = h->stale = 0;
	return index;
}

static void slot_return(struct inspection *in, uint32_t index)
{
	struct reassembly_slot *h = &in->slot[index];

	for (unsigned i = 0; i < 2; i++)
		if (h->started[i])
			in->counters->overlap_contradicted += h->prefix[i].contradicted;
	h->next = in->slot_free;
	in->slot_free = index;
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

/* Closes with the result of the last message. */
static void conclude(struct inspection *in, struct service_state *s)
{
	inspection_close(in, s);
	if (!in->match_result.info.facts.known)
		return;
	s->at = facts_take(in);
	if (s->at != SERVICE_NOTHING)
		in->facts[s->at] = in->match_result.info.facts;
}

/* --- reassembly slot ------------------------------------------------------------------------- */

static struct message message_of(const struct payload *p)
{
	uint32_t length = p->length < PREFIX_BYTES ? p->length : PREFIX_BYTES;

	return (struct message){
		.bytes = p->bytes,
		.length = length,
		.size = p->transport == TRANSPORT_UDP && p->whole ? p->length : 0,
		.transport = p->transport,
		.side = p->side,
		.from = p->from,
		.to = p->to,
	};
}

/* Applies a recognition to the flow; 1 if service or basis have changed. */
static int merge_facts(struct service_state *s, const struct recognition *r, service_mask expected)
{
	if (r->service >= 0) {
		uint8_t service = (uint8_t)(r->service + 1);
		int is_news = s->basis != SERVICE_RECOGNISED || s->service != service;
		s->service = service;
		s->basis = SERVICE_RECOGNISED;
		return is_news;
	}
	if (s->basis != SERVICE_UNVERIFIED || !expected || (expected & ~r->excluded))
		return 0;
	s->basis = SERVICE_EXCLUDED;
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
	s->stage = STAGE_REASSEMBLING;
	s->at = index;
	return h;
}

/* One service on both sides, each on the strength of one field: together two. What has no
 * pattern has no field of its own. */
static void agree(const struct inspection *in, struct reassembly_slot *h, unsigned direction,
	struct recognition *r)
{
	service_mask both;

	h->maybe[direction] = r->maybe & ~in->scanner->unpatterned_services;
	both = h->maybe[0] & h->maybe[1];
	if (r->service < 0 && both)
		r->service = __builtin_ctzll(both);
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

static void recognise_prefix(
	struct inspection *in, struct reassembly_slot *h, const struct payload *p)
{
	struct message u = message_of(p);
	struct stream_prefix *o = &h->prefix[p->direction];

	u.bytes = o->byte;
	u.length = o->length;
	recognise(in->scanner, in->scratch, &u, &in->match_result);
	recognise_expected(in->scanner, &u, p->expected, &in->match_result);
	agree(in, h, p->direction, &in->match_result);
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

static int feed_prefix(struct inspection *in, struct service_state *s, const struct payload *p)
{
	uint32_t first = first_of(p);
	struct reassembly_slot *h = slot_of_state(in, s);
	int is_news;

	if (!h)
		return 0;
	start_prefix(h, p, first);
	if (!reassembly_put(&h->prefix[p->direction], p->sequence, p->bytes, p->length)) {
		if (++h->stale >= STALE_MAX)
			inspection_close(in, s);
		return 0;
	}
	if (h->prefix[p->direction].length <= h->prefix[p->direction].soft)
		return 0;
	recognise_prefix(in, h, p);
	is_news = merge_facts(s, &in->match_result, p->expected);
	if (!wants_more(h, &in->match_result, p->direction))
		conclude(in, s);
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
	if (r->service >= 0 && r->info.unfinished && u.length < PREFIX_BYTES)
		return feed_prefix(in, s, p);
	is_news = merge_facts(s, r, p->expected);
	conclude(in, s);
	return is_news;
}

static int feed_segment(struct inspection *in, struct service_state *s, const struct payload *p)
{
	if (s->stage != STAGE_REASSEMBLING && p->sequence == first_of(p))
		return feed_first_segment(in, s, p);
	return feed_prefix(in, s, p);
}

/* --- datagrams ----------------------------------------------------------------------- */

/* This datagram for the next one to compare with. */
static void store_datagram(struct reassembly_slot *h, const struct payload *p)
{
	struct stream_prefix *o = &h->prefix[p->direction];

	h->started[p->direction] = 1;
	reassembly_init(o, 0);
	reassembly_put(o, 0, p->bytes, p->length);
}

static void earlier_datagrams(
	const struct reassembly_slot *h, unsigned direction, struct message *u)
{
	if (h->started[direction]) {
		u->earlier = h->prefix[direction].byte;
		u->earlier_length = h->prefix[direction].length;
	}
	if (h->started[1 - direction]) {
		u->other = h->prefix[1 - direction].byte;
		u->other_length = h->prefix[1 - direction].length;
	}
}

/* Whether the next one is to be looked at too. */
static int count_datagram(struct service_state *s, const struct recognition *r)
{
	unsigned count = s->datagrams + (r->possible || r->maybe ? 1 : DATAGRAMS_SENSELESS);

	s->datagrams = (count < DATAGRAMS_MAX ? count : DATAGRAMS_MAX) & 7;
	return count < DATAGRAMS_MAX;
}

static int feed_datagram(struct inspection *in, struct service_state *s, const struct payload *p)
{
	struct message u = message_of(p);
	struct recognition *r = &in->match_result;
	struct reassembly_slot *h = s->stage == STAGE_REASSEMBLING ? &in->slot[s->at] : NULL;
	int is_news;

	if (h)
		earlier_datagrams(h, p->direction, &u);
	if (!p->matched)
		recognise(in->scanner, in->scratch, &u, r);
	recognise_expected(in->scanner, &u, p->expected, r);
	if (r->maybe && r->service < 0) {
		h = slot_of_state(in, s);
		if (!h)
			return 0;
		agree(in, h, p->direction, r);
		store_datagram(h, p);
	}
	is_news = merge_facts(s, r, p->expected);
	if (r->service >= 0 || !count_datagram(s, r))
		conclude(in, s);
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

void inspection_add_facts(
	struct inspection *in, const struct service_state *s, const struct payload *p)
{
	struct message u = message_of(p);

	if (s->stage != STAGE_CLOSED || s->at == SERVICE_NOTHING || !s->service)
		return;
	if (recognise_again(in->scanner, &u, s->service - 1u, &in->match_result))
		facts_merge(&in->facts[s->at], &in->match_result.info.facts);
}
