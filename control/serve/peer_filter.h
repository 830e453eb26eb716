/* Which hosts a question about flows means: an address, a network, an appliance or a group of the
 * site, by what was written.
 *
 * Owns its networks, since a reload frees those of the ruleset; an appliance is known by its name.
 * Used on the control thread only.
 */
#ifndef PORTOLAN_PEER_FILTER_H
#define PORTOLAN_PEER_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "record.h"

struct ruleset;

struct peer_filter {
	char *appliance;       /* NULL: networks */
	struct prefix *prefix; /* of an address, a network or a group */
	size_t prefixes, bytes;
};

/* 0, or a negative errno with the reason in `why`. */
int peer_filter_init(
	struct peer_filter *, const char *text, const struct ruleset *, char *why, size_t bytes);
void peer_filter_fini(struct peer_filter *);

/* Whether it is set and one of the flow's ends is meant. */
bool peer_filter_fits(const struct peer_filter *, const struct record *, const struct ruleset *);

#endif
