/* The outermost pair of IP addresses of a frame, for spreading frames over workers.
 *
 * Reads past VLAN tags, MPLS labels and PPPoE and not past the first IP header; knows no
 * policy. Both directions and all fragments between two hosts give the same.
 */
#ifndef PORTOLAN_ADDRESS_PAIR_H
#define PORTOLAN_ADDRESS_PAIR_H

#include <stddef.h>
#include <stdint.h>

/* Where the source address of an Ethernet frame's IP header lies, its destination right
 * behind it; *bytes is the length of one address, 4 or 16. NULL: no IP. */
const uint8_t *pair_find(const uint8_t *frame, size_t length, unsigned *bytes);

/* A hash of the two, whichever comes first; 0 where there is no IP. */
uint32_t pair_hash(const uint8_t *frame, size_t length);

#endif
