/* What tells a channel of appliances from a probe, in one flow's record. */
#ifndef PORTOLAN_CHANNEL_SIGNS_H
#define PORTOLAN_CHANNEL_SIGNS_H

#include <stdbool.h>

struct record;

/* Who was asked has answered. */
bool flow_was_answered(const struct record *);

/* Both sides have spoken TLS for so long, with so many packets each: who only probes, or is turned
 * away after the hellos, does not come so far. One that was under way when the capture began has no
 * hellos to show. */
bool channel_has_settled(const struct record *);

#endif
