/* What becomes expected or flagged between two policies: port by port, then for appliances that
 * have rules of their own, then appliances that one of them has not.
 */
#ifndef PORTOLAN_POLICY_DIFF_H
#define PORTOLAN_POLICY_DIFF_H

#include <stdbool.h>
#include <stdio.h>

struct ruleset;

/* As a table for people, or as JSON, an object a line. 0 or -ENOMEM. */
int policy_diff_print(
	const struct ruleset *before, const struct ruleset *after, bool as_json, FILE *);

#endif
