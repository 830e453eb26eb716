/* An event: what is told of a flow, a finding, a channel or a correlation, as fields. Whoever
 * writes it down formats it from these, or takes its JSON, which is rendered once for all.
 *
 * Made on control's thread with everything lent: the record, the ruleset's texts. What outlives the
 * moment is a copy, which owns all that it points to and is shared by those who hold it.
 */
#ifndef PORTOLAN_EVENT_H
#define PORTOLAN_EVENT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "record.h"
#include "record/community_id.h"

struct ecs;

#define EVENT_MESSAGE_BYTES 512
#define EVENT_RULE_BYTES 128

enum event_kind {
	EVENT_FLOW,  /* as it ended, or as it is now */
	EVENT_ALERT, /* of a flow, or of many that are one finding */
	EVENT_CHANNEL,
	EVENT_CORRELATION,
};

/* Of how many flows an alert is; `state` NULL: of one, and of no finding. */
struct event_finding {
	const char *state;
	uint64_t flows, members;
	uint16_t port_low, port_high;
	bool several_ports, several_peers;
};

struct event_channel {
	const char *end[2], *state, *previous, *meaning;
};

struct event_correlation {
	const char *kind, *state;
	const char *appliance, *rule, *feature; /* NULL: it is about none */
	bool inconclusive;
};

struct event {
	enum event_kind kind;
	enum severity severity; /* SEVERITY_NONE: no alert */
	uint64_t time_ns;
	const char *action;	     /* event.action */
	const struct record *record; /* of a flow or an alert; else NULL */
	struct event_finding finding;
	struct event_channel channel;
	struct event_correlation correlation;
	const char *would_be; /* the verdict by another ruleset, where that is asked; else NULL */
	/* In the words of the ruleset and the sensor; NULL: there is none. */
	const char *message, *rule, *technique, *appliance, *profile, *policy, *observer,
		*interface;
	char community_id[COMMUNITY_ID_BYTES];
	const char *json; /* one line, without its newline; NULL: not rendered */
	size_t json_bytes;
	atomic_uint holders; /* of a copy */
};

/* Where the words of an event lie that no ruleset has. */
struct event_words {
	char message[EVENT_MESSAGE_BYTES], rule[EVENT_RULE_BYTES];
};

/* A record of kind RECORD_FLAGGED becomes an alert, every other one a flow. */
void event_of_record(
	struct event *, const struct ecs *, const struct record *, struct event_words *);

/* An event of the ruleset and the sensor in general, to be filled in. */
void event_init(struct event *, enum event_kind, const struct ecs *, uint64_t time_ns);

/* A copy with one holder, or NULL without memory; its last holder frees it. */
struct event *event_copy(const struct event *);
struct event *event_hold(struct event *);
void event_drop(struct event *);

/* One sentence about the end that the verdict is about: what it did, and what would have been
 * documented. */
void event_message(const struct ecs *, const struct record *, char *text, size_t bytes);

/* As an end of the flow sees it. */
enum direction record_direction(unsigned end);

#endif
