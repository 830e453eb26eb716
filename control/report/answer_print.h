/* Prints an answer with its coverage: as a table for people, JSON (an object a line, the coverage
 * in the last), CSV, or Markdown.
 */
#ifndef PORTOLAN_ANSWER_PRINT_H
#define PORTOLAN_ANSWER_PRINT_H

#include <stdio.h>

struct answer_table;
struct coverage;
struct terminal_style;

enum answer_format { ANSWER_AS_TABLE, ANSWER_AS_JSON, ANSWER_AS_CSV, ANSWER_AS_MARKDOWN };

/* `columns`: how wide a table may be; 0: as wide as it is. 0 or -ENOMEM; errors of the stream are
 * its own. */
int answer_print(const struct answer_table *, const struct coverage *, enum answer_format,
	const struct terminal_style *, unsigned columns, FILE *);

/* The last lines of an answer for people: when somebody listened, and what could not be seen.
 * `prefix` stands before each. */
void coverage_print(
	const struct coverage *, const char *prefix, const struct terminal_style *, FILE *);

#endif
