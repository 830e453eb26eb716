#include "core/decode/fragments.h"

#include <netinet/in.h>

#include "core/hash.h"

/* RFC 8200 section 4.5: a datagram that is not complete after 60 seconds never will be. */
#define REASSEMBLY_NS 60000000000ull

size_t fragments_size(unsigned sets_log2)
{
	return ((size_t)FRAGMENT_WAYS << sets_log2) * sizeof(struct datagram);
}

void fragments_init(struct fragments *fr, void *memory, unsigned sets_log2)
{
	fr->datagram = memory;
	fr->set_mask = (1u << sets_log2) - 1;
}

static struct datagram *set_of(const struct fragments *fr, const struct decoded *v)
{
	uint64_t word[4];

	memcpy(word, &v->source, 16);
	memcpy(word + 2, &v->destination, 16);
	word[0] = hash_mix(word[0] ^ word[2], word[1] ^ v->fragment_id);
	return &fr->datagram[(hash_mix(word[0], word[3]) & fr->set_mask) * FRAGMENT_WAYS];
}

static int is_of(
	const struct datagram *d, const struct decoded *v, uint8_t carried, uint64_t now_ns)
{
	return d->version == v->version && d->id == v->fragment_id && d->carried == carried &&
	       address_equal(&d->source, &v->source) &&
	       address_equal(&d->destination, &v->destination) &&
	       now_ns - d->time_ns <= REASSEMBLY_NS;
}

/* The datagram of this fragment, or the place where it is to be, cleared. */
static struct datagram *datagram_of(struct fragments *fr, const struct decoded *v, uint64_t now_ns)
{
	struct datagram *set = set_of(fr, v), *oldest = set;
	/* In IPv6 the protocol of a first fragment may be hidden behind more headers. */
	uint8_t carried = v->version == 4 ? v->protocol : 0;

	for (unsigned i = 0; i < FRAGMENT_WAYS; i++) {
		if (is_of(&set[i], v, carried, now_ns))
			return &set[i];
		if (set[i].time_ns < oldest->time_ns)
			oldest = &set[i];
	}
	*oldest = (struct datagram){
		.source = v->source,
		.destination = v->destination,
		.id = v->fragment_id,
		.version = v->version,
		.carried = carried,
	};
	return oldest;
}

/* --- which bytes were there ------------------------------------------------------------ */

/* Whether it was among the last few; it is from now on. */
static int is_copy(struct datagram *d, struct range r)
{
	for (unsigned i = 0; i < FRAGMENT_RECENT; i++)
		if (d->recent[i].begin == r.begin && d->recent[i].end == r.end)
			return 1;
	d->recent[d->next] = r;
	d->next = (uint8_t)((d->next + 1) % FRAGMENT_RECENT);
	return 0;
}

static int meet(struct range a, struct range b)
{
	return a.begin <= b.end && b.begin <= a.end;
}

static int share_a_byte(struct range a, struct range b)
{
	return a.begin < b.end && b.begin < a.end;
}

static struct range join(struct range a, struct range b)
{
	return (struct range){a.begin < b.begin ? a.begin : b.begin, a.end > b.end ? a.end : b.end};
}

/* Adds the bytes to those seen; whether one of them was. A datagram in so many heaps that there
 * is no place for another is not watched further. */
static int overlap(struct datagram *d, struct range r)
{
	struct range all = r;
	int overlaps = 0;

	for (unsigned i = 0; i < d->ranges;) {
		overlaps |= share_a_byte(d->range[i], r);
		if (!meet(d->range[i], all)) {
			i++;
			continue;
		}
		all = join(d->range[i], all);
		d->range[i] = d->range[--d->ranges];
		i = 0;
	}
	if (d->ranges < FRAGMENT_RANGES)
		d->range[d->ranges++] = all;
	return overlaps;
}

static int is_complete(const struct datagram *d)
{
	return d->length > 0 && d->ranges == 1 && d->range[0].begin == 0 &&
	       d->range[0].end >= d->length;
}

static void begin_anew(struct datagram *d)
{
	*d = (struct datagram){
		.source = d->source,
		.destination = d->destination,
		.id = d->id,
		.version = d->version,
		.carried = d->carried,
	};
}

/* --- fragments ------------------------------------------------------------------------- */

/* Two different first fragments: which of them a receiver takes is not known. */
static int is_contradicted(const struct datagram *d, const struct decoded *v, int is_a_copy)
{
	return d->has_ports &&
	       !(is_a_copy && d->source_port == v->source_port &&
		       d->destination_port == v->destination_port && d->protocol == v->protocol);
}

static void take_first(struct datagram *d, struct decoded *v)
{
	d->source_port = v->source_port;
	d->destination_port = v->destination_port;
	d->protocol = v->protocol;
	d->has_ports = 1;
	v->pending_packets = d->pending_packets;
	v->pending_bytes = d->pending_bytes;
	d->pending_packets = 0;
	d->pending_bytes = 0;
}

static unsigned take_later(struct datagram *d, struct decoded *v)
{
	if (!d->has_ports) {
		d->pending_packets++;
		d->pending_bytes += v->bytes;
		return 0;
	}
	v->protocol = d->protocol;
	v->source_port = d->source_port;
	v->destination_port = d->destination_port;
	v->history_bits = HISTORY_BIT(DATA);
	return FRAGMENT_HAS_FLOW;
}

/* RFC 3128: a second fragment that begins before TCP's flags decides over them. */
static int decides_over_flags(const struct decoded *v)
{
	return v->fragment == FRAGMENT_LATER && v->fragment_begin == 8 &&
	       v->protocol == IPPROTO_TCP;
}

/* A first fragment that ends in the transport header may have them all the same. */
static int has_ports(const struct decoded *v)
{
	return v->source_port != 0 || v->destination_port != 0;
}

unsigned fragments_see(struct fragments *fr, struct decoded *v, uint64_t now_ns)
{
	struct range r = {v->fragment_begin, v->fragment_end};
	struct datagram *d = datagram_of(fr, v, now_ns);
	int copy = is_copy(d, r);
	unsigned seen = 0;

	if (!copy && is_complete(d)) {
		begin_anew(d);
		is_copy(d, r);
	}
	if (!copy && overlap(d, r))
		seen = FRAGMENT_OVERLAPS;
	if (v->ends_datagram)
		d->length = v->fragment_end;
	d->time_ns = now_ns;
	if (v->fragment == FRAGMENT_TINY || decides_over_flags(v))
		seen |= FRAGMENT_IS_TINY;
	if (v->fragment == FRAGMENT_TINY && !has_ports(v))
		return seen;
	if (v->fragment == FRAGMENT_LATER)
		return seen | take_later(d, v);
	if (is_contradicted(d, v, copy))
		return seen | FRAGMENT_OVERLAPS;
	take_first(d, v);
	return seen | FRAGMENT_HAS_FLOW;
}
