/* Why a channel is not up, as single connections have shown it: a TLS alert in clear, segments too
 * large for a link on the way, a mirror that shows one side, attempts from an address that is not
 * the appliance's. The last one of each kind, with whose it was: an end of the channel, 0 or 1.
 *
 * A cause explains a state and decides none: what a stranger forges hides nothing.
 */
#ifndef PORTOLAN_CHANNEL_CAUSE_H
#define PORTOLAN_CHANNEL_CAUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "record.h"

struct channel_cause {
	uint64_t alert_ns, stuck_ns, one_sided_ns, wrong_ns; /* 0: never */
	struct address wrong_address;
	uint8_t wrong_version;
	uint8_t alert; /* its description */
	uint8_t alert_end, stuck_end, one_sided_end, wrong_end;
	bool wrong_declared; /* the link address is the inventory's, else one that was seen */
};

/* Notes what a record of a connection between both appliances shows. `first`: the end that is the
 * record's initiator. */
void channel_cause_note(struct channel_cause *, const struct record *, unsigned first);

/* One sentence about the most telling cause since then; "" for none. */
#define CHANNEL_CAUSE_BYTES 900
void channel_cause_text(const struct channel_cause *, const char *const end[2], uint64_t since_ns,
	char text[CHANNEL_CAUSE_BYTES]);

#endif
