/* Alerts: each finding is written once, when it is first seen; repeats are counted (DESIGN 9).
 *
 * Within a window of packet time a finding is written when it is new and when its severity rises;
 * the number of repeats is written when the window ends. Many ports of one peer, or many peers of
 * one port, are a scan: after the first few findings, one event with a count.
 */
#ifndef PORTOLAN_ALERTS_H
#define PORTOLAN_ALERTS_H

#include <stdint.h>

#include "analysis/finding.h"
#include "base/buffer.h"
#include "record/ecs.h"
#include "sink/json_lines.h"

struct sinks;

struct alerts {
	const struct ecs *ecs;
	struct json_lines *lines; /* or NULL */
	struct sinks *sinks; /* or NULL; if both are NULL, alerts are counted but not written */
	struct buffer json;  /* scratch: the event being written */
	uint64_t window_ns, window_ends_ns;
	struct findings findings; /* of this window */
	struct findings by_peer;  /* aggregated over ports */
	struct findings by_port;  /* aggregated over peers */
	uint64_t alerts, coalesced;
};

void alerts_init(struct alerts *, const struct ecs *, struct json_lines *, uint64_t window_ns);

/* A record of kind RECORD_FLAGGED. */
void alerts_add(struct alerts *, const struct record *);

/* Writes one alert for one record that is numbered by another ruleset; `ecs` is of that ruleset. */
void alerts_write(struct alerts *, const struct ecs *, const struct record *);

/* Writes an event that is not about a flow (channel, correlation). Renders its `json`. */
void alerts_write_event(struct alerts *, struct event *);

/* Ends the window if its time is over; with UINT64_MAX in any case. */
void alerts_tick(struct alerts *, uint64_t now_ns);

/* Ends the window early: its findings are in the numbers of a ruleset that is going away. */
void alerts_close_window(struct alerts *);

void alerts_fini(struct alerts *);

#endif
