/* The style of a report: light, dark, narrow and paper, in one sheet, control/report/report.css.
 *
 * The build makes `report_sheet` of that file. */
#ifndef PORTOLAN_REPORT_STYLE_H
#define PORTOLAN_REPORT_STYLE_H

struct buffer;

extern const char *const report_sheet[]; /* its lines, then NULL */

/* The policy of the page's content as a meta element: nothing is loaded and nothing runs, and this
 * sheet alone, known by its hash, is applied (CSP Level 3, section 2.3.1). */
void report_style_policy(struct buffer *);

void report_style_write(struct buffer *);

#endif
