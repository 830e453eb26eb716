/* Copies of packets: the last ones of the slow path in a ring, those of flagged flows in batches
 * for control (see packet_evidence.h).
 *
 * Belongs to the tracker; without memory from control nothing is copied. A flow that is to be
 * copied whole leaves the fast path by SEEN0_SKEWED, as one that the mirror's sample has: packets
 * of other flows pay nothing. Never waits: what finds no batch is counted.
 */
#ifndef PORTOLAN_RECENT_PACKETS_H
#define PORTOLAN_RECENT_PACKETS_H

#include "core/decode/decoded.h"
#include "core/flow/state.h"
#include "packet.h"

/* evidence.copies */
enum copies {
	COPIES_RECENT, /* into the ring */
	COPIES_OUT,    /* to control: the flow was told */
	COPIES_DONE,   /* its bound is reached */
};

/* Whether all of the flow's packets are wanted: it is flagged, and within its bound. */
static inline int recent_packets_wants(const struct tracker *t, const struct flow *f)
{
	unsigned copies;

	if (!t->packet_evidence)
		return 0;
	copies = table_evidence(&t->table, f)->copies;
	return copies == COPIES_OUT ||
	       (copies == COPIES_RECENT && verdict_is_flagged(flow_verdict(f)));
}

void recent_packets_copy(
	struct tracker *, struct flow *, const struct packet *, const struct decoded *);

/* One more packet of the flow, which has counted it: after whatever it changed. */
static inline void recent_packets_add(
	struct tracker *t, struct flow *f, const struct packet *p, const struct decoded *v)
{
	if (t->packet_evidence)
		recent_packets_copy(t, f, p, v);
}

void recent_packets_flush(struct tracker *, struct flow *);

/* A record says that the flow is flagged: its packets go out from its first on that is left. */
static inline void recent_packets_told(struct tracker *t, struct flow *f)
{
	if (t->packet_evidence && table_evidence(&t->table, f)->copies == COPIES_RECENT)
		recent_packets_flush(t, f);
}

/* A flow was told, but for want of room it is none: its one packet. `r` is its record. */
void recent_packets_single(struct tracker *, const struct packet *, const struct record *);

#endif
