/* Where the headers of a frame are, by looks: the first bytes that can be an IP header, whatever
 * link and tags precede it. For the mutators; wrong where a frame is too broken to tell.
 */
#ifndef PORTOLAN_PACKET_LAYOUT_H
#define PORTOLAN_PACKET_LAYOUT_H

#include "mutation.h"

/* Offsets of a frame; each at most its length. */
struct packet_layout {
	size_t ip, transport, payload;
	uint8_t version, protocol;
};

/* False: no IP header at `from` or later. */
bool packet_layout_read(struct packet_layout *, const struct mutation *frame, size_t from);

/* Whether the payload may hold a packet of its own. */
bool packet_layout_is_tunnel(const struct packet_layout *, const struct mutation *frame);

/* How many bytes an IPv6 extension header has (RFC 8200 section 4); 0: it is none. */
size_t packet_extension_bytes(uint8_t type, uint8_t length_byte);

/* Writes lengths and checksums of all IP, TCP and UDP headers, so that they say what is there. */
void packet_fix_up(struct mutation *frame);

#endif
