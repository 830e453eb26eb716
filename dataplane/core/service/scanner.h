/* The scanner: all signatures of a transport looked for in one pass over a few bytes, and in a
 * second one where something begins as one of unbounded length does.
 *
 * The only file of the project that knows Hyperscan (or Vectorscan). The databases are shared
 * and never written; the scratch is one worker's.
 */
#ifndef PORTOLAN_SCANNER_H
#define PORTOLAN_SCANNER_H

#include "signature.h"

struct hs_scratch;

#define HITS_WORDS (SIGNATURES_MAX / 64)

/* Which signatures were found: bits by their index. */
struct hits {
	uint64_t word[HITS_WORDS];
};

struct hs_database;

struct scanner {
	/* By transport, NULL where it has no signature: patterns and beginnings; and, from
	 * TRANSPORT_COUNT on, the patterns of those that have a beginning. */
	struct hs_database *database[SCANNER_PARTS];
	const struct signature *signature;
	size_t count;
	/* By transport and service: its validators, each once, -1 after the last. */
	int8_t validators[TRANSPORT_COUNT][SERVICE_COUNT][4];
	/* Signatures without a pattern, and those with a beginning. */
	struct hits unpatterned[TRANSPORT_COUNT], begun[TRANSPORT_COUNT];
	service_mask unpatterned_services;
};

/* 0 or -ENOMEM. Memory of the library's; before the first packet. */
int scratch_init(struct hs_scratch **, const struct scanner *);
void scratch_fini(struct hs_scratch *);

void scan(const struct scanner *, struct hs_scratch *, enum transport, const uint8_t *bytes,
	uint32_t length, struct hits *);

#endif
