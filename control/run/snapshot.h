/* The snapshot: what those who ask a sensor are answered from (metrics, control socket).
 *
 * Taken by control between two looks, and not changed while somebody is answered: all of it
 * is control's thread. What it points to is lent, and good until control goes on.
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
	uint64_t last_packet_ns; /* when the number of frames last rose; 0: never */
	bool in_doubt;		 /* the mirror: see mirror_report_is_in_doubt() */
};

/* The parts that are lent, and when it began. */
void snapshot_init(struct snapshot *, const struct reload *, const struct collector *,
	const struct capture *, uint64_t start_ns);

/* The ruleset in force: of now, not of when the snapshot was taken. */
const struct ruleset *snapshot_ruleset(const struct snapshot *);

/* As it is now. */
void snapshot_take(struct snapshot *, const struct worker_pool *, uint64_t now_ns);

#endif
