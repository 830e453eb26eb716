/* TCP by its sequence numbers (RFC 9293): which flow a SYN, an answer or a reset belongs to, in
 * whichever order a mirror delivers the two directions (DESIGN 4).
 *
 * An answer proves the SYN whose number it acknowledges; a SYN with another number begins another
 * flow once it is acknowledged. What fits nothing is no evidence.
 */
#ifndef PORTOLAN_SEQUENCE_H
#define PORTOLAN_SEQUENCE_H

#include "core/flow/fast_path.h"
#include "core/flow/state.h"
#include "packet.h"

/* What a segment is to the flow of its addresses and ports. */
enum segment {
	SEGMENT_BELONGS,       /* one more of it, taken down in the evidence */
	SEGMENT_UNFIT,	       /* its numbers fit nothing: counted with the flow, no evidence */
	SEGMENT_BEGINS,	       /* the first one of another flow */
	SEGMENT_BEGINS_BEFORE, /* the same, and the SYN that was pending is its first packet */
};

/* `gap_ns` since the flow's last packet. Changes the evidence only of what belongs or is pending.
 */
enum segment sequence_see(
	struct tracker *, struct flow *, const struct decoded *, uint64_t now_ns, uint64_t gap_ns);

/* A SYN or SYN+ACK without payload of this flow that comes again, as it lies in an Ethernet frame:
 * it tells nothing new, and need not be looked at. */
int sequence_is_copy(const struct tracker *, const struct flow *, const struct packet *,
	const struct fast_packet *);

/* The SYN that was pending, as the first packet of a flow that was just begun. */
void sequence_begin_before(struct evidence *, const struct evidence *before);

/* Who began it by the numbers: the place in the key, with the basis; -1: they do not tell. */
int sequence_initiator(const struct tracker *, const struct flow *, enum basis *basis);

#endif
