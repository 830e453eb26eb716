/* Parses a flow given on the command line: PROTO SRC:PORT DST:PORT.
 *
 * Instead of an address an end may have the name of an appliance or a group of the site: it then
 * stands for its first address, and where that is a network, for the network's first host.
 */
#ifndef PORTOLAN_FLOW_SPEC_H
#define PORTOLAN_FLOW_SPEC_H

#include <stddef.h>

#include "policy.h"

struct ruleset;

#define FLOW_SPEC_NAME_BYTES 128

/* The flow; its appliances are not set. */
struct flow_spec {
	struct flow_tuple flow;
	char name[2][FLOW_SPEC_NAME_BYTES]; /* "": the end has an address */
};

/* 0, or -EINVAL with the expected form in `why`. IPv6 with a port is [ADDRESS]:PORT. */
int flow_spec_read(struct flow_spec *, const char *const argument[3], char *why, size_t bytes);

/* Gives the ends with names an address of the site, of the same version as the other end's. 0, or
 * -EINVAL with what would be right in `why`. */
int flow_spec_resolve(struct flow_spec *, const struct ruleset *, char *why, size_t bytes);

#endif
