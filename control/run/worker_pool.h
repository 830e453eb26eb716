/* The crew: one thread a worker, each with a source of its own.
 *
 * Control starts it, collects its records, reads its counters, ends it. A worker's records
 * wait in a bounded queue of parcels. Where that is full a worker that may wait does (a replay
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
struct mirror_report;
struct pace;
struct reign;
struct crew;

struct crew_config {
	const struct ruleset *ruleset;
	unsigned workers;
	struct source *const *source; /* one a worker, lent */
	bool may_wait;
	uint64_t seed; /* of the flow tables' hash */
	record_taker *take;
	void *context;
};

/* 0 or a negative errno. */
int crew_start(struct crew **, const struct crew_config *);

/* Hands waiting records to the taker; how many. */
size_t crew_collect(struct crew *);

/* Workers that are still at work. */
unsigned crew_busy(const struct crew *);

/* The sum over the workers, as of their last publication. */
void crew_counters(const struct crew *, struct counters *);

/* One worker's own, and how fast it is. */
void crew_hand_figures(const struct crew *, unsigned hand, struct counters *, struct pace *);

/* Records that found no place. */
uint64_t crew_dropped(const struct crew *);

/* Why a worker ended before it was asked to, or NULL. */
const char *crew_failure(const struct crew *);

/* What a reload needs, made before anything changes; `heir`: see succession.h. NULL where memory
 * ran out. Reloaded with, or discarded. */
struct reign *crew_prepare(
	const struct crew *, const struct ruleset *, const uint16_t *heir, size_t remap);
void crew_discard(const struct crew *, struct reign *);

/* Another chart, by RCU: workers have its policy from their next step on, and none has the former
 * one's any more when this returns; its numbers are in records until they have settled. Not before
 * the last reload has settled. */
void crew_reload(struct crew *, struct reign *);

/* Whether every flow is judged by the chart in force; what was said by the former one is
 * collected once crew_collect() was called after this. */
bool crew_has_settled(struct crew *);

/* Asks for a RECORD_LIVE of every flow, and for the mirror's figures. */
void crew_survey(struct crew *);

/* Whether the last one is complete; collect once more then. */
bool crew_has_surveyed(const struct crew *);

/* Adds what the workers had measured of the mirror; with no survey under way, and none asked for
 * before the last reload. */
void crew_surveyed_mirror(const struct crew *, struct mirror_report *);

/* Asks the workers to end. Collect until none is busy. */
void crew_stop(struct crew *);

/* Joins the workers, ends all flows, collects what is left. `now_ns`: the stream's last time. */
void crew_finish(struct crew *, uint64_t now_ns);

/* Adds what the workers measured of the mirror; after crew_finish(). */
void crew_mirror(const struct crew *, struct mirror_report *);

void crew_free(struct crew *);

#endif
