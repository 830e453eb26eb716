/* Sinks: every sink of the site with a thread and a message queue of its own, so that one that
 * stalls delays nobody else, and nobody the control thread.
 *
 * A full message queue drops the newest events and counts them. What fails is tried again, with
 * back-off. The sinks are those of the site as it was at the start; a NULL for `sinks` is a
 * sensor without sinks. All functions are the control thread's.
 */
#ifndef PORTOLAN_SINKS_H
#define PORTOLAN_SINKS_H

#include <jansson.h>
#include <stdbool.h>

struct event;
struct output_settings;
struct sinks;

/* Opens files and reads certificates, with the rights that it takes; connects to nobody yet.
 * 0, or a negative errno with the reason logged. Without sinks there are no sinks: NULL. */
int sinks_open(struct sinks **, const struct output_settings *);

/* Begins to deliver: once rights are given up, since a thread keeps those that it began with.
 * What was offered before waits. 0, or a negative errno with the reason logged. */
int sinks_start(struct sinks *);

/* A flow goes to the sinks that want flows, everything else to all. The event stays the caller's.
 */
void sinks_send(struct sinks *, const struct event *);
bool sinks_want_flows(const struct sinks *);

/* Whether one of them writes to standard output. */
bool sinks_use_stdout(const struct sinks *);

/* Files are opened anew, by their names: somebody has moved them away. */
void sinks_reopen(struct sinks *);

/* A new array of {name, kind, state: ok, retrying or closed, queued, delivered, dropped,
 * last_error (or null), since}. */
json_t *sinks_states(const struct sinks *);

/* Delivers what waits, for two seconds at most, and says how much was left. Nothing is taken
 * any more. */
void sinks_finish(struct sinks *);

/* Finishes, if that has not been done, and gives everything back. */
void sinks_close(struct sinks *);

#endif
