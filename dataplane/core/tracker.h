/* Flows over time: who initiated, what the policy says, how the connection stands, when it
 * ends (DESIGN 3 and 4).
 *
 * Owned by one worker; all memory is given. Fed with one monitored packet at a time, in the
 * order of the stream; leaves records in an outbox and numbers in counters.
 */
#ifndef PORTOLAN_TRACKER_H
#define PORTOLAN_TRACKER_H

#include "counters.h"
#include "packet.h"
#include "policy.h"
#include "record.h"
#include "table.h"
#include "timeouts.h"

struct tracker {
	const struct policy *policy;
	struct counters *counters;
	struct outbox *outbox;
	struct table table;
	uint64_t limit_ns[TIMEOUT_COUNT];
	uint64_t warmup_ns;	/* from the start of the stream */
	uint64_t start_ns;	/* of the stream; set with its first burst */
	uint64_t now_ns;	/* the stream's time as of the last packet */
	uint64_t next_sweep_ns; /* when the sweep may start again from the first flow */
};

void tracker_init(struct tracker *, const struct flow_timeouts *);

/* The canonical key of a view, and in view.direction which way it points. */
void tracker_key(struct view *, union flow_key *);

/* Counts the packet, with its flow or, where the table has no room, without.
 * `guess` is what table_guess() said a few packets ago, or FLOW_NONE. */
void tracker_packet(struct tracker *, const struct packet *, const struct view *,
	const union flow_key *, uint32_t guess);

/* Ends idle flows among the next few of the table: a little work with every burst. */
void tracker_sweep(struct tracker *);

/* Ends every flow that is left, a few at a time: call until it returns 0. `now_ns` is the
 * time of the whole stream's last packet. */
int tracker_finish(struct tracker *, uint64_t now_ns);

#endif
