/* Which ports a later fragment belongs to (RFC 791 section 3.2, RFC 8200 section 4.5).
 *
 * A bounded cache of datagrams seen in pieces. The first fragment brings the ports; later
 * ones that come before it wait as two numbers, and are added to the flow when it comes.
 * Where a set is full the datagram that was begun first gives way, and what waited for it
 * stays unattributed. Payload of later fragments is never read.
 */
#ifndef PORTOLAN_FRAGMENTS_H
#define PORTOLAN_FRAGMENTS_H

#include <stddef.h>
#include <stdint.h>

#include "view.h"

#define FRAGMENT_WAYS 4

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
};

struct fragments {
	struct datagram *datagram;
	uint32_t set_mask;
};

/* Bytes for 2^sets_log2 sets of FRAGMENT_WAYS datagrams; zeroed. */
size_t fragments_size(unsigned sets_log2);
void fragments_init(struct fragments *, void *memory, unsigned sets_log2);

/* A first fragment: keeps its ports and hands over what waited in view.pending_*. */
void fragments_first(struct fragments *, struct view *, uint64_t now_ns);

/* A later one: 1 with the first one's protocol and ports in the view; 0 if it has to wait. */
int fragments_later(struct fragments *, struct view *, uint64_t now_ns);

#endif
