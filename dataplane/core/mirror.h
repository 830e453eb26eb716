/* Measures the mirror itself: what it lost, cut, doubled or showed of one side only (DESIGN 5).
 *
 * Nothing here is done for an ordinary packet: frames are counted a burst at a time, and by
 * themselves only where they have a VLAN tag; TCP is counted when a flow ends. Only a sample of
 * connections is watched packet by packet, for bytes that were acknowledged and never seen: each
 * for its first WATCH_PACKETS, one more for every WATCH_COST packets once WATCHES were begun.
 *
 * Owned by one worker, in given memory, zeroed.
 */
#ifndef PORTOLAN_MIRROR_H
#define PORTOLAN_MIRROR_H

#include "core/decode/decoded.h"
#include "mirror_counters.h"
#include "packet.h"
#include "record.h"

#define MIRROR_SLOTS 512
#define WATCHES 64u
#define WATCH_PACKETS 32u
#define WATCH_COST 8192u
#define WATCH_NONE UINT32_MAX

/* One direction of a watched connection, in sequence numbers. */
struct watched_side {
	uint32_t high;		    /* behind the last byte that was seen */
	uint32_t hole, hole_length; /* the oldest gap before `high` */
	uint32_t late, late_length; /* counted as unseen last: the mirror may deliver it yet */
	uint32_t acknowledged;
	uint64_t packet; /* tells IPv4's last one from a copy; 0: none */
	uint8_t has_high, has_acknowledged;
};

struct watch {
	uint32_t flow; /* its number in the table */
	uint32_t left; /* packets to watch; 0: nobody's */
	struct watched_side side[2];
};

struct mirror {
	struct mirror_counters figures;
	uint16_t slot[MIRROR_SLOTS]; /* lanes by hash; 0: empty */
	uint16_t last;		     /* lane that was asked for last */
	uint16_t last_session;
	uint8_t has_interfaces; /* more than number 0 */
	uint32_t begun;		/* watches, of those that cost nothing */
	uint64_t paid_frames;	/* of these, what further ones have used up */
	uint64_t frames;
	struct watch watch[WATCHES]; /* by the flow's number */
};

void mirror_init(struct mirror *, struct mirror_host *, size_t hosts);

/* A burst, and how many of its frames were captured shorter than they were. */
void mirror_burst(struct mirror *, const struct burst *, uint64_t truncated);

/* One of its packets that the layers were asked about, whatever it is: moves it to the lane of
 * its VLAN, and looks at the number that a mirror gave it. */
void mirror_layered(struct mirror *, const struct packet *, const struct decoded *);

/* A packet that is dropped as a copy, and is no more in a burst. */
void mirror_copy(struct mirror *, const struct packet *, const struct decoded *);

/* A monitored packet that is older than one before. */
static inline void mirror_backwards(struct mirror *m, uint64_t by_ns)
{
	m->figures.backwards++;
	if (by_ns > m->figures.backwards_ns)
		m->figures.backwards_ns = by_ns;
}

/* A flow that ends: its number in the table, the history bits that both sides have shown. */
void mirror_end(struct mirror *, uint32_t flow, unsigned history_bits, const struct record *);

/* --- the sample ---------------------------------------------------------------------------- */

static inline int mirror_watches(const struct mirror *m, uint32_t flow)
{
	const struct watch *w = &m->watch[flow % WATCHES];

	return w->left > 0 && w->flow == flow;
}

/* An established TCP flow: 1 if it is watched from now on. */
int mirror_begin_watch(struct mirror *, uint32_t flow);

/* A packet of a watched flow: 1 if it goes on being watched. */
int mirror_watch(struct mirror *, uint32_t flow, const struct packet *, const struct decoded *);

#endif
