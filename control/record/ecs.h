/* Events as documents of the Elastic Common Schema (DESIGN 9): the names are an interface.
 */
#ifndef PORTOLAN_ECS_H
#define PORTOLAN_ECS_H

#include <stddef.h>

#include "policy/nearest.h"
#include "record/event.h"

struct buffer;
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

/* Writes the event's JSON, made anew, into the buffer, to which the event then points. Without
 * memory the event has none. */
void ecs_render(struct event *, const struct ecs *, struct buffer *);

/* The rules that are nearest to what an end of the flow did: how many. */
size_t ecs_nearest(const struct ecs *, const struct record *, unsigned end,
	struct near_rule found[NEAREST_MAX]);

#endif
