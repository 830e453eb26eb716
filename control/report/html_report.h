/* A report as one self-contained HTML file, which travels with a ticket.
 *
 * No script, nothing from outside, and a policy in the page itself that forbids both. Readable in
 * both colour schemes, at 360 px, on A4 and by a screen reader. Bounded: what has too many entries
 * is folded or left out, and the page says how many and which command shows them all.
 */
#ifndef PORTOLAN_HTML_REPORT_H
#define PORTOLAN_HTML_REPORT_H

struct buffer;
struct report_model;

/* Appends the page. 0 or a negative errno, also left in the buffer. */
int html_report_write(struct buffer *, const struct report_model *);

#endif
