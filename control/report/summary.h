/* What a replay saw, for people: how much, what is flagged, who used what.
 *
 * Fed with the records of ended flows. Bounded: findings and usage that find no place are
 * counted and said.
 */
#ifndef PORTOLAN_SUMMARY_H
#define PORTOLAN_SUMMARY_H

#include <stdio.h>

#include "analysis/exposure.h"
#include "analysis/finding.h"
#include "analysis/mirror_report.h"
#include "base/terminal.h"
#include "counters.h"
#include "record/ecs.h"

struct deployment;
struct remap;
struct usage;

struct summary {
	const struct ecs *ecs;
	struct findings findings;
	struct exposures exposures;
	struct usage *usage; /* rule set or protocol, and appliance: how often */
	size_t usages;
	uint64_t usage_overflowed;
	uint64_t findings_retired; /* of appliances or rules that a reload took away */
};

struct summary_input {
	const char *title; /* the captures */
	const struct counters *counters;
	const struct mirror_report *mirror;
	const struct deployment *deployment;
	uint64_t start_ns, end_ns;
};

void summary_init(struct summary *, const struct ecs *);
void summary_take(struct summary *, const struct record *);
void summary_print(
	struct summary *, const struct summary_input *, const struct terminal_style *, FILE *);
/* Another chart: `ecs` has it already. What heirs have goes on, the rest is dropped and counted. */
void summary_reload(struct summary *, const struct remap *);

void summary_fini(struct summary *);

#endif
