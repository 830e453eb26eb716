/* The matrix of a report: for each role a table of appliances and rules. */
#ifndef PORTOLAN_REPORT_MATRIX_H
#define PORTOLAN_REPORT_MATRIX_H

struct buffer;
struct report_model;

#define REPORT_MATRIX_ROWS 250 /* of a table; those with violations have the first claim */

/* Writes the section. */
void report_matrix_write(struct buffer *, const struct report_model *);

#endif
