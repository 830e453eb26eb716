/* Error messages for people: collected where the cause is known, printed once by the command as
 * `portolan: what: why`.
 */
#ifndef PORTOLAN_ERRORS_H
#define PORTOLAN_ERRORS_H

#include <stddef.h>
#include <stdio.h>

#define ERRORS_BYTES 2048

struct errors {
	char text[ERRORS_BYTES]; /* lines without the leading `portolan: `, '\n' between them */
	size_t length;
};

/* Appends one line; text that does not fit is cut and ends with "…". */
void errors_add(struct errors *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints one line on standard error with `portolan: ` before it. */
void errors_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints every line with `portolan: ` before it. */
void errors_print(const struct errors *, FILE *);

#endif
