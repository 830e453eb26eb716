/* The worker pool: one thread a worker, each with a source of its own.
 *
 * Control starts it, collects its records, reads its counters, ends it. A worker's records
 * wait in a bounded queue of batches. Where that is full a worker that may wait does (a replay
 * loses nothing); a live one goes on, drops them, and counts what it dropped.
 */
#ifndef PORTOLAN_WORKER_POOL_H
#define PORTOLAN_WORKER_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "counters.h"
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
	struct source *const *source; /* one a worker, lent */
	bool may_wait;
	uint64_t seed; /* of the flow tables' hash */
	record_taker *take;
	void *context;
};

/* 0 or a negative errno. */
int worker_pool_start(struct worker_pool **, const struct worker_pool_config *);

/* Hands waiting records to the taker; how many. */
size_t worker_pool_collect(struct worker_pool *);

/* Workers that are still at work. */
unsigned worker_pool_busy(const struct worker_pool *);

/* The sum over the workers, as of their last publication. */
void worker_pool_counters(const struct worker_pool *, struct counters *);

/* One worker's own, and how fast it is. */
void worker_pool_worker_counters(
	const struct worker_pool *, unsigned hand, struct counters *, struct cycle_counters *);

/* Records that found no place. */
uint64_t worker_pool_dropped(const struct worker_pool *);

/* Why a worker ended before it was asked to, or NULL. */
const char *worker_pool_failure(const struct worker_pool *);

/* What a reload needs, made before anything changes; `new_number`: see policy_change.h. NULL where
 * memory ran out. Reloaded with, or discarded. */
struct policy_update *worker_pool_prepare(const struct worker_pool *, const struct ruleset *,
	const uint16_t *new_number, size_t new_numbers);
void worker_pool_discard(const struct worker_pool *, struct policy_update *);

/* Another ruleset, by RCU: workers have its policy from their next step on, and none has the former
 * one's any more when this returns; its numbers are in records until they have rejudged their
 * flows. Not before the last reload has rejudged its flows. */
void worker_pool_reload(struct worker_pool *, struct policy_update *);

/* Whether every flow is judged by the ruleset in force; what was said by the former one is
 * collected once worker_pool_collect() was called after this. */
bool worker_pool_has_rejudged(struct worker_pool *);

/* Asks for a RECORD_LIVE of every flow, and for the mirror's figures. */
void worker_pool_dump(struct worker_pool *);

/* Whether the last one is complete; collect once more then. */
bool worker_pool_has_dumped(const struct worker_pool *);

/* Adds what the workers had measured of the mirror; with no dump under way, and none asked for
 * before the last reload. */
void worker_pool_dumped_mirror(const struct worker_pool *, struct mirror_report *);

/* Asks the workers to end. Collect until none is busy. */
void worker_pool_stop(struct worker_pool *);

/* Joins the workers, ends all flows, collects what is left. `now_ns`: the stream's last time. */
void worker_pool_finish(struct worker_pool *, uint64_t now_ns);

/* Adds what the workers measured of the mirror; after worker_pool_finish(). */
void worker_pool_mirror(const struct worker_pool *, struct mirror_report *);

void worker_pool_free(struct worker_pool *);

#endif
