/* TLS client over a non-blocking socket that the caller connects.
 *
 * The certificate must be valid for the host's name and signed by an authority of `ca`, or of the
 * system's store without `ca`. All files are read by tls_open(). Functions that would block return
 * -EAGAIN; tls_wants() tells what to wait for.
 */
#ifndef PORTOLAN_TLS_CLIENT_H
#define PORTOLAN_TLS_CLIENT_H

#include <stddef.h>

#define TLS_WHY_BYTES 160

struct tls;

struct tls_files {
	const char *ca, *certificate, *key; /* paths, or NULL; the last two only together */
};

/* 0 or a negative errno with a message; messages contain no secrets. */
int tls_open(struct tls **, const char *host, const struct tls_files *, char why[TLS_WHY_BYTES]);

/* Starts a session on `fd`, which the caller owns. */
int tls_begin(struct tls *, int fd);
int tls_handshake(struct tls *, char why[TLS_WHY_BYTES]);

/* Returns the number of bytes taken; -EAGAIN: repeat with the same bytes. */
long tls_send(struct tls *, const void *bytes, size_t length);

/* Reads alerts and data from the peer: 0, or an error if the connection is lost. */
int tls_check(struct tls *);

/* POLLIN or POLLOUT. */
short tls_wants(const struct tls *);

/* Ends the session, if any. */
void tls_end(struct tls *);

void tls_close(struct tls *);

#endif
