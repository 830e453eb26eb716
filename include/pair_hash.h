/* Which worker a packet belongs to.
 *
 * By the pair of its addresses, whichever comes first, so that both directions, all fragments,
 * ICMP errors and what is remembered of two hosts stay with one worker (DESIGN 9). Of packets in
 * packets by the header that counts, which the inventory says: by the outermost one, what two
 * switches mirrored of one conversation would come to two workers; by the innermost one, a tunnel
 * that is itself an appliance's flow would.
 */
#ifndef PORTOLAN_PAIR_HASH_H
#define PORTOLAN_PAIR_HASH_H

#include <stdint.h>

#include "inventory.h"
#include "packet.h"

/* A hash of the address pair; 0 for what is no IP packet. Pure. */
uint32_t pair_hash_of(const struct packet *, const struct inventory *);

#endif
