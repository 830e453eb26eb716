#include "analysis/certificate.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>

#include "base/certificate_words.h"
#include "base/plain_text.h"

#define SECOND_NS 1000000000ull
#define DAY_NS (86400 * SECOND_NS)

/* Cut where a character ends. */
static void put_name(char name[CERTIFICATE_NAME_BYTES], const gnutls_datum_t *text)
{
	size_t bytes = 0, next;

	while (bytes < text->size && text->data[bytes]) {
		next = character_bytes(text->data + bytes, text->size - bytes);
		next = next ? next : 1;
		if (bytes + next >= CERTIFICATE_NAME_BYTES)
			break;
		bytes += next;
	}
	memcpy(name, text->data, bytes);
	name[bytes] = '\0';
	plain_text(name);
}

static int read_names(struct certificate *c, gnutls_x509_crt_t crt)
{
	gnutls_datum_t issuer = {NULL, 0}, subject = {NULL, 0};
	int error = gnutls_x509_crt_get_issuer_dn3(crt, &issuer, 0);

	if (error >= 0)
		put_name(c->issuer, &issuer);
	if (error >= 0)
		error = gnutls_x509_crt_get_dn3(crt, &subject, 0);
	if (error == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) /* RFC 5280 4.1.2.6: it may be empty */
		error = 0;
	else if (error >= 0)
		put_name(c->subject, &subject);
	gnutls_free(issuer.data);
	gnutls_free(subject.data);
	return error < 0 ? -EINVAL : 0;
}

/* RFC 5280 4.1.2.5: the year 9999 means that it never ends. */
static uint64_t nanoseconds(time_t at)
{
	if (at <= 0)
		return 0;
	return (uint64_t)at > INT64_MAX / SECOND_NS ? INT64_MAX : (uint64_t)at * SECOND_NS;
}

static int read_fields(struct certificate *c, gnutls_x509_crt_t crt)
{
	time_t from = gnutls_x509_crt_get_activation_time(crt);
	time_t to = gnutls_x509_crt_get_expiration_time(crt);
	unsigned char hash[(CERTIFICATE_FINGERPRINT_BYTES - 1) / 2];
	size_t bytes = sizeof(hash);

	if (from == (time_t)-1 || to == (time_t)-1 ||
		gnutls_x509_crt_get_fingerprint(crt, GNUTLS_DIG_SHA256, hash, &bytes) < 0 ||
		bytes != sizeof(hash))
		return -EINVAL;
	for (size_t i = 0; i < bytes; i++)
		snprintf(c->fingerprint + 2 * i, 3, "%02x", hash[i]);
	c->not_before_ns = nanoseconds(from);
	c->not_after_ns = nanoseconds(to);
	return read_names(c, crt);
}

int certificate_read(struct certificate *c, const uint8_t *der, size_t bytes)
{
	gnutls_datum_t data = {(unsigned char *)(uintptr_t)der, (unsigned)bytes};
	gnutls_x509_crt_t crt;
	int error = -EINVAL;

	*c = (struct certificate){.not_after_ns = 0};
	if (gnutls_x509_crt_init(&crt) < 0)
		return -EINVAL;
	if (gnutls_x509_crt_import(crt, &data, GNUTLS_X509_FMT_DER) >= 0)
		error = read_fields(c, crt);
	gnutls_x509_crt_deinit(crt);
	return error;
}

int64_t certificate_days_left(const struct certificate *c, uint64_t now_ns)
{
	return certificate_days(c->not_after_ns, now_ns);
}

enum certificate_term certificate_term(const struct certificate *c, uint64_t now_ns)
{
	uint64_t left_ns = c->not_after_ns - now_ns;

	if (c->not_after_ns < now_ns)
		return CERTIFICATE_ENDED;
	if (left_ns <= 7 * DAY_NS)
		return CERTIFICATE_ENDS_IN_7;
	if (left_ns <= 30 * DAY_NS)
		return CERTIFICATE_ENDS_IN_30;
	return left_ns <= 90 * DAY_NS ? CERTIFICATE_ENDS_IN_90 : CERTIFICATE_GOOD;
}

void certificate_text(
	const struct certificate *c, uint64_t now_ns, char text[CERTIFICATE_TEXT_BYTES])
{
	certificate_words(c->subject, c->issuer, certificate_days_left(c, now_ns), text,
		CERTIFICATE_TEXT_BYTES);
}
