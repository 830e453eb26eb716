/* A flow as the policy sees it: initiator and responder with their ports and appliances. */
#ifndef PORTOLAN_FLOW_TUPLE_H
#define PORTOLAN_FLOW_TUPLE_H

#include "core/flow/flow.h"
#include "policy.h"

/* `initiator`: which end of the key, 0 or 1. */
static inline void flow_tuple_of(const struct flow *f, unsigned initiator, struct flow_tuple *c)
{
	c->version = (uint8_t)flow_version(f);
	c->protocol = f->protocol;
	for (unsigned i = 0; i < 2; i++) {
		flow_address(&c->address[i], f, i ^ initiator);
		c->port[i] = f->port[i ^ initiator];
		c->appliance[i] = f->appliance[i ^ initiator];
	}
}

#endif
