/* Parses a flow given on the command line: PROTO SRC:PORT DST:PORT. */
#ifndef PORTOLAN_FLOW_SPEC_H
#define PORTOLAN_FLOW_SPEC_H

#include <stddef.h>

#include "policy.h"

/* The flow; its appliances are not set. */
struct flow_spec {
	struct flow_tuple flow;
};

/* 0, or -EINVAL with the expected form in `why`. IPv6 with a port is [ADDRESS]:PORT. */
int flow_spec_read(struct flow_spec *, const char *const argument[3], char *why, size_t bytes);

#endif
