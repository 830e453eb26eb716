/* CEF: an event as one line of ArcSight's Common Event Format, version 0 (Implementing
 * ArcSight Common Event Format, revision 25).
 *
 * Whatever the event's texts hold, the line has seven bars that are not escaped and no
 * newline, and no text can begin another key.
 */
#ifndef PORTOLAN_CEF_H
#define PORTOLAN_CEF_H

struct buffer;
struct event;

void cef_format(struct buffer *, const struct event *);

#endif
