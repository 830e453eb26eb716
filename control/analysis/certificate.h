/* A leaf certificate as it was seen in clear: whose, by whom, from when to when (RFC 5280).
 *
 * Read from DER with GnuTLS; nothing of it is verified. Names come from the network: what could
 * steer a terminal is replaced, and a long one is cut. Plain values, no memory of its own.
 */
#ifndef PORTOLAN_CERTIFICATE_H
#define PORTOLAN_CERTIFICATE_H

#include <stddef.h>
#include <stdint.h>

#define CERTIFICATE_NAME_BYTES 256
#define CERTIFICATE_FINGERPRINT_BYTES 65 /* SHA-256 of the DER, in hex */

struct certificate {
	char issuer[CERTIFICATE_NAME_BYTES], subject[CERTIFICATE_NAME_BYTES];
	char fingerprint[CERTIFICATE_FINGERPRINT_BYTES];
	uint64_t not_before_ns, not_after_ns; /* since the epoch; no later than the year 2262 */
};

/* How long it is still good for: the days that a finding begins at. */
enum certificate_term {
	CERTIFICATE_GOOD,
	CERTIFICATE_ENDS_IN_90,
	CERTIFICATE_ENDS_IN_30,
	CERTIFICATE_ENDS_IN_7,
	CERTIFICATE_ENDED,
};

/* 0, or -EINVAL: it is none. */
int certificate_read(struct certificate *, const uint8_t *der, size_t bytes);

enum certificate_term certificate_term(const struct certificate *, uint64_t now_ns);

/* Whole days until it ends; less than 0 once it has ended. */
int64_t certificate_days_left(const struct certificate *, uint64_t now_ns);

/* "CN=ftd-1 by CN=ca, 12 days left": for people. */
#define CERTIFICATE_TEXT_BYTES (2 * CERTIFICATE_NAME_BYTES + 64)
void certificate_text(
	const struct certificate *, uint64_t now_ns, char text[CERTIFICATE_TEXT_BYTES]);

#endif
