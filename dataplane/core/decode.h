/* From bytes to addresses and ports.
 *
 * Total: any byte string yields an IP packet or a reason why not. Reads nothing past
 * `caplen`, keeps no state, allocates nothing. Every layer is one function that takes
 * the bytes from its first on and names the layer that follows.
 */
#ifndef PORTOLAN_DECODE_H
#define PORTOLAN_DECODE_H

#include "packet.h"
#include "view.h"

void decode(const struct packet *, struct view *);

/* The same without the short way that plain packets take: the twin that tests compare with. */
void decode_layers(const struct packet *, struct view *);

#endif
