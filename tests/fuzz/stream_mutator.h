/* Changes a stream of packets as fuzz_core reads it: each behind eight bytes, two of its length,
 * two of what was on the wire beyond it, three of time, one of how time moves and of the interface.
 * Before them a byte of settings, after them one.
 *
 * Packets are lost, repeated, delayed, reordered, cut by the capture; segments of TCP are split,
 * answered and begun with a handshake; one packet or a whole conversation is changed by
 * packet_mutate().
 */
#ifndef PORTOLAN_STREAM_MUTATOR_H
#define PORTOLAN_STREAM_MUTATOR_H

#include "mutation.h"

void stream_mutate(struct mutation *stream);

/* The packets of two streams in turn, each in its order. Returns the size. */
size_t stream_interleave(
	const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size, struct mutation *out);

#endif
