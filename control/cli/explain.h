/* `portolan explain`: what the policy says of a flow that somebody thinks of (DESIGN 8).
 */
#ifndef PORTOLAN_EXPLAIN_H
#define PORTOLAN_EXPLAIN_H

#include <stddef.h>
#include <stdio.h>

#include "policy.h"

struct ruleset;

/* The flow asked about; its appliances are not known yet. */
struct flow_spec {
	struct flow_tuple flow;
};

/* PROTO SRC:PORT DST:PORT. 0, or -EINVAL and what would be right in `why`. */
int flow_spec_read(struct flow_spec *, const char *const argument[3], char *why, size_t bytes);

void explain(const struct ruleset *, const struct flow_spec *, FILE *);

#endif
