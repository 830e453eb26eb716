/* What a sensor answers to whom asks at its control socket: see control_protocol.h.
 *
 * Questions about state are answered at once, from the snapshot; those that need a look at every
 * live flow wait for a dump. Control's thread.
 */
#ifndef PORTOLAN_REQUESTS_H
#define PORTOLAN_REQUESTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "record.h"

struct errors;
struct control_client;
struct collector;
struct reload;
struct snapshot;

#define ANSWERS_WAITING_MAX 16

struct requests {
	const struct snapshot *snapshot;   /* lent, like */
	const struct collector *collector; /* these */
	struct reload *reload;
	json_t *(*sinks)(void *context); /* their states, a new array; or NULL */
	void *sinks_context;
	struct control_client *waiting[ANSWERS_WAITING_MAX]; /* with an inquiry as their memo */
	size_t waiters;
	size_t dumped; /* the first so many are part of the dump under way */
	struct control_client
		*reloader;     /* waits until its reload has rejudged its flows; or NULL */
	bool is_reload_wanted; /* by the reloader: not begun yet */
};

/* Handlers for the socket; the context is the answers. */
void requests_handle(void *answers, struct control_client *, const char *command, const json_t *);
void requests_closed(void *answers, struct control_client *);

/* Whether somebody waits for a dump. From its beginning on, each live flow is shown. */
bool requests_want_dump(const struct requests *);
void requests_begin_dump(struct requests *);
void requests_flow(void *answers, const struct record *);
void requests_end_dump(struct requests *);

/* A reload was done, or refused with an error and its reasons. */
void requests_reloaded(struct requests *, int error, const struct errors *);

/* It has rejudged its flows. */
void requests_rejudged(struct requests *);

/* The health checks, a new array of {check, state, what}; and the worst of their states. */
json_t *requests_health(const struct requests *, const char **worst);

#endif
