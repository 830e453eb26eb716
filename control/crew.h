/* The crew: one thread a worker, each with a source of its own.
 *
 * Control starts it, collects its records, reads its counters, ends it. A worker's records
 * wait in a bounded queue of parcels. Where that is full a worker that may wait does (a replay
 * loses nothing); a live one goes on, drops them, and counts what it dropped.
 */
#ifndef PORTOLAN_CREW_H
#define PORTOLAN_CREW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "counters.h"
#include "passage.h"
#include "source.h"

struct chart;
struct mirror_report;
struct crew;

struct crew_config {
	const struct chart *chart;
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

/* Records that found no place. */
uint64_t crew_dropped(const struct crew *);

/* Why a worker ended before it was asked to, or NULL. */
const char *crew_failure(const struct crew *);

/* Asks the workers to end. Collect until none is busy. */
void crew_stop(struct crew *);

/* Joins the workers, ends all flows, collects what is left. `now_ns`: the stream's last time. */
void crew_finish(struct crew *, uint64_t now_ns);

/* Adds what the workers measured of the mirror; after crew_finish(). */
void crew_mirror(const struct crew *, struct mirror_report *);

void crew_free(struct crew *);

#endif
