/* Asking a running sensor: one question, its items and its result. See control_protocol.h.
 */
#ifndef PORTOLAN_CLIENT_H
#define PORTOLAN_CLIENT_H

#include <jansson.h>
#include <stdbool.h>

struct client_request {
	const char *command;
	const char *socket; /* NULL: where sensors are asked by default */
	json_t *arguments;  /* lent; or NULL */
	bool raw;	    /* print what comes as it is: JSON, an object a line */
	void (*item)(void *context, const json_t *item);
	void *context;
};

/* The command's exit status; what went wrong was said. `result`: a new reference, or NULL where it
 * was printed or there is none; may be NULL. */
int client_request(const struct client_request *, json_t **result);

/* A member's text, number or truth, however deep ("capture.loss.received"); "" and 0 where there
 * is none. */
const char *text_at(const json_t *, const char *path);
double number_at(const json_t *, const char *path);
bool truth_at(const json_t *, const char *path);

/* "2026-11-25 08:25:22" of a time as records have it, "never" of none. */
#define WHEN_BYTES 24
void when_at(const json_t *, const char *path, char text[WHEN_BYTES]);

#endif
