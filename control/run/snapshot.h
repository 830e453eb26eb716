/* The snapshot: state from which metrics and control socket requests are answered.
 *
 * Taken by the control thread once a second and unchanged until the next one. What it points to is
 * lent and current. Used on the control thread only.
 */
#ifndef PORTOLAN_SNAPSHOT_H
#define PORTOLAN_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "counters.h"
#include "run/capture.h"
#include "worker.h"

struct ruleset;
struct worker_pool;
struct collector;
struct reload;

/* One worker as of its last publication. */
struct snapshot_worker {
	struct counters counters;
	struct cycle_counters cycle_counters;
};

struct snapshot {
	uint64_t now_ns, start_ns; /* wall clock */
	const struct reload *reload;
	const struct collector *collector; /* events, deployment, mirror, exposures */
	const struct capture *capture;
	struct source_loss loss;
	struct counters counters; /* the sum over the workers */
	unsigned workers;
	struct snapshot_worker worker[CAPTURE_WORKERS_MAX];
	uint64_t records_dropped;
	uint64_t last_packet_ns; /* when the frame count last rose; 0: never */
	uint64_t quiet_since_ns; /* the same, or the start, by the steady clock */
	uint64_t quiet_ns;	 /* for how long no packet has come */
	unsigned links_down;	 /* and one line about the first of them */
	char link_down[SOURCE_ERROR_BYTES];
	bool in_doubt; /* see mirror_report_is_in_doubt() */
};

/* Sets the lent parts and the start time. */
void snapshot_init(struct snapshot *, const struct reload *, const struct collector *,
	const struct capture *, uint64_t start_ns);

/* The current ruleset, not the one at the time of the snapshot. */
const struct ruleset *snapshot_ruleset(const struct snapshot *);

/* Updates the snapshot: the wall clock says when things happened, the steady one how long ago. */
void snapshot_take(
	struct snapshot *, const struct worker_pool *, uint64_t now_ns, uint64_t steady_ns);

#endif
