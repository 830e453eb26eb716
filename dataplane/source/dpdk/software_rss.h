/* Spreading packets over workers where no NIC does it: a ring for each worker.
 *
 * There is no thread for it. Whoever has nothing in its own ring takes the lock, reads the
 * next queue and puts each packet into the ring of the worker it belongs to; who does not get
 * the lock has nothing to do. While one ring is full nobody reads: then the NIC loses, and
 * counts. Memory is DPDK's.
 */
#ifndef PORTOLAN_SOFTWARE_RSS_H
#define PORTOLAN_SOFTWARE_RSS_H

#include <stdatomic.h>
#include <stdint.h>

#include <rte_ring.h>
#include <rte_spinlock.h>

#include "source/dpdk/port.h"

#define SOFTWARE_RSS_RING 1024

struct dpdk_slot { /* a queue to read */
	struct dpdk_port *port;
	uint16_t id, queue;
};

struct software_rss {
	struct rte_ring *ring[SOURCE_DPDK_WORKERS_MAX];
	unsigned workers;
	source_dpdk_hash *hash;
	const void *hash_context;
	atomic_uint agreed; /* workers that read no queue of their own any more */

	rte_spinlock_t lock; /* for what follows */
	struct dpdk_slot slot[RTE_MAX_ETHPORTS * 4];
	unsigned slots, next;
};

/* 0 or a negative errno; to be closed either way. */
int software_rss_open(struct software_rss *, unsigned workers);
void software_rss_close(struct software_rss *);

/* Adds all queues of a port; -ENOSPC where there are too many. */
int software_rss_add(struct software_rss *, struct dpdk_port *);

/* A worker reads no queue of its own from here on; once each, the reading begins with all. */
void software_rss_agree(struct software_rss *);

/* At most BURST_MAX packets of one worker, by its thread; their number, or -EAGAIN: none, but
 * another worker is reading or has a full ring, so come back at once. */
int software_rss_take(struct software_rss *, unsigned worker, struct rte_mbuf **);

#endif
