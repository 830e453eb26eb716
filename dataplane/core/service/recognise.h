/* Recognises a service: what the scanner finds, confirmed by the validators.
 *
 * Pure but for the scratch, which is the worker's. Looks at one message at a time; what the
 * two directions of a flow give together is decided in inspection.c.
 */
#ifndef PORTOLAN_RECOGNISE_H
#define PORTOLAN_RECOGNISE_H

#include "core/protocol/validator.h"
#include "core/service/scanner.h"

struct recognition {
	int service;			/* recognised: two fields agree; -1: none */
	service_mask possible;		/* what fits so far, for want of bytes */
	service_mask maybe;		/* what fits on the strength of one field */
	service_mask asking, answering; /* of these: whose field is one side's own */
	service_mask contradicted;	/* of these: what does not go with what came before */
	service_mask excluded;		/* of the expected services: what it cannot be */
	int reversed;			/* the server's side spoke as a client, or the other way */
	struct message_info info;
};

/* By signatures and validators. */
void recognise(
	const struct scanner *, struct hs_scratch *, const struct message *, struct recognition *);

/* Runs the validators of the services that the flow's rules expect, also those without a matching
 * pattern: where nothing was recognised; where another service was, of a datagram that is not
 * wholly at hand, which is none as long as an expected one is possible; and where an echo is
 * expected, which may look like anything. */
void recognise_expected(const struct scanner *, const struct message *, service_mask expected,
	struct recognition *);

/* Of a flow whose service is known: whether this is a message of it too, with its meaning;
 * its service is set, or -1. MATCH_MORE of what has no validator. */
enum match recognise_again(
	const struct scanner *, const struct message *, unsigned service, struct recognition *);

/* Whether every one of these services says no. */
int recognise_none(const struct scanner *, const struct message *, service_mask expected);

#endif
