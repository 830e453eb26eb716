/* The set of DPDK ports that this process reads: one, made by dpdk.c, read by its sources. */
#ifndef PORTOLAN_DPDK_H
#define PORTOLAN_DPDK_H

#include <stdatomic.h>

#include "source/dpdk/port.h"
#include "source/dpdk/software_rss.h"

#define DPDK_PORTS_MAX 16

struct dpdk {
	struct dpdk_port port[DPDK_PORTS_MAX];
	uint16_t ports;
	unsigned workers;
	enum source_dpdk_idle idle;
	int cpu[SOURCE_DPDK_WORKERS_MAX]; /* -1: anywhere */
	/* Written by a worker that finds the hardware's work wrong, read by all. */
	_Atomic(enum steering) steering;
	const char *why; /* it is in software */
	int told;	 /* by the thread that watches: that this changed */
	struct software_rss software_rss;
	uint8_t index[RTE_MAX_ETHPORTS]; /* of a port in the list above, by its id */
	char description[SOURCE_ERROR_BYTES];
	atomic_ulong copied; /* frames in pieces, put together: added to by workers */
};

/* The source of one worker (rx_queue.c). 0 or a negative errno. */
int dpdk_queue_open(struct source **, struct dpdk *, unsigned worker);

#endif
