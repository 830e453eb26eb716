/* Channels that the site declares (`managers`) and that are not there.
 *
 * A device that names its management centers should have a channel with each of them and with
 * their partners. Which pairs have one, in whatever state, is looked up once for an evaluation.
 * Used on the control thread only.
 */
#ifndef PORTOLAN_DECLARED_CHANNELS_H
#define PORTOLAN_DECLARED_CHANNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct channels;
struct ruleset;

struct declared_channels {
	const struct ruleset *ruleset;
	uint32_t *pair; /* of appliances with a channel, the smaller number first; sorted */
	size_t count;
	bool *needs; /* by class: its appliances have channels with others of the site */
};

/* 0 or -ENOMEM. */
int declared_channels_open(
	struct declared_channels *, const struct ruleset *, const struct channels *);
void declared_channels_close(struct declared_channels *);

/* Whether an appliance names who manages it. */
bool declared_channels_names(const struct declared_channels *, size_t appliance);

/* Whether its profile has appliance communications with others of the site. */
bool declared_channels_needs(const struct declared_channels *, size_t appliance);

/* The next management center, from `*at` on, that a device should have a channel with and has not;
 * APPLIANCE_NONE after the last. `*at` begins with 0. */
uint16_t declared_channels_missing(
	const struct declared_channels *, size_t appliance, uint32_t *at);

#endif
