/* CEF: formats an event as one line of ArcSight's Common Event Format, version 0 (Implementing
 * ArcSight Common Event Format, revision 25).
 *
 * Whatever the texts of the event contain, the line has seven unescaped bars and no newline, and no
 * text can start another key.
 */
#ifndef PORTOLAN_CEF_H
#define PORTOLAN_CEF_H

struct buffer;
struct event;

void cef_format(struct buffer *, const struct event *);

#endif
