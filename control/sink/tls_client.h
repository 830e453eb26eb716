/* TLS towards one host, over a socket that the caller connects and that does not block.
 *
 * The host's certificate must be for its name and come from an authority of `ca`, or of the
 * system's store where there is no `ca`. All files are read when it is opened. Functions that
 * have to wait say -EAGAIN, and tls_wants() what for.
 */
#ifndef PORTOLAN_TLS_CLIENT_H
#define PORTOLAN_TLS_CLIENT_H

#include <stddef.h>

#define TLS_WHY_BYTES 160

struct tls;

struct tls_files {
	const char *ca, *certificate, *key; /* paths, or NULL; the last two only together */
};

/* 0 or a negative errno with the reason in words; never holds a secret. */
int tls_open(struct tls **, const char *host, const struct tls_files *, char why[TLS_WHY_BYTES]);

/* A session on `fd`, which stays the caller's. */
int tls_begin(struct tls *, int fd);
int tls_handshake(struct tls *, char why[TLS_WHY_BYTES]);

/* So many bytes were taken; -EAGAIN: again with the same ones. */
long tls_send(struct tls *, const void *bytes, size_t length);

/* Reads what the other side says of the connection: 0, or it is gone. */
int tls_check(struct tls *);

/* POLLIN or POLLOUT. */
short tls_wants(const struct tls *);

/* Ends the session, if there is one. */
void tls_end(struct tls *);

void tls_close(struct tls *);

#endif
