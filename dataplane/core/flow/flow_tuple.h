/* A flow as the policy sees it: who asks whom, whichever end initiated. */
#ifndef PORTOLAN_FLOW_TUPLE_H
#define PORTOLAN_FLOW_TUPLE_H

#include "core/flow/flow.h"
#include "policy.h"

/* `initiator`: its place in the key. */
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
