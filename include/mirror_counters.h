/* What a worker measured of the mirror itself (DESIGN 5): what it could not see, and why.
 *
 * Made by control, written by one worker, read by control once the worker has ended. Bounded: what
 * finds no place of its own is counted together in the first lane, or in no session.
 */
#ifndef PORTOLAN_MIRROR_COUNTERS_H
#define PORTOLAN_MIRROR_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#include "address.h"

#define MIRROR_LANES 257 /* the first one: all that found no place */
#define MIRROR_SESSIONS 64

/* TCP flows that ended, those with data only: was there a second side? */
struct mirror_sides {
	uint64_t both, one;
};

/* One interface and VLAN (0: untagged). */
struct mirror_lane {
	uint64_t frames, truncated, duplicates;
	struct mirror_sides flows;
	uint64_t syn, syn_ack; /* TCP flows that have shown one */
	uint16_t interface, vlan;
	uint32_t zero;
};

/* ERSPAN numbers what it sends: what is missing between the first and the last was lost. A
 * session that starts over is a new leg. Numbers go on past 2^32. */
struct mirror_session {
	struct address source; /* the switch */
	uint16_t session;
	uint8_t version; /* of the address */
	uint8_t zero[5];
	uint64_t leg;
	uint64_t first, last; /* numbers */
	uint64_t packets;
};

/* One appliance. */
struct mirror_host {
	uint64_t packets;
	uint64_t last_ns;		   /* own time of the last packet; 0: never seen */
	uint64_t from_only, to_only, both; /* TCP flows with data: which sides were there */
};

struct mirror_counters {
	uint32_t lanes, sessions; /* in use; lanes: the first one included */
	struct mirror_lane lane[MIRROR_LANES];
	struct mirror_session session[MIRROR_SESSIONS];
	uint64_t unnumbered; /* packets of sessions that found no place */
	/* Of a sample of TCP connections: */
	uint64_t watched;
	uint64_t watched_packets, watched_copies; /* of IPv4: the same packet twice in a row */
	uint64_t acknowledged_bytes;
	uint64_t unseen_bytes; /* of these, never seen */
	/* Of monitored packets: */
	uint64_t backwards;	  /* older than one before */
	uint64_t backwards_ns;	  /* by how much at most */
	struct mirror_host *host; /* one an appliance */
	size_t hosts;
};

#endif
