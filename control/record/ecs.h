/* Renders events as Elastic Common Schema JSON (DESIGN 9): field names are a stable interface. */
#ifndef PORTOLAN_ECS_H
#define PORTOLAN_ECS_H

#include <stddef.h>

#include "policy/nearest.h"
#include "record/event.h"

struct buffer;
struct other_profiles;
struct ruleset;

/* The ruleset and sensor that events refer to. All pointers are lent. */
struct ecs {
	const struct ruleset *ruleset;
	struct other_profiles *other_profiles;
	const char *observer;	      /* the sensor's name */
	const char *const *interface; /* names by number; NULL: the number is used */
	size_t interfaces;
};

/* Renders the event's JSON into the buffer, replacing its contents, and sets `json` to it; NULL if
 * out of memory. */
void ecs_render(struct event *, const struct ecs *, struct buffer *);

/* Finds the rules nearest to what an end of the flow did; returns their number. */
size_t ecs_nearest(const struct ecs *, const struct record *, unsigned end,
	struct near_rule found[NEAREST_MAX]);

#endif
