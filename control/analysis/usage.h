/* What ended flows add up to: findings, exposures, and who used which documented row.
 *
 * Fed with the records of ended flows. Bounded: findings and usage that find no place are
 * counted and said.
 */
#ifndef PORTOLAN_USAGE_H
#define PORTOLAN_USAGE_H

#include <uthash.h>

#include "analysis/exposure.h"
#include "analysis/finding.h"
#include "record/ecs.h"

struct remap;

#define USAGE_FINDINGS_MAX 65536
#define USAGE_ROWS_MAX 262144

struct usage_key {
	uint16_t set; /* SET_NONE: the protocol counts */
	uint16_t appliance;
	uint8_t protocol;
	uint8_t zero[3];
};

struct usage {
	struct usage_key key;
	uint32_t first_rule; /* of the set: the order of the policy */
	uint64_t flows;
	UT_hash_handle hh;
};

struct usage_table {
	const struct ecs *ecs;
	struct findings findings;
	struct exposures exposures;
	struct usage *usage; /* rule set or protocol, and appliance: how often */
	size_t usages;
	uint64_t usage_overflowed;
	uint64_t findings_retired; /* of appliances or rules that a reload took away */
};

void usage_init(struct usage_table *, const struct ecs *);
void usage_add(struct usage_table *, const struct record *);

/* Another ruleset: `ecs` has it already. What the remap has goes on, the rest is dropped and
 * counted. */
void usage_reload(struct usage_table *, const struct remap *);

void usage_fini(struct usage_table *);

#endif
