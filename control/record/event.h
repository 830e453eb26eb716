/* An event: a report about a flow, a finding, a channel or a correlation, as fields. Sinks format
 * it from the fields or use its JSON, which is rendered once for all.
 *
 * Made on the control thread; all pointers are lent (record, ruleset texts). To keep it, make a
 * copy, which owns all that it points to and is reference counted.
 */
#ifndef PORTOLAN_EVENT_H
#define PORTOLAN_EVENT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "record.h"
#include "record/community_id.h"

struct ecs;

#define EVENT_MESSAGE_BYTES 768

enum event_kind {
	EVENT_FLOW,  /* ended, or live */
	EVENT_ALERT, /* about a flow, or a finding of many */
	EVENT_CHANNEL,
	EVENT_CORRELATION,
};

/* The finding of an alert; `state` NULL: the alert is about one flow, without a finding. */
struct event_finding {
	const char *state, *reason; /* `reason`: why it was withdrawn; else NULL */
	char id[32];
	uint64_t flows, members;
	uint16_t port_low, port_high;
	bool several_ports, several_peers;
};

struct event_channel {
	const char *end[2], *state, *previous, *meaning;
	const char *reason; /* why it is not up; NULL: it is */
};

struct event_correlation {
	const char *kind, *state;
	const char *appliance, *rule, *feature; /* NULL: none */
	const char *peer, *direction;		/* of a baseline finding; else NULL */
	const char *detail;			/* of certificates: which; NULL: none */
	bool inconclusive;
	bool is_baseline;
	char id[32]; /* the same whenever it begins; of a baseline finding with its hour */
	uint64_t first_ns, last_ns, flows; /* of a baseline finding */
};

/* Sets the id of a correlation by what it is about. */
void event_correlation_identify(struct event_correlation *);

/* Of a flow that is alive. */
struct event_live {
	uint64_t age_ns, idle_ns; /* since its first and its last packet */
	double packets_per_second, bits_per_second;
};

struct event {
	enum event_kind kind;
	enum severity severity; /* SEVERITY_NONE: no alert */
	uint64_t time_ns;
	const char *action;	     /* event.action */
	const struct record *record; /* for flows and alerts; else NULL */
	struct event_finding finding;
	struct event_channel channel;
	struct event_correlation correlation;
	struct event_live live; /* if `is_live` */
	bool is_live;
	const char *would_be; /* the verdict by another ruleset, if evaluated; else NULL */
	/* Names and texts of the ruleset and the sensor; NULL: none. */
	const char *message, *rule, *technique, *appliance, *profile, *policy, *observer,
		*interface;
	char community_id[COMMUNITY_ID_BYTES];
	const char *json; /* one line without newline; NULL: not rendered */
	size_t json_bytes;
	atomic_uint holders; /* reference count of a copy */
};

/* Memory for those texts of an event that are not in the ruleset. */
struct event_words {
	char message[EVENT_MESSAGE_BYTES];
};

/* Fills an event from a record: RECORD_FLAGGED and RECORD_EVASION become an alert, every other kind
 * a flow. */
void event_of_record(
	struct event *, const struct ecs *, const struct record *, struct event_words *);

/* The alert is about this finding, whose gravest flow its record is: its message says how many. */
void event_set_finding(
	struct event *, const struct ecs *, const struct event_finding *, struct event_words *);

/* Fills the fields that all kinds share; the caller fills in the rest. */
void event_init(struct event *, enum event_kind, const struct ecs *, uint64_t time_ns);

/* A reference-counted copy; NULL: out of memory. The last event_drop() frees it. */
struct event *event_copy(const struct event *);
struct event *event_hold(struct event *);
void event_drop(struct event *);

/* One sentence about the end that was judged: what it did, and what is documented instead. */
void event_message(const struct ecs *, const struct record *, char *text, size_t bytes);

/* The flow's direction as seen from an end. */
enum direction record_direction(unsigned end);

#endif
