/* Packets as they come, from network interfaces through libpcap and Linux.
 *
 * Several workers share one interface: the kernel gives each address pair to one of them,
 * both directions and all fragments of it. Opening needs CAP_NET_RAW. An interface that goes
 * down and comes back is read on; one that disappears ends its sources with -ENODEV.
 */
#ifndef PORTOLAN_SOURCE_LIVE_H
#define PORTOLAN_SOURCE_LIVE_H

#include <stddef.h>
#include <stdint.h>

#include "source.h"

#define SOURCE_LIVE_RING_BYTES (64u << 20)
#define SOURCE_LIVE_SNAPLEN 65536u /* jumbo frames, and what offloads make of several frames */
#define SOURCE_LIVE_WAIT_MS 100u

enum source_live_spread {
	SOURCE_LIVE_SPREAD_AUTO,  /* by the address pair; where that does not load, by the flow */
	SOURCE_LIVE_SPREAD_PAIRS, /* by the address pair or not at all */
	SOURCE_LIVE_SPREAD_FLOWS, /* PACKET_FANOUT_HASH */
};

struct source_live_config {
	const char *const *interface;
	size_t interfaces;
	unsigned workers;
	/* 0 is the default above. */
	uint32_t ring_bytes; /* for each worker and interface */
	uint32_t snaplen;
	uint32_t wait_ms; /* a poll of an idle interface returns after so long */
	enum source_live_spread spread;
};

/* Opens one source for each worker, into source[0 … workers - 1]; each reads its share of all
 * interfaces (packet.interface is the index above). They begin together: no packet comes to
 * two of them. 0 or a negative errno with the reason in `error`, and nothing open. */
int source_live_open(
	struct source *source[], const struct source_live_config *, char error[SOURCE_ERROR_BYTES]);

#endif
