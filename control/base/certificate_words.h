/* A certificate in one phrase for people: "CN=ftd-1 by CN=ca, 12 days left". */
#ifndef PORTOLAN_CERTIFICATE_WORDS_H
#define PORTOLAN_CERTIFICATE_WORDS_H

#include <stddef.h>
#include <stdint.h>

/* In the place of a certificate that nobody could have seen. */
#define CERTIFICATE_SEALED_TEXT "cannot be seen: TLS 1.3 encrypts it"

/* Whole days until it ends; less than 0 once it has ended. */
int64_t certificate_days(uint64_t not_after_ns, uint64_t now_ns);

void certificate_words(
	const char *subject, const char *issuer, int64_t days, char *text, size_t bytes);

#endif
