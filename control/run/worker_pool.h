/* The worker pool: one thread per worker, each with a source of its own.
 *
 * The control thread starts it, collects its records, reads its counters and stops it. Each
 * worker's records go through a bounded queue of batches. If that is full, a worker of a replay
 * waits (nothing is lost); one of a sensor drops the records and counts them. Batches of packets go
 * the same way, each behind the records of its flows; a replay has so many that none is missing.
 */
#ifndef PORTOLAN_WORKER_POOL_H
#define PORTOLAN_WORKER_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "counters.h"
#include "packet_evidence.h"
#include "run/replay.h"
#include "source.h"

struct ruleset;
struct settings;
struct mirror_report;
struct cycle_counters;
struct policy_update;
struct worker_pool;

struct worker_pool_config {
	const struct ruleset *ruleset;
	const struct settings *settings;
	unsigned workers;
	struct source *const *source; /* one per worker, lent */
	bool may_wait;
	uint64_t seed;		     /* of the flow tables' hash */
	record_taker *take, *expect; /* as records_take() */
	void *context;
	const struct evidence_settings *evidence; /* or NULL: no packets are kept */
	evidence_taker *take_packet;		  /* each after the record that flagged its flow */
};

/* 0 or a negative errno. */
int worker_pool_start(struct worker_pool **, const struct worker_pool_config *);

/* Passes queued records to `take`; returns their number. */
size_t worker_pool_collect(struct worker_pool *);

/* Number of workers still running. */
unsigned worker_pool_busy(const struct worker_pool *);

/* Counters summed over the workers, as last published. */
void worker_pool_counters(const struct worker_pool *, struct counters *);

/* One worker's counters and cycle counters. */
void worker_pool_worker_counters(
	const struct worker_pool *, unsigned thread, struct counters *, struct cycle_counters *);

/* Records dropped because a queue was full. */
uint64_t worker_pool_dropped(const struct worker_pool *);

/* Why a worker ended early, or NULL. */
const char *worker_pool_failure(const struct worker_pool *);

/* Allocates what a reload needs; `new_number`: see policy_change.h. NULL: out of memory. To be
 * passed to worker_pool_reload() or worker_pool_discard(). */
struct policy_update *worker_pool_prepare(const struct worker_pool *, const struct ruleset *,
	const uint16_t *new_number, size_t new_numbers);
void worker_pool_discard(const struct worker_pool *, struct policy_update *);

/* Switches to another ruleset by RCU: workers use its policy from their next step, and none uses
 * the former one when this returns. Records may have the former one's numbers until the workers
 * have rejudged their flows. Only after the last reload has rejudged its flows. */
void worker_pool_reload(struct worker_pool *, struct policy_update *);

/* Whether every flow is judged by the current ruleset; then one more worker_pool_collect() returns
 * the last records of the former one. */
bool worker_pool_has_rejudged(struct worker_pool *);

/* Requests a RECORD_LIVE for every flow, and the mirror figures. */
void worker_pool_dump(struct worker_pool *);

/* Whether the last dump is complete; then collect once more. */
bool worker_pool_has_dumped(const struct worker_pool *);

/* Adds the workers' mirror figures of the last dump. Not while a dump is in progress, or if it was
 * requested before the last reload. */
void worker_pool_dumped_mirror(const struct worker_pool *, struct mirror_report *);

/* Tells the workers to stop. Collect until none is busy. */
void worker_pool_stop(struct worker_pool *);

/* Joins the workers, ends all flows, collects the remaining records. `now_ns`: the stream's last
 * time. */
void worker_pool_finish(struct worker_pool *, uint64_t now_ns);

/* Adds the workers' final mirror figures; after worker_pool_finish(). */
void worker_pool_mirror(const struct worker_pool *, struct mirror_report *);

void worker_pool_free(struct worker_pool *);

#endif
