/* Sinks: each sink of the site has a thread and a message queue of its own, so that a blocked sink
 * delays neither the others nor the control thread.
 *
 * A full queue drops the newest events and counts them. Failed writes are retried with back-off.
 * The sinks are those of the site at the start; NULL stands for a sensor without sinks. All
 * functions are called on the control thread.
 */
#ifndef PORTOLAN_SINKS_H
#define PORTOLAN_SINKS_H

#include <jansson.h>
#include <stdbool.h>

struct event;
struct output_settings;
struct sinks;

/* Opens files and reads certificates, before rights are dropped; connects to nobody yet. 0, or a
 * negative errno with the reason logged. NULL without sinks. */
int sinks_open(struct sinks **, const struct output_settings *);

/* Starts the threads; after rights are dropped, since a thread keeps those it was started with.
 * Events sent before are queued. 0, or a negative errno with the reason logged. */
int sinks_start(struct sinks *);

/* Queues a flow to the sinks that want flows, every other event to all. The event stays the
 * caller's.
 */
void sinks_send(struct sinks *, const struct event *);
bool sinks_want_flows(const struct sinks *);

/* Whether a sink writes to standard output. */
bool sinks_use_stdout(const struct sinks *);

/* Reopens files by name after they were renamed. */
void sinks_reopen(struct sinks *);

/* A new array of {name, kind, state: ok, retrying or closed, queued, delivered, dropped,
 * last_error (or null), since}. */
json_t *sinks_states(const struct sinks *);

/* Delivers queued events for at most two seconds, logs how many were left, and stops. */
void sinks_finish(struct sinks *);

/* Calls sinks_finish() if needed, and frees everything. */
void sinks_close(struct sinks *);

#endif
