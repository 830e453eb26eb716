/* Who talks to whom: a picture of the pairs with the most bytes, and the same as a table. */
#ifndef PORTOLAN_REPORT_TALKERS_H
#define PORTOLAN_REPORT_TALKERS_H

struct buffer;
struct report_model;

#define REPORT_TALKERS_DRAWN 40
#define REPORT_TALKERS_LISTED 200

/* Writes the section. */
void report_talkers_write(struct buffer *, const struct report_model *);

#endif
