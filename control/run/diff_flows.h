/* The flows of a capture whose verdict differs between two rulesets, grouped as findings are: one
 * group for each appliance, direction, responder's port, pair of verdicts and peer; many peers of
 * the rest are one group with examples.
 *
 * The capture is judged twice. Memory: an entry for each flow of it, up to DIFF_FLOWS_MAX.
 */
#ifndef PORTOLAN_DIFF_FLOWS_H
#define PORTOLAN_DIFF_FLOWS_H

#include <stdbool.h>
#include <stdio.h>

struct ruleset;
struct settings;

/* One side of the comparison; the caller owns both. */
struct diff_side {
	struct ruleset *ruleset;
	struct settings *settings;
};

/* `columns`: how wide the table may be; 0: as wide as it is. */
struct diff_print {
	bool as_json;
	unsigned columns;
};

#define DIFF_FLOWS_MAX 4000000u

/* Prints them as a table or as JSON, an object a line, and the total. Returns the exit status. */
int diff_flows_print(const struct diff_side *before, const struct diff_side *after,
	const char *capture, const struct diff_print *, FILE *);

#endif
