/* Who issued the certificate that an end of a channel has shown last: by names, so that it outlives
 * a reload, and a restart where the store has it.
 *
 * Bounded: ends beyond KNOWN_ISSUERS_MAX are not remembered. One allocation an end, freed by
 * known_issuers_fini(). All zeroes is an empty one.
 */
#ifndef PORTOLAN_KNOWN_ISSUERS_H
#define PORTOLAN_KNOWN_ISSUERS_H

#include <stdint.h>

#define KNOWN_ISSUERS_MAX 131072

struct known_issuer;

struct known_issuers {
	struct known_issuer *first;
};

void known_issuers_fini(struct known_issuers *);

/* `holder` has shown to `peer` a certificate by `issuer`; one that was seen later stays. Without
 * memory it is not remembered. */
void known_issuers_note(struct known_issuers *, const char *holder, const char *peer,
	const char *issuer, uint64_t seen_ns);

/* Lent until the next note; NULL: not known, or only from later than `at_ns`. */
const char *known_issuers_find(
	const struct known_issuers *, const char *holder, const char *peer, uint64_t at_ns);

#endif
