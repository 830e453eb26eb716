/* One Ethernet port of DPDK's: its queues, its buffers, what it counts and what it loses.
 *
 * Lies in the set of ports (dpdk.h). Made, started and closed by one thread; counted and
 * watched by any one at a time, while workers poll its queues.
 */
#ifndef PORTOLAN_PORT_H
#define PORTOLAN_PORT_H

#include <net/if.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include <rte_ethdev.h>

#include "source_dpdk.h"

#define DPDK_QUEUES_MAX 32
#define DPDK_SOCKETS_MAX 32
#define DPDK_RX_DESCRIPTORS 2048 /* 138 us of 64-byte frames at 10 Gbps: more than a sleep */

struct dpdk_port_config {
	unsigned workers;
	int hash;	       /* spread over queues in hardware, if the NIC can */
	uint32_t buffers;      /* for each queue */
	uint32_t buffer_bytes; /* for a frame, or a piece of one */
};

struct dpdk_port {
	uint16_t id, queues;
	char name[RTE_ETH_NAME_MAX_LEN], driver[32];
	int real; /* has a NIC's address, not a virtual device's name */
	struct rte_mempool *pool[DPDK_QUEUES_MAX];
	uint16_t table; /* entries of its indirection table; 0: it does not spread, see why */
	const char *why;
	const char *remark; /* what did not go as wanted; NULL: nothing */
	int configured, started;

	/* Of the kernel's interface behind a virtual device, if there is one. */
	char interface[IF_NAMESIZE];
	unsigned interface_index;
	int socket[DPDK_SOCKETS_MAX];
	size_t sockets;

	atomic_int removed; /* written by whoever notices, read by workers */
	int up;		    /* by the thread that watches */

	pthread_mutex_t counting;
	uint64_t socket_drops, first_dropped; /* under the lock */
};

/* 0 or a negative errno with the reason in `error`; to be closed either way. */
int dpdk_port_open(struct dpdk_port *, uint16_t id, const struct dpdk_port_config *,
	char error[SOURCE_ERROR_BYTES]);
int dpdk_port_start(struct dpdk_port *, char error[SOURCE_ERROR_BYTES]);
void dpdk_port_close(struct dpdk_port *);

/* The queue on which the port must put a pair of addresses, if it spreads. */
unsigned dpdk_port_queue(const struct dpdk_port *, const uint8_t *addresses, unsigned bytes);

/* 0 or a negative errno. */
int dpdk_port_loss(struct dpdk_port *, struct source_loss *);
void dpdk_port_describe(struct dpdk_port *, struct source_dpdk_port *);

/* 1 with one line about what has changed, else 0. */
int dpdk_port_watch(struct dpdk_port *, char text[SOURCE_ERROR_BYTES]);

/* Whether its link carried nothing when it was watched last; and one line about it. */
int dpdk_port_is_down(struct dpdk_port *, char text[SOURCE_ERROR_BYTES]);

#endif
