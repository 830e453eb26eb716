/* Maps appliance and rule set numbers of one ruleset to those of the next; *_NONE if there is none.
 *
 * An appliance is the same if name and role are equal; a row, if role, direction, transport and
 * port are; a rule set, if it is of the same row of the same appliance. Used by control to carry
 * counts across a reload, and by workers to carry their figures. Both rulesets must outlive it.
 */
#ifndef PORTOLAN_REMAP_H
#define PORTOLAN_REMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"

struct ruleset;

struct remap {
	uint16_t *appliance; /* new number by old number; APPLIANCE_NONE: removed */
	uint32_t *row;	     /* likewise; 0: removed */
	size_t appliances, rows;
	const struct ruleset *from, *to;
	uint16_t generation; /* of the new ruleset */
};

/* 0 or -ENOMEM. */
int remap_open(struct remap *, const struct ruleset *from, const struct ruleset *to);
void remap_close(struct remap *);

uint16_t remap_appliance(const struct remap *, uint16_t appliance);

/* The set that the appliance, by its old number, now has where the set was. */
uint16_t remap_set(const struct remap *, uint16_t appliance, uint16_t set);

/* Translates a record to the new ruleset, keeping its verdict. False, with the record unchanged, if
 * the appliance that was judged, or its rule set, does not exist there. */
bool remap_record(const struct remap *, struct record *);

#endif
