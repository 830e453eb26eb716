#include "packet/transport.h"

#include <string.h>

#include "packet/checksum.h"
#include "packet/ip.h"

/* The frame's sum with its pseudo header; the field is zero before. */
static unsigned frame_sum(const struct frame *f, const struct endpoint *from,
	const struct endpoint *to, uint8_t protocol, enum checksum_kind kind)
{
	uint16_t sum;

	if (kind == CHECKSUM_ZERO)
		return 0;
	sum = checksum_fold(
		checksum_add(ip_pseudo_sum(from, to, protocol, f->length), f->head, f->length));
	return kind == CHECKSUM_WRONG ? sum ^ 0x5555u : sum;
}

void tcp_prepend(struct frame *f, const struct endpoint *from, const struct endpoint *to,
	const struct tcp_fields *t, enum checksum_kind kind)
{
	size_t size = 20 + (size_t)((t->options_length + 3) & ~3);
	unsigned tokens = t->data_offset >= 0 ? (unsigned)t->data_offset : (unsigned)(size / 4);
	uint8_t *h = frame_prepend(f, size);

	put_u16(h, from->port);
	put_u16(h + 2, to->port);
	put_u32(h + 4, t->seq);
	put_u32(h + 8, t->ack);
	h[12] = (uint8_t)(tokens << 4);
	h[13] = t->flags;
	put_u16(h + 14, t->window);
	memcpy(h + 20, t->options, t->options_length);
	put_u16(h + 16, frame_sum(f, from, to, PROTOCOL_TCP, kind));
}

void udp_prepend(struct frame *f, const struct endpoint *from, const struct endpoint *to,
	int32_t length, enum checksum_kind kind)
{
	uint8_t *h = frame_prepend(f, 8);
	unsigned sum;

	put_u16(h, from->port);
	put_u16(h + 2, to->port);
	put_u16(h + 4, length >= 0	    ? (unsigned)length
		       : f->length > 0xffff ? 0
					    : (unsigned)f->length);
	sum = frame_sum(f, from, to, PROTOCOL_UDP, kind);
	put_u16(h + 6, sum == 0 && kind == CHECKSUM_RIGHT ? 0xffff : sum);
}

void icmp_prepend(struct frame *f, const struct endpoint *from, const struct endpoint *to,
	uint8_t type, uint8_t code, uint32_t rest, enum checksum_kind kind)
{
	uint8_t *h = frame_prepend(f, 8);
	uint16_t sum;

	h[0] = type;
	h[1] = code;
	put_u32(h + 4, rest);
	if (from->version == 6) {
		put_u16(h + 2, frame_sum(f, from, to, PROTOCOL_ICMPV6, kind));
		return;
	}
	sum = checksum_fold(checksum_add(0, f->head, f->length));
	put_u16(h + 2, kind == CHECKSUM_WRONG ? sum ^ 0x5555u : kind == CHECKSUM_ZERO ? 0 : sum);
}
