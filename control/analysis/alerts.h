/* Alerts: the life of each finding as events (DESIGN 9).
 *
 * A finding is written once as `new`, as `raised` when a flow of it is graver, as `repeated` at
 * growing intervals while more flows come, as `withdrawn` when corrections leave nothing of it,
 * and as `ended` after a day without a packet. Many ports of one peer, or many peers of one port,
 * are a scan: after the first few findings, one event with a count.
 *
 * Bounded: a full table forgets what was silent for a window, else everything, and begins anew:
 * what is forgotten is counted, and told as new when it comes again.
 */
#ifndef PORTOLAN_ALERTS_H
#define PORTOLAN_ALERTS_H

#include <stdbool.h>
#include <stdint.h>

#include "analysis/finding.h"
#include "analysis/reported.h"
#include "base/buffer.h"
#include "record/ecs.h"
#include "sink/json_lines.h"

struct remap;
struct sinks;

/* Told every event, rendered; it and all that it points to are valid during the call only. */
typedef void alerts_listener(void *context, const struct event *);

/* An id once written: most flows of a flood are part of a few scans. */
#define TOLD_IDS 16

struct told_id {
	struct finding_key key;
	uint8_t several_ports, several_peers, is_known;
	uint64_t born_ns;
	char id[FINDING_ID_BYTES];
};

struct alerts {
	const struct ecs *ecs;
	struct json_lines *lines;  /* or NULL */
	struct sinks *sinks;	   /* or NULL */
	alerts_listener *listener; /* or NULL; without any of them, alerts are counted only */
	void *context;
	struct buffer json; /* scratch: the event being written */
	uint64_t window_ns, window_ends_ns;
	struct findings findings;
	struct findings by_peer; /* aggregated over ports */
	struct findings by_port; /* aggregated over peers */
	struct reported reported;
	/* Events of kind alert; flows that are only counted on another's; findings withdrawn, ended
	 * and forgotten for want of room. */
	uint64_t alerts, coalesced, withdrawn, ended, forgotten;
	struct told_id said[TOLD_IDS]; /* what alerts_told_id() said last, by a hash of the key */
};

void alerts_init(struct alerts *, const struct ecs *, struct json_lines *, uint64_t window_ns);

/* A record of any kind. */
void alerts_add(struct alerts *, const struct record *);

/* Asks for the memory that alerts_add() of this record will want. */
void alerts_expect(const struct alerts *, const struct record *);

/* Writes one alert for one record that is numbered by another ruleset; `ecs` is of that ruleset. */
void alerts_write(struct alerts *, const struct ecs *, const struct record *);

/* Writes an event that is not about a flow (channel, correlation). Renders its `json`. */
void alerts_write_event(struct alerts *, struct event *);

/* Tells what is due if the window is over. */
void alerts_tick(struct alerts *, uint64_t now_ns);

/* The clock whose time alerts_tick() is given was set: what waits is told with the next call. */
void alerts_clock_was_set(struct alerts *);

/* Tells all that is not told yet: at the end, and before a reload. */
void alerts_flush(struct alerts *);

/* Goes over to another ruleset's numbers; findings that it leaves nothing of are withdrawn. Called
 * while `ecs` is still of the former one. */
void alerts_reload(struct alerts *, const struct remap *);

/* The id under which a finding of another collection, maybe folded, was told. */
void alerts_id(const struct alerts *, const struct finding *, char[FINDING_ID_BYTES]);

/* The id of the finding that this flagged record's flow is told with: its own, or that of the scan
 * which it is one of. False: neither is remembered, and nobody was told. */
bool alerts_told_id(struct alerts *, const struct record *, char[FINDING_ID_BYTES]);

void alerts_fini(struct alerts *);

#endif
