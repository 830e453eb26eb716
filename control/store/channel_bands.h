/* Channels over time: the states of each pair of appliances, made of the connections that were
 * stored.
 *
 * A connection stands from its first packet to five minutes after its last one, or to its end. Two
 * that stand are `up`, one is `half`; without one, what was tried last says why, and then how the
 * last one ended.
 */
#ifndef PORTOLAN_CHANNEL_BANDS_H
#define PORTOLAN_CHANNEL_BANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/channel_state.h"
#include "store/store_reader.h"

struct channel_band {
	uint64_t from_ns, to_ns;
	enum channel_state state;
	const char *reason; /* why it is not up; NULL: the state says it */
	bool is_sealed;	    /* the last connection was of TLS 1.3 */
	unsigned connections;
	size_t pair;
};

struct channel_pair {
	char *one, *other;
};

struct channel_bands {
	struct channel_pair *pair;
	struct channel_band *band; /* by pair, then by time; up to the window's end */
	size_t pairs, bands;
	char **text; /* reasons */
	size_t texts;
};

/* 0 or a negative errno; to be freed in any case. Bands outside of the window are cut away. */
int channel_bands_read(struct store_reader *, const struct store_filter *, struct channel_bands *);
void channel_bands_free(struct channel_bands *);

#endif
