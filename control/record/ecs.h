/* Records as Elastic Common Schema documents (DESIGN 9): the names are an interface.
 */
#ifndef PORTOLAN_ECS_H
#define PORTOLAN_ECS_H

#include <jansson.h>

#include "record.h"

struct other_profiles;
struct ruleset;

/* Whose records, and who observed. Everything is lent. */
struct ecs {
	const struct ruleset *ruleset;
	struct other_profiles *other_profiles;
	const char *observer;	      /* the sensor's name */
	const char *const *interface; /* names, by number; what has none is a number */
	size_t interfaces;
};

/* A new document, or NULL where memory ran out. RECORD_ENDED becomes `flow-ended`,
 * RECORD_FLAGGED an alert. */
json_t *ecs_flow(const struct ecs *, const struct record *);

/* Something that is no flow's: a channel, a relation, the sensor itself. */
struct ecs_event {
	const char *action; /* event.action */
	int severity;	    /* 0: an event; else an alert of this severity */
	uint64_t time_ns;
	char message[512];
};

/* A new document, whose member `portolan` has profile and policy and takes more; or NULL. */
json_t *ecs_event(const struct ecs *, const struct ecs_event *);

/* One sentence about the end that the verdict is about: what it did, and what would have been
 * documented. */
void ecs_message(const struct ecs *, const struct record *, char *text, size_t bytes);

/* The end of a flow whose verdict is the flow's: 0 the initiator, 1 the responder. */
unsigned record_judged_end(const struct record *);

#endif
