/* The verdict of a report, in one line, and how sure it is. */
#ifndef PORTOLAN_REPORT_VERDICT_H
#define PORTOLAN_REPORT_VERDICT_H

#include <stdint.h>

struct buffer;
struct report_model;

enum report_verdict {
	REPORT_NOTHING_WRONG,
	REPORT_FINDINGS,
	REPORT_CANNOT_TELL, /* no findings, and seeing none proves nothing */
};

/* All findings of the window, by severity: `findings_total`, and no less than the list has. */
void report_findings_count(const struct report_model *, uint64_t count[4]);

enum report_verdict report_verdict(const struct report_model *);

/* Writes the section. */
void report_verdict_write(struct buffer *, const struct report_model *);

/* Writes the section at the end: what could not be seen or judged. */
void report_not_judged_write(struct buffer *, const struct report_model *);

#endif
