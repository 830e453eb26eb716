/* The collector: takes the records of all workers; writes flows, events and accounting, and feeds
 * analysis and summary. The same for replay and sensor.
 *
 * Reports errors on standard error itself; functions return the command's exit status.
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
#include "run/store_feed.h"
#include "sink/evidence_files.h"

struct baseline_finding;
struct ruleset;
struct settings;

struct collector_options {
	const char *flows, *events, *stats; /* paths, "-" or NULL */
	const char *store;		    /* folder; NULL: the site's, if it has one */
	const char *evidence;		    /* folder; NULL: the site's, where the sensor runs */
	uint64_t learn_ns;		    /* of a replay, before baseline findings; 0: none */
	bool shows_all;			    /* the summary leaves nothing out */
	bool extends;			    /* flows and events are added to files that exist */
	struct store_progress *progress;    /* of the store; or NULL */
};

/* The former ruleset, in whose numbers records may still arrive, and the remap to the current
 * one. */
struct collector_previous {
	const struct ruleset *ruleset; /* NULL: none */
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
	struct buffer flow_json; /* scratch: the flow being written */
	struct alerts events;
	struct usage_table usage;
	struct deployment deployment;
	struct evidence_files *evidence; /* NULL: no packets are kept */
	struct mirror_report mirror;
	struct mirror_report dump; /* the mirror as of the dump in progress */
	struct store_feed store;
	struct baseline_finding *baseline; /* of a capture, for the summary; owned */
	json_t *sinks_told; /* state of each sink by name, as the store has it; or NULL */
	/* Called for every flow of a dump, in the numbers of the current ruleset; or NULL. */
	record_taker *live_flow_callback;
	void *live_flow_context;
	char host[256];
};

/* Final results, for the summary. */
struct collector_result {
	struct counters counters;
	uint64_t start_ns, end_ns;
	const char *title;
	bool is_nothing;   /* no capture could be read: there is no summary */
	json_t *more;	   /* further members of the accounting, owned; or NULL */
	bool has_findings; /* set by collector_close(): the summary shows some */
};

int collector_open(struct collector *, const struct ruleset *, const struct settings *,
	const struct collector_options *);

/* Sets the start of monitoring (sensor); call before the first record. */
void collector_begin(struct collector *, uint64_t now_ns);

/* Sets the names of the interfaces, lent; call before the first record. */
void collector_name_interfaces(struct collector *, const char *const *name, size_t names);

/* Begins the store's run; after rights are dropped, before the first record. `began_ns`: 0 where
 * the first packet tells. EXIT_DONE or EXIT_FAILED. */
int collector_start_store(struct collector *, const char *title, uint64_t began_ns);

/* The counters as of a time; once a minute of it. `dropped`: packets lost by NIC and kernel. */
void collector_minute(
	struct collector *, const struct counters *, uint64_t now_ns, uint64_t dropped);

/* A record_taker whose context is the collector. */
void collector_add(void *collector, const struct record *);

/* The same, which asks for the memory that collector_add() of this record will want. */
void collector_expect(void *collector, const struct record *);

/* An evidence_taker whose context is the collector. */
void collector_add_packet(void *collector, const struct evidence_packet *);

/* Writes out what waits in the files' buffers; its context is the collector. What cannot be
 * written (a full disk) is logged when that begins and ends, and tried again the next time. */
void collector_tell(void *collector);

/* Opens the files of flows and events by name again, after they were renamed. */
void collector_reopen(struct collector *);

/* Switches to another ruleset and takes ownership of `remap`. Records in the former one's numbers
 * are translated until collector_forget_previous(). 0, or a negative errno with nothing changed.
 * Only after the last reload has rejudged its flows. */
int collector_reload(struct collector *, const struct ruleset *, struct remap);
void collector_forget_previous(struct collector *);

/* Begins a dump: every live flow comes once. Before its end the workers' figures are added to
 * `dump`, which then becomes `mirror`. */
void collector_begin_dump(struct collector *);
void collector_end_dump(struct collector *);

/* Evaluates the deployment after a dump; changes are written as events. */
void collector_evaluate(struct collector *, const struct counters *, uint64_t now_ns);

/* Ends the alert window, closes the files, writes accounting and summary. */
int collector_close(struct collector *, struct collector_result *);

/* Frees everything; also after a failed or missing collector_open(). */
void collector_fini(struct collector *);

#endif
