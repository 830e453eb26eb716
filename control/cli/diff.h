/* `portolan diff`: what becomes expected or flagged between two policies (DESIGN 8).
 */
#ifndef PORTOLAN_DIFF_H
#define PORTOLAN_DIFF_H

#include <stdio.h>

struct chart;

/* Prints what differs in the tables; the number of differences. */
unsigned diff_policies(const struct chart *before, const struct chart *after, FILE *);

/* Prints which flows of a capture change their verdict. The command's exit status. */
int diff_capture(
	const struct chart *before, const struct chart *after, const char *capture, FILE *);

#endif
