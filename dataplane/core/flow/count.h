/* Packets and bytes, of a flow and by verdict. */
#ifndef PORTOLAN_COUNT_H
#define PORTOLAN_COUNT_H

#include "core/decode/decoded.h"
#include "core/flow/state.h"
#include "packet.h"

static inline void count_verdict(
	struct counters *c, enum verdict v, uint64_t packets, uint64_t bytes)
{
	c->verdict_packets[v] += packets;
	c->verdict_bytes[v] += bytes;
}

/* One packet, and the later fragments that waited for it. */
void count_packet(
	struct tracker *t, struct flow *f, const struct packet *p, const struct decoded *v);

/* A packet of this direction that was another flow's: its count goes with it, the verdict's stays.
 */
void count_give_back(struct flow *f, unsigned d, uint64_t bytes);

/* Moves the flow from its old verdict's count to the new one's; counts a corrected initiator. */
void count_change(struct tracker *t, struct flow *f, const struct flow *before);

#endif
