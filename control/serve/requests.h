/* Answers the requests of the control socket: see control_protocol.h.
 *
 * Requests about state are answered at once from the snapshot; those about live flows wait for a
 * dump. Used on the control thread only.
 */
#ifndef PORTOLAN_REQUESTS_H
#define PORTOLAN_REQUESTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "record.h"

struct errors;
struct control_client;
struct control_socket;
struct collector;
struct reload;
struct snapshot;

#define REQUESTS_WAITING_MAX 16

/* All clients' flow queries together: the largest one takes 30 MB. */
#define REQUESTS_QUERY_BYTES_MAX (96u << 20)

struct requests {
	const struct snapshot *snapshot;   /* lent */
	const struct collector *collector; /* lent */
	struct reload *reload;
	struct control_socket *socket;
	size_t query_bytes;		 /* of all flow queries */
	json_t *(*sinks)(void *context); /* returns their states, a new array; or NULL */
	void *sinks_context;
	struct control_client *waiting[REQUESTS_WAITING_MAX]; /* for a dump */
	size_t waiters;
	size_t dumped;			 /* the first so many take part in the current dump */
	struct control_client *reloader; /* until its reload has rejudged all flows; or NULL */
	bool is_reload_wanted;		 /* requested by the reloader, not begun yet */
};

/* Handlers for the socket; `context` is the struct requests. */
void requests_handle(void *context, struct control_client *, const char *command, const json_t *);
void requests_continue(void *context, struct control_client *);
void requests_closed(void *context, struct control_client *);

/* Whether a request waits for a dump; such a dump's live flows go to requests_flow(). */
bool requests_want_dump(const struct requests *);
void requests_begin_dump(struct requests *);
void requests_flow(void *context, const struct record *);
void requests_end_dump(struct requests *);

/* Reports the result of a reload: `error` 0, or negative with the errors. */
void requests_reloaded(struct requests *, int error, const struct errors *);

/* The reload has rejudged all flows. */
void requests_rejudged(struct requests *);

/* The health checks, a new array of {check, state, what}, and the worst state. */
json_t *requests_health(const struct requests *, const char **worst);

#endif
