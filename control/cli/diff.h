/* `portolan diff`: what becomes expected or flagged between two policies (DESIGN 8).
 */
#ifndef PORTOLAN_DIFF_H
#define PORTOLAN_DIFF_H

#include <stdio.h>

struct ruleset;
struct settings;

/* What is compared: both are the caller's. */
struct diff_side {
	struct ruleset *ruleset;
	struct settings *settings;
};

/* Prints what differs in the tables; the number of differences. */
unsigned diff_policies(const struct ruleset *before, const struct ruleset *after, FILE *);

/* Prints which flows of a capture change their verdict. The command's exit status. */
int diff_capture(
	const struct diff_side *before, const struct diff_side *after, const char *capture, FILE *);

#endif
