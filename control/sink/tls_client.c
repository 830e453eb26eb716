#include "sink/tls_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/gnutls.h>

#include "base/tls_priorities.h"

struct tls {
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priorities;
	gnutls_session_t session; /* NULL: none */
	char *host;
};

static int load_trust(struct tls *t, const char *ca, char why[TLS_WHY_BYTES])
{
	int n = ca ? gnutls_certificate_set_x509_trust_file(t->credentials, ca, GNUTLS_X509_FMT_PEM)
		   : gnutls_certificate_set_x509_system_trust(t->credentials);

	if (n > 0)
		return 0;
	snprintf(why, TLS_WHY_BYTES, "%.80s: %s", ca ? ca : "the system's certificates",
		n < 0 ? gnutls_strerror(n) : "no certificate in it");
	return -EINVAL;
}

static int load_own(struct tls *t, const struct tls_files *f, char why[TLS_WHY_BYTES])
{
	int n;

	if (!f->certificate || !f->key)
		return 0;
	n = gnutls_certificate_set_x509_key_file(
		t->credentials, f->certificate, f->key, GNUTLS_X509_FMT_PEM);
	if (n >= 0)
		return 0;
	snprintf(why, TLS_WHY_BYTES, "%.80s and its key: %s", f->certificate, gnutls_strerror(n));
	return -EINVAL;
}

int tls_open(
	struct tls **out, const char *host, const struct tls_files *files, char why[TLS_WHY_BYTES])
{
	struct tls *t = *out = calloc(1, sizeof(*t));
	int error;

	snprintf(why, TLS_WHY_BYTES, "no more memory");
	if (!t || !(t->host = strdup(host)) ||
		gnutls_certificate_allocate_credentials(&t->credentials) < 0 ||
		gnutls_priority_init(&t->priorities, TLS_PRIORITIES, NULL) < 0)
		return -ENOMEM;
	error = load_trust(t, files->ca, why);
	return error < 0 ? error : load_own(t, files, why);
}

static int is_address(const char *host)
{
	unsigned char bytes[16];

	return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

int tls_begin(struct tls *t, int fd)
{
	tls_end(t);
	if (gnutls_init(&t->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0) {
		t->session = NULL;
		return -ENOMEM;
	}
	if (gnutls_priority_set(t->session, t->priorities) < 0 ||
		gnutls_credentials_set(t->session, GNUTLS_CRD_CERTIFICATE, t->credentials) < 0)
		return -ENOMEM;
	/* RFC 6066, 3: SNI must not contain addresses. */
	if (!is_address(t->host))
		gnutls_server_name_set(t->session, GNUTLS_NAME_DNS, t->host, strlen(t->host));
	gnutls_session_set_verify_cert(t->session, t->host, 0);
	gnutls_transport_set_int(t->session, fd);
	return 0;
}

static int is_passing(long n)
{
	return n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED;
}

static void verification_error(struct tls *t, char why[TLS_WHY_BYTES])
{
	unsigned status = gnutls_session_get_verify_cert_status(t->session);
	gnutls_datum_t text;

	if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0) < 0)
		return;
	if (text.size > 0 && text.data[text.size - 1] == ' ')
		text.data[text.size - 1] = '\0';
	snprintf(why, TLS_WHY_BYTES, "%.150s", (const char *)text.data);
	gnutls_free(text.data);
}

int tls_handshake(struct tls *t, char why[TLS_WHY_BYTES])
{
	int n = gnutls_handshake(t->session);

	if (n == GNUTLS_E_SUCCESS)
		return 0;
	if (is_passing(n) || (n < 0 && !gnutls_error_is_fatal(n)))
		return -EAGAIN;
	snprintf(why, TLS_WHY_BYTES, "TLS: %s", gnutls_strerror(n));
	if (n == GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR)
		verification_error(t, why);
	return -EPROTO;
}

long tls_send(struct tls *t, const void *bytes, size_t length)
{
	ssize_t n = gnutls_record_send(t->session, bytes, length);

	if (n >= 0)
		return n;
	return is_passing(n) ? -EAGAIN : -EPIPE;
}

int tls_check(struct tls *t)
{
	char ignored[512];
	ssize_t n;

	do
		n = gnutls_record_recv(t->session, ignored, sizeof(ignored));
	while (n > 0);
	return n == 0 || (!is_passing(n) && gnutls_error_is_fatal((int)n)) ? -ECONNRESET : 0;
}

short tls_wants(const struct tls *t)
{
	return gnutls_record_get_direction(t->session) ? POLLOUT : POLLIN;
}

void tls_end(struct tls *t)
{
	if (!t->session)
		return;
	gnutls_bye(t->session, GNUTLS_SHUT_WR);
	gnutls_deinit(t->session);
	t->session = NULL;
}

void tls_close(struct tls *t)
{
	if (!t)
		return;
	tls_end(t);
	if (t->priorities)
		gnutls_priority_deinit(t->priorities);
	if (t->credentials)
		gnutls_certificate_free_credentials(t->credentials);
	free(t->host);
	free(t);
}
