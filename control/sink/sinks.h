/* Outlets: every sink of the site with a thread and a backlog of its own, so that one that
 * stalls delays nobody else, and nobody the control thread.
 *
 * A full backlog drops the newest documents and counts them. What fails is tried again, with
 * back-off. The sinks are those of the site as it was at the start; a NULL for `outlets` is a
 * sensor without sinks. All functions are the control thread's.
 */
#ifndef PORTOLAN_SINKS_H
#define PORTOLAN_SINKS_H

#include <jansson.h>
#include <stdbool.h>

struct output_settings;
struct outlets;

/* Opens files and reads certificates, with the rights that it takes; connects to nobody yet.
 * 0, or a negative errno with the reason logged. Without sinks there are no outlets: NULL. */
int outlets_open(struct outlets **, const struct output_settings *);

/* Begins to deliver: once rights are given up, since a thread keeps those that it began with.
 * What was offered before waits. 0, or a negative errno with the reason logged. */
int outlets_start(struct outlets *);

/* The end of a flow goes to the sinks that want flows, everything else to all. The document
 * stays the caller's. */
void outlets_offer(struct outlets *, const json_t *document, bool is_flow);
bool outlets_want_flows(const struct outlets *);

/* Whether one of them writes to standard output. */
bool outlets_use_stdout(const struct outlets *);

/* Files are opened anew, by their names: somebody has moved them away. */
void outlets_reopen(struct outlets *);

/* A new array of {name, kind, state: ok, retrying or closed, queued, delivered, dropped,
 * last_error (or null), since}. */
json_t *outlets_states(const struct outlets *);

/* Delivers what waits, for two seconds at most, and says how much was left. Nothing is taken
 * any more. */
void outlets_finish(struct outlets *);

/* Finishes, if that has not been done, and gives everything back. */
void outlets_close(struct outlets *);

#endif
