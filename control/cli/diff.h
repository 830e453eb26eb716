/* `portolan diff`: what becomes expected or flagged between two policies (DESIGN 8).
 */
#ifndef PORTOLAN_DIFF_H
#define PORTOLAN_DIFF_H

#include <stdio.h>

struct ruleset;

/* Prints what differs in the tables; the number of differences. */
unsigned diff_policies(const struct ruleset *before, const struct ruleset *after, FILE *);

/* Prints which flows of a capture change their verdict. The command's exit status. */
int diff_capture(
	const struct ruleset *before, const struct ruleset *after, const char *capture, FILE *);

#endif
