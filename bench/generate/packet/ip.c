#include "packet/ip.h"

#include <string.h>

#include "packet/checksum.h"

static unsigned length_field(const struct ip_shape *s, size_t true_length)
{
	if (s->length >= 0)
		return (unsigned)s->length & 0xffff;
	return true_length > 0xffff ? 0 : (unsigned)true_length;
}

static uint8_t version_field(const struct ip_shape *s, uint8_t version)
{
	return s->version >= 0 ? (uint8_t)s->version : version;
}

static void ipv4_prepend(struct frame *f, const struct endpoint *from, const struct endpoint *to,
	uint8_t protocol, const struct ip_shape *s, uint16_t id)
{
	size_t size = 20 + (size_t)((s->options_length + 3) & ~3);
	uint8_t ihl = s->ihl >= 0 ? (uint8_t)s->ihl : (uint8_t)(size / 4);
	uint8_t *h = frame_prepend(f, size);

	h[0] = (uint8_t)(version_field(s, 4) << 4 | (ihl & 0xf));
	h[1] = s->tos;
	put_u16(h + 2, length_field(s, f->length));
	put_u16(h + 4, id);
	put_u16(h + 6, (unsigned)s->df << 14 | (unsigned)s->mf << 13 | (s->offset / 8 & 0x1fff));
	h[8] = s->ttl;
	h[9] = protocol;
	memcpy(h + 12, endpoint_bytes(from), 4);
	memcpy(h + 16, endpoint_bytes(to), 4);
	memcpy(h + 20, s->options, s->options_length);
	put_u16(h + 10, checksum_fold(checksum_add(0, h, size)) ^ (s->bad_checksum ? 0x5555 : 0));
	f->ethertype = ETHERTYPE_IPV4;
}

static void fragment_header(uint8_t *h, const struct ip_shape *s, uint16_t id)
{
	put_u16(h + 2, (s->offset & 0xfff8) | s->mf);
	put_u32(h + 4, id);
}

/* A Pad1 or PadN option over `size` bytes (RFC 8200 4.2). */
static void padding_options(uint8_t *h, size_t size)
{
	h[0] = 1;
	h[1] = (uint8_t)(size - 2);
}

static void extension_prepend(struct frame *f, const struct extension *e, const struct ip_shape *s,
	uint8_t next, uint16_t id)
{
	uint8_t *h = frame_prepend(f, e->size);

	h[0] = next;
	switch (e->protocol) {
	case PROTOCOL_FRAGMENT:
		fragment_header(h, s, id);
		break;
	case PROTOCOL_AH: /* RFC 4302: length in words, less two */
		h[1] = (uint8_t)(e->size / 4 - 2);
		put_u32(h + 4, 0x1000);
		break;
	case PROTOCOL_ROUTING: /* an experimental type (RFC 4727), no segments left */
		h[1] = (uint8_t)(e->size / 8 - 1);
		h[2] = 253;
		break;
	default:
		h[1] = (uint8_t)(e->size / 8 - 1);
		padding_options(h + 2, e->size - 2u);
	}
}

static bool has_fragment_header(const struct ip_shape *s)
{
	for (unsigned i = 0; i < s->extensions; i++) {
		if (s->extension[i].protocol == PROTOCOL_FRAGMENT)
			return true;
	}
	return false;
}

static uint8_t extensions_prepend(
	struct frame *f, uint8_t protocol, const struct ip_shape *s, uint16_t id)
{
	static const struct extension fragment = {PROTOCOL_FRAGMENT, 8};

	if ((s->mf || s->offset) && !has_fragment_header(s)) {
		extension_prepend(f, &fragment, s, protocol, id);
		protocol = PROTOCOL_FRAGMENT;
	}
	for (unsigned i = s->extensions; i-- > 0;) {
		extension_prepend(f, &s->extension[i], s, protocol, id);
		protocol = s->extension[i].protocol;
	}
	return protocol;
}

static void ipv6_prepend(struct frame *f, const struct endpoint *from, const struct endpoint *to,
	uint8_t protocol, const struct ip_shape *s, uint16_t id)
{
	uint8_t next = extensions_prepend(f, protocol, s, id);
	size_t payload = f->length;
	uint8_t *h = frame_prepend(f, 40);

	h[0] = (uint8_t)(version_field(s, 6) << 4 | s->tos >> 4);
	h[1] = (uint8_t)(s->tos << 4);
	put_u16(h + 4, length_field(s, payload));
	h[6] = next;
	h[7] = s->ttl;
	memcpy(h + 8, endpoint_bytes(from), 16);
	memcpy(h + 24, endpoint_bytes(to), 16);
	f->ethertype = ETHERTYPE_IPV6;
}

void ip_prepend(struct frame *f, const struct endpoint *from, const struct endpoint *to,
	uint8_t protocol, const struct ip_shape *s, uint16_t next_id)
{
	uint16_t id = s->id >= 0 ? (uint16_t)s->id : next_id;

	f->from = *from;
	f->to = *to;
	if (from->version == 4)
		ipv4_prepend(f, from, to, protocol, s, id);
	else
		ipv6_prepend(f, from, to, protocol, s, id);
}

uint64_t ip_pseudo_sum(
	const struct endpoint *from, const struct endpoint *to, uint8_t protocol, size_t length)
{
	uint64_t sum = checksum_add(length + protocol, endpoint_bytes(from), endpoint_size(from));

	return checksum_add(sum, endpoint_bytes(to), endpoint_size(to));
}
