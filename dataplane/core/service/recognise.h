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
	int service;	       /* recognised: two fields agree; -1: none */
	service_mask possible; /* what fits so far, for want of bytes */
	service_mask maybe;    /* what fits on the strength of one field */
	service_mask excluded; /* of the expected services: what it cannot be */
	struct message_info info;
};

/* By signatures and validators. */
void recognise(
	const struct scanner *, struct hs_scratch *, const struct message *, struct recognition *);

/* Where nothing was recognised: runs the validators of the services that the flow's rules expect,
 * also those without a matching pattern. */
void recognise_expected(const struct scanner *, const struct message *, service_mask expected,
	struct recognition *);

/* Of a flow whose service is known: 1 if this is a message of it too, with its meaning. */
int recognise_again(
	const struct scanner *, const struct message *, unsigned service, struct recognition *);

#endif
