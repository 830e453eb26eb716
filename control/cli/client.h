/* Client of the control socket: sends one request, receives its items and result. See
 * control_protocol.h.
 */
#ifndef PORTOLAN_CLIENT_H
#define PORTOLAN_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct client_request {
	const char *command;
	const char *socket; /* NULL: the default path */
	json_t *arguments;  /* lent; or NULL */
	bool raw;	    /* print the answer's JSON lines unchanged */
	void (*item)(void *context, const json_t *item);
	void *context;
};

/* Returns the command's exit status, with errors printed. `result` (may be NULL): a new reference,
 * or NULL if there is none or it was printed. */
int client_request(const struct client_request *, json_t **result);

/* A member by its path ("capture.loss.received"); "" and 0 if missing. */
const char *text_at(const json_t *, const char *path);
double number_at(const json_t *, const char *path);
/* 0 for what is negative, the largest for what is larger. */
uint64_t count_at(const json_t *, const char *path);
bool truth_at(const json_t *, const char *path);

/* A record's time as "2026-11-25 08:25:22"; "never" if missing. */
#define WHEN_BYTES 24
void when_at(const json_t *, const char *path, char text[WHEN_BYTES]);

#endif
