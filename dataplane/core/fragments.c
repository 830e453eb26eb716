#include "fragments.h"

#include "mix.h"

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

static struct datagram *set_of(const struct fragments *fr, const struct view *v)
{
	uint64_t word[4];

	memcpy(word, &v->source, 16);
	memcpy(word + 2, &v->destination, 16);
	word[0] = mix(word[0] ^ word[2], word[1] ^ v->fragment_id);
	return &fr->datagram[(mix(word[0], word[3]) & fr->set_mask) * FRAGMENT_WAYS];
}

static int is_of(const struct datagram *d, const struct view *v, uint8_t carried, uint64_t now_ns)
{
	return d->version == v->version && d->id == v->fragment_id && d->carried == carried &&
	       address_equal(&d->source, &v->source) &&
	       address_equal(&d->destination, &v->destination) &&
	       now_ns - d->time_ns <= REASSEMBLY_NS;
}

/* The datagram of this fragment, or the place where it is to be, cleared. */
static struct datagram *datagram_of(struct fragments *fr, const struct view *v, uint64_t now_ns)
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

void fragments_first(struct fragments *fr, struct view *v, uint64_t now_ns)
{
	struct datagram *d = datagram_of(fr, v, now_ns);

	d->time_ns = now_ns;
	d->source_port = v->source_port;
	d->destination_port = v->destination_port;
	d->protocol = v->protocol;
	d->has_ports = 1;
	v->pending_packets = d->pending_packets;
	v->pending_bytes = d->pending_bytes;
	d->pending_packets = 0;
	d->pending_bytes = 0;
}

int fragments_later(struct fragments *fr, struct view *v, uint64_t now_ns)
{
	struct datagram *d = datagram_of(fr, v, now_ns);

	d->time_ns = now_ns;
	if (!d->has_ports) {
		d->pending_packets++;
		d->pending_bytes += v->bytes;
		return 0;
	}
	v->protocol = d->protocol;
	v->source_port = d->source_port;
	v->destination_port = d->destination_port;
	v->letters = LETTER_BIT(DATA);
	return 1;
}
