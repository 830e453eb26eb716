/* Who and what of one ruleset is who and what of the next.
 *
 * An appliance's new number has its name and its role; a rule set's new number has its place (role,
 * direction, transport, port). Control uses it to go on counting across a reload, workers
 * to carry their figures over. Lends nothing: both rulesets may go once it is closed.
 */
#ifndef PORTOLAN_REMAP_H
#define PORTOLAN_REMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"

struct ruleset;

struct remap {
	uint16_t *appliance; /* new numbers, by the old; APPLIANCE_NONE: gone */
	uint16_t *set;	     /* likewise; SET_NONE: gone */
	size_t appliances, sets;
	uint16_t generation; /* of the new ruleset */
};

/* 0 or -ENOMEM. */
int remap_open(struct remap *, const struct ruleset *from, const struct ruleset *to);
void remap_close(struct remap *);

uint16_t remap_appliance(const struct remap *, uint16_t appliance);
uint16_t remap_set(const struct remap *, uint16_t set);

/* The record in the numbers of the new ruleset, its verdict as it was. False, and the record is
 * as it was, if the end that was judged is no appliance any more, or its rule is gone. */
bool remap_record(const struct remap *, struct record *);

#endif
