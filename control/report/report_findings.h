/* The findings of a report: the gravest ones as sentences with all that is known, the others folded
 * by kind, so that a page stays small however many there are. */
#ifndef PORTOLAN_REPORT_FINDINGS_H
#define PORTOLAN_REPORT_FINDINGS_H

#include <stddef.h>

struct buffer;
struct report_finding;
struct report_model;

#define REPORT_FINDINGS_WHOLE 200 /* written out */
#define REPORT_KINDS_SHOWN 100	  /* rows of the table of the others */

/* Writes the section. Out of memory it leaves an error in the buffer. */
void report_findings_write(struct buffer *, const struct report_model *);

/* One finding, written out; `number` is its place on the page. */
void report_finding_write(struct buffer *, const struct report_finding *, size_t number);

/* The table of those that are not written out; it orders them anew. */
void report_kinds_write(struct buffer *, const struct report_finding **, size_t count);

#endif
