/* The packets of several interfaces in the order of their times.
 *
 * A queue for each interface, of packets that were taken from its ring; their bytes are the
 * caller's. The kernel hands a packet over some time after it came (`hold_ns` at most): an
 * interface whose ring was found empty may still hold back packets that are younger than that,
 * and none that are older. So a packet goes out as soon as every other interface has a younger one
 * in its queue, or has nothing older any more. No packet waits longer than `hold_ns` after its
 * time, none is dropped, and an interface's own order stays as it is.
 *
 * Reads no clock and allocates nothing.
 */
#ifndef PORTOLAN_MERGE_H
#define PORTOLAN_MERGE_H

#include <stddef.h>
#include <stdint.h>

#include "packet.h"

#define MERGE_NOTHING_HELD UINT64_MAX

struct merge_queue {
	uint32_t next, count; /* packets from `next` on are still to go out */
	int exhausted;	      /* the ring had no more when it was read */
	struct packet packet[BURST_MAX];
};

struct merge {
	struct merge_queue *queue;
	size_t queues;
	uint64_t now_ns; /* by the clock of the packets' times, read before the rings were */
	uint64_t hold_ns;
};

static inline int merge_queue_is_empty(const struct merge_queue *q)
{
	return q->next == q->count;
}

/* Room for one more packet; at most BURST_MAX after merge_queue_clear(). */
static inline struct packet *merge_queue_add(struct merge_queue *q)
{
	return &q->packet[q->count++];
}

static inline void merge_queue_clear(struct merge_queue *q)
{
	q->next = q->count = 0;
	q->exhausted = 0;
}

/* Takes out the next packet; NULL if there is none, or it has to wait for what another interface
 * may still deliver. */
const struct packet *merge_take(struct merge *);

/* How long the first packet has to wait yet, after merge_take() gave NULL. */
uint64_t merge_held_ns(const struct merge *);

/* Nothing more comes: what the queues hold waits for nothing. */
void merge_end(struct merge *);

#endif
