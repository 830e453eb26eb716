/* Alerts: every finding once as soon as it is known, its repeats counted (DESIGN 9).
 *
 * Within a window of packet time a finding is written when it is new and when it becomes
 * graver; how often it was repeated is written when the window ends. Many ports of one
 * peer, or many peers of one port, are a scan: after the first few, one event with a count.
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
	struct sinks *sinks;	  /* or NULL; without both it counts and writes nothing */
	struct buffer json;	  /* of the event that is written */
	uint64_t window_ns, window_ends_ns;
	struct findings findings; /* of this window */
	struct findings by_peer;  /* the same with the port left out */
	struct findings by_port;  /* the same with the peer left out */
	uint64_t alerts, coalesced;
};

void alerts_init(struct alerts *, const struct ecs *, struct json_lines *, uint64_t window_ns);

/* A record of kind RECORD_FLAGGED. */
void alerts_add(struct alerts *, const struct record *);

/* A record by itself, in another ruleset's numbers. */
void alerts_write(struct alerts *, const struct ecs *, const struct record *);

/* What is no flow's; `json` is rendered here. */
void alerts_write_event(struct alerts *, struct event *);

/* Ends the window, if it is over; always, with UINT64_MAX. */
void alerts_tick(struct alerts *, uint64_t now_ns);

/* Ends the window before its time: what it holds is in the numbers of a ruleset that goes. */
void alerts_close_window(struct alerts *);

void alerts_fini(struct alerts *);

#endif
