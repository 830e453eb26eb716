/* Metrics over HTTP: GET /metrics only (RFC 9110).
 *
 * No thread of its own: the control thread runs it periodically, and it never blocks. Connections,
 * of one address and of all, memory and time are bounded: a whole request has ten seconds, and
 * where there are too many connections the one goes that has been without a request for the
 * longest. With a token, requests must carry it; with a certificate it is HTTPS. Used on the
 * control thread only.
 */
#ifndef PORTOLAN_HTTP_SERVER_H
#define PORTOLAN_HTTP_SERVER_H

#include <stdint.h>

struct output_settings;
struct http;
struct metrics_source;

/* Listens at the site's address and reads its files; sets NULL if no metrics are configured. 0, or
 * a negative errno with the reason logged. The source is lent. */
int http_open(struct http **, const struct output_settings *, const struct metrics_source *);

/* Processes pending events without blocking, by the steady clock; the argument may be NULL. */
void http_run(struct http *, uint64_t now_ns);

void http_close(struct http *);

#endif
