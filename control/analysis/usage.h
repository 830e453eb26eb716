/* Usage: totals over ended flows: findings, exposures, and which appliance used which documented
 * row.
 *
 * Bounded: findings and rows that do not fit are counted and reported.
 */
#ifndef PORTOLAN_USAGE_H
#define PORTOLAN_USAGE_H

#include "analysis/exposure.h"
#include "analysis/finding.h"
#include "base/hash_table.h"
#include "record/ecs.h"

struct remap;

#define USAGE_FINDINGS_MAX 65536
#define USAGE_EVASIONS_MAX 16384
#define USAGE_ROWS_MAX 262144

struct usage_key {
	uint16_t set; /* SET_NONE: counted by `protocol` */
	uint16_t appliance;
	uint8_t protocol;
	uint8_t zero[3];
};

struct usage {
	struct usage_key key;
	uint64_t place; /* of the set, for policy order */
	uint64_t flows;
	UT_hash_handle hh;
};

struct usage_table {
	const struct ecs *ecs;
	struct findings findings; /* of verdicts, of flows that ended */
	struct findings evasions; /* of reasons of evasion */
	struct exposures exposures;
	struct usage *usage; /* hash by usage_key */
	size_t usages;
	uint64_t usage_overflowed;
	uint64_t findings_retired; /* dropped: their appliance or rule was removed by a reload */
};

void usage_init(struct usage_table *, const struct ecs *);
void usage_add(struct usage_table *, const struct record *);

/* Takes RECORD_EVASION. */
void usage_add_evasion(struct usage_table *, const struct record *);

/* Switches to the ruleset that `ecs` now has; what does not exist there is dropped and counted. */
void usage_reload(struct usage_table *, const struct remap *);

void usage_fini(struct usage_table *);

#endif
