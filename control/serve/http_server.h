/* Metrics over HTTP: GET /metrics, and nothing else (RFC 9110).
 *
 * No thread of its own: control runs it now and then, and it never waits. Connections, their memory
 * and their time are bounded. With a token, whoever asks has to bring it; with a certificate it is
 * HTTPS. Control's thread.
 */
#ifndef PORTOLAN_HTTP_SERVER_H
#define PORTOLAN_HTTP_SERVER_H

#include <stdint.h>

struct output_settings;
struct http;
struct metrics_source;

/* Listens where the site says, files read at once; NULL where it wants no metrics. 0, or a negative
 * errno with the reason logged. The source is lent. */
int http_open(struct http **, const struct output_settings *, const struct metrics_source *);

/* Does what can be done without waiting; may be NULL. */
void http_run(struct http *);

void http_close(struct http *);

#endif
