/* Which ports a later fragment belongs to (RFC 791 section 3.2, RFC 8200 section 4.5).
 *
 * A bounded cache of datagrams seen in pieces. The first fragment brings the ports; later
 * ones that come before it wait as two numbers, and are added to the flow when it comes.
 * Where a set is full the datagram that was begun first gives way, and what waited for it
 * stays unattributed. Payload of later fragments is never read.
 *
 * Receivers differ in which of two pieces wins that carry the same bytes (RFC 1858, RFC 3128).
 * So what overlaps is counted, and two different first fragments have no flow: nothing is judged
 * on a guess. One that holds the ports is judged by them, however small, and told. A copy is no
 * overlap, and what comes when a datagram is complete belongs to the next one with its number
 * (RFC 4963).
 */
#ifndef PORTOLAN_FRAGMENTS_H
#define PORTOLAN_FRAGMENTS_H

#include <stddef.h>
#include <stdint.h>

#include "core/decode/decoded.h"

#define FRAGMENT_WAYS 4
#define FRAGMENT_RANGES 4 /* of bytes that were seen, put together where they meet */
#define FRAGMENT_RECENT 4 /* fragments of which a copy is known */

/* Bytes of a datagram, from the first one to before the last one. */
struct range {
	uint16_t begin, end;
};

struct datagram {
	struct address source, destination;
	uint32_t id;
	uint16_t source_port, destination_port;
	uint8_t version;  /* 0: empty */
	uint8_t carried;  /* what the fragment header says, of IPv4 part of the key */
	uint8_t protocol; /* the first fragment's, after the extension headers */
	uint8_t has_ports;
	uint32_t pending_packets;
	uint64_t pending_bytes;
	uint64_t time_ns; /* stream time of its last fragment */
	struct range range[FRAGMENT_RANGES], recent[FRAGMENT_RECENT];
	uint16_t length; /* of the whole datagram; 0: its end was not seen */
	uint8_t ranges;
	uint8_t next; /* place in `recent` */
	uint8_t zero[4];
};

struct fragments {
	struct datagram *datagram;
	uint32_t set_mask;
};

/* Bytes for 2^sets_log2 sets of FRAGMENT_WAYS datagrams; zeroed. */
size_t fragments_size(unsigned sets_log2);
void fragments_init(struct fragments *, void *memory, unsigned sets_log2);

/* Result for a fragment. */
#define FRAGMENT_HAS_FLOW 1u /* protocol and ports are in the decoded packet */
#define FRAGMENT_OVERLAPS 2u
#define FRAGMENT_IS_TINY 4u

/* Any fragment. A later one gets the first one's protocol and ports; a first one hands over
 * what waited in decoded.pending_*. Without FRAGMENT_HAS_FLOW it waits, or is in doubt. */
unsigned fragments_see(struct fragments *, struct decoded *, uint64_t now_ns);

#endif
