/* The collector: where records go, whatever they come from: flow and event lines, accounting,
 * summary. A replay and a sensor keep the same one.
 *
 * Complains on standard error itself; functions return the command's exit status.
 */
#ifndef PORTOLAN_COLLECTOR_H
#define PORTOLAN_COLLECTOR_H

#include "base/exit_status.h"
#include <jansson.h>
#include <stdbool.h>

#include "analysis/alerts.h"
#include "analysis/deployment.h"
#include "analysis/mirror_report.h"
#include "analysis/usage.h"
#include "base/buffer.h"
#include "policy/nearest.h"
#include "policy/remap.h"
#include "run/replay.h"

struct ruleset;
struct settings;

struct collector_options {
	const char *flows, *events, *stats; /* paths, "-" or NULL */
};

/* A ruleset in whose numbers records may still come, and how they read in the next one's. */
struct collector_previous {
	const struct ruleset *ruleset; /* NULL: there is none */
	struct other_profiles other_profiles;
	struct ecs ecs;
	struct remap remap;
};

struct collector {
	const struct collector_options *options;
	const struct ruleset *ruleset;
	struct other_profiles other_profiles;
	struct ecs ecs;
	struct collector_previous previous;
	struct json_lines flow_lines, event_lines, stats_lines;
	struct buffer flow_json; /* of the flow that is written */
	struct alerts events;
	struct usage_table usage;
	struct deployment deployment;
	struct mirror_report mirror;
	struct mirror_report dump; /* the mirror, as the dump under way shows it */
	/* Shown every flow of a dump, in the numbers of the ruleset in force; NULL: nobody asks. */
	record_taker *live_flow_callback;
	void *live_flow_context;
	char host[256];
};

/* What came of it all, for the last page. */
struct collector_result {
	struct counters counters;
	uint64_t start_ns, end_ns;
	const char *title;
	json_t *more; /* further members of the accounting, taken over; or NULL */
};

int collector_open(struct collector *, const struct ruleset *, const struct settings *,
	const struct collector_options *);

/* Since when the deployment is watched, where that is not the beginning of time: before the
 * first record. */
void collector_begin(struct collector *, uint64_t now_ns);

/* Names of the interfaces that packets come from, lent; before the first record. */
void collector_name_interfaces(struct collector *, const char *const *name, size_t names);

/* A record_taker; the context is the collector. */
void collector_add(void *collector, const struct record *);

/* Another ruleset is in force; `remap` of the one before it are the collector's from now on.
 * Records in the former one's numbers are understood until collector_forget_previous(). 0 or a
 * negative errno with nothing changed. Not before the last reload has rejudged its flows. */
int collector_reload(struct collector *, const struct ruleset *, struct remap);
void collector_forget_previous(struct collector *);

/* A dump: from here on every live flow comes once. At its end the workers' figures were added to
 * `dump`, which is then what is known of the mirror. */
void collector_begin_dump(struct collector *);
void collector_end_dump(struct collector *);

/* Judges the deployment, after a dump; what has changed is told. */
void collector_evaluate(struct collector *, const struct counters *, uint64_t now_ns);

/* Ends the event window, closes the lines, writes accounting and summary. */
int collector_close(struct collector *, struct collector_result *);

/* Gives everything back; also where it was not opened, or not to the end. */
void collector_fini(struct collector *);

#endif
