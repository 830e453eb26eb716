/* The stream prefix of one direction of a stream: its first bytes, put together in order.
 *
 * Segments may come out of order, again, or overlapping with other bytes: what came first
 * stands, and a contradiction is counted, but for one byte alone, which keepalives send. One
 * exception: a few zero bytes at the very beginning may be Ethernet's padding, which some captures
 * count as payload; what comes again in their place is what was sent. Memory is the reassembly
 * slot's that it is part of.
 */
#ifndef PORTOLAN_REASSEMBLY_H
#define PORTOLAN_REASSEMBLY_H

#include <stdint.h>

#define PREFIX_BYTES 512
#define PADDING_MAX 6u /* of 60 bytes Ethernet, IPv4 and TCP leave six */

struct stream_prefix {
	uint32_t first;	       /* sequence number of byte[0] */
	uint16_t length;       /* bytes from byte[0] on without a hole */
	uint16_t reached;      /* one behind the last byte that is there */
	uint16_t soft;	       /* of these at the beginning perhaps padding */
	uint32_t contradicted; /* bytes that came again and were others */
	uint64_t there[PREFIX_BYTES / 64];
	uint8_t byte[PREFIX_BYTES];
};

void reassembly_init(struct stream_prefix *, uint32_t first);

/* Zeros, and so few that they may be padding. */
int reassembly_is_padding(const uint8_t *bytes, uint32_t count);

/* Whether the stream prefix has become longer. */
int reassembly_put(struct stream_prefix *, uint32_t sequence, const uint8_t *bytes, uint32_t count);

#endif
