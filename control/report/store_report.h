/* The report of a store: fills the report's model with what the store has of a window, and writes
 * the page.
 */
#ifndef PORTOLAN_STORE_REPORT_H
#define PORTOLAN_STORE_REPORT_H

struct buffer;
struct store_filter;
struct store_reader;

/* 0 or a negative errno. */
int store_report_write(struct buffer *, struct store_reader *, const struct store_filter *);

#endif
