/* A packet while it is built, from the inside out: the payload first, then each
 * header before the one that was there.
 *
 * One fixed buffer. Whoever prepends keeps within FRAME_HEADROOM, which the bounds
 * on options, extension headers and encapsulations guarantee (asserted).
 */
#ifndef GENERATE_FRAME_H
#define GENERATE_FRAME_H

#include "packet/endpoint.h"

#define FRAME_HEADROOM 8192u
#define FRAME_PAYLOAD_MAX 262144u
#define FRAME_TAILROOM 512u /* padding and trailer */

/* Transparent Ethernet bridging: the frame begins with an Ethernet header. */
#define ETHERTYPE_TEB 0x6558u
#define ETHERTYPE_IPV4 0x0800u
#define ETHERTYPE_ARP 0x0806u
#define ETHERTYPE_IPV6 0x86ddu

struct frame {
	uint8_t *head;
	size_t length;
	uint16_t ethertype;	  /* what the frame begins with */
	struct endpoint from, to; /* of the outermost IP header */
	uint8_t *sequence;	  /* a field that counts a session's packets, or NULL */
	uint16_t session;
	uint8_t room[FRAME_HEADROOM + FRAME_PAYLOAD_MAX + FRAME_TAILROOM];
};

/* Begins a new packet with its innermost bytes; false if they are too many. */
bool frame_start(struct frame *, const void *payload, size_t length);

/* `count` zero bytes before what is there. */
uint8_t *frame_prepend(struct frame *, size_t count);

/* Zero bytes behind, up to `length` in all. */
void frame_pad(struct frame *, size_t length);

static inline void put_u16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline void put_u32(uint8_t *at, uint32_t value)
{
	put_u16(at, value >> 16);
	put_u16(at + 2, value & 0xffff);
}

#endif
