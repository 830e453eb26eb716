/* Which service speaks: what the scanner finds, confirmed by the validators.
 *
 * Pure but for the scratch, which is the worker's. Looks at one message at a time; what the
 * two directions of a flow say together is the reassembly slot's affair.
 */
#ifndef PORTOLAN_RECOGNISE_H
#define PORTOLAN_RECOGNISE_H

#include "core/protocol/validator.h"
#include "core/service/scanner.h"

struct recognition {
	int service;	       /* recognised: two fields agree; -1: none */
	service_mask possible; /* what fits so far, for want of bytes */
	service_mask maybe;    /* what fits on the strength of one field */
	service_mask excluded; /* of the expected services: what it cannot be */
	struct message_info info;
};

/* What the signatures say of it. */
void recognise(
	const struct scanner *, struct hs_scratch *, const struct message *, struct recognition *);

/* Of what was not recognised: what it says of the services that the flow's rules expect, which
 * are asked even where no pattern speaks for them. */
void recognise_expected(const struct scanner *, const struct message *, service_mask expected,
	struct recognition *);

/* Of a flow whose service is known: 1 if this is a message of it too, with its meaning. */
int recognise_again(
	const struct scanner *, const struct message *, unsigned service, struct recognition *);

#endif
