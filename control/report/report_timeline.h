/* The timeline of a report: traffic by verdict, findings, the mirror, and what happened to the
 * sensor, above one axis of time. */
#ifndef PORTOLAN_REPORT_TIMELINE_H
#define PORTOLAN_REPORT_TIMELINE_H

struct buffer;
struct report_model;

#define REPORT_BARS_DRAWN 240 /* buckets are added up until there are no more */
#define REPORT_BARS_LISTED 48 /* rows of the table */
#define REPORT_MARKS_LISTED 200

/* Writes the section. Out of memory it leaves an error in the buffer. */
void report_timeline_write(struct buffer *, const struct report_model *);

/* The tables below the picture. */
void report_timeline_tables(struct buffer *, const struct report_model *);

#endif
