/* Changes one frame as networks and attackers do: tags, tunnels, IPv6 extension headers and options
 * around and between what is there, fragments, ends exchanged, ports of services, TCP's flags, the
 * payload alone. Mostly with lengths and checksums that are right afterwards, so that what is
 * behind them is reached. The same seed does the same to each packet of a conversation.
 */
#ifndef PORTOLAN_PACKET_MUTATOR_H
#define PORTOLAN_PACKET_MUTATOR_H

#include "mutation.h"

#define PACKET_BYTES_MAX 2048

void packet_mutate(struct mutation *frame);

#endif
