/* From bytes to addresses, ports and appliances.
 *
 * Total: any byte string yields an IP packet or a reason why not. Reads nothing past
 * `caplen`, keeps no state, allocates nothing. Every layer is one function that takes
 * the bytes from its first on and names the layer that follows.
 *
 * Of packets in packets the outermost counts that has an appliance at either end, a mirror's own
 * transport aside (DESIGN 5); where none has, the packet is unmonitored.
 */
#ifndef PORTOLAN_DECODE_H
#define PORTOLAN_DECODE_H

#include "core/decode/decoded.h"
#include "inventory.h"
#include "packet.h"

/* Fills decoded.appliance; of what is no IP packet only decoded.outcome. */
void decode(const struct packet *, const struct inventory *, struct decoded *);

/* The same without the shortcut for plain packets: the reference that tests compare with. */
void decode_layers(const struct packet *, const struct inventory *, struct decoded *);

#endif
