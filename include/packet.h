/* A captured packet as a source hands it over, and a burst of them.
 *
 * The bytes belong to the source until the burst is released. Nothing here says
 * anything about what is in them.
 */
#ifndef PORTOLAN_PACKET_H
#define PORTOLAN_PACKET_H

#include <stdint.h>

#define BURST_MAX 128

enum link {
	LINK_ETHERNET,
	LINK_SLL,    /* Linux cooked, DLT 113 */
	LINK_SLL2,   /* Linux cooked v2, DLT 276 */
	LINK_RAW,    /* IPv4 or IPv6 by the version nibble, DLT 101, 228, 229 */
	LINK_NULL,   /* BSD loopback, family in the capturing host's order, DLT 0 */
	LINK_LOOP,   /* OpenBSD loopback, family in network order, DLT 108 */
	LINK_PPP,    /* DLT 9 and 50 */
	LINK_CHDLC,  /* Cisco HDLC, DLT 104 */
	LINK_FDDI,   /* DLT 10 */
	LINK_ARCNET, /* Linux, DLT 129 */
	LINK_IPOIB,  /* DLT 242 */
	LINK_NFLOG,  /* Linux netfilter log, DLT 239 */
	LINK_PPI,    /* DLT 192, the link type inside */
	LINK_PKTAP,  /* Darwin, DLT 258 and 149, the link type inside */
	LINK_UNSUPPORTED,
};

/* LINKTYPE's number of an enum link, as files have it (tcpdump.org/linktypes.html). */
static inline uint16_t link_number(enum link link)
{
	static const uint16_t number[] = {
		[LINK_ETHERNET] = 1,
		[LINK_SLL] = 113,
		[LINK_SLL2] = 276,
		[LINK_RAW] = 101,
		[LINK_NULL] = 0,
		[LINK_LOOP] = 108,
		[LINK_PPP] = 9,
		[LINK_CHDLC] = 104,
		[LINK_FDDI] = 10,
		[LINK_ARCNET] = 129,
		[LINK_IPOIB] = 242,
		[LINK_NFLOG] = 239,
		[LINK_PPI] = 192,
		[LINK_PKTAP] = 258,
		[LINK_UNSUPPORTED] = 147, /* LINKTYPE_USER0 */
	};

	return number[link <= LINK_UNSUPPORTED ? link : LINK_UNSUPPORTED];
}

struct packet {
	const uint8_t *data;
	uint32_t caplen;  /* bytes at `data` */
	uint32_t wirelen; /* bytes that were on the wire */
	uint64_t time_ns; /* of this packet, since the epoch */
	uint64_t now_ns;  /* the largest time_ns of the stream so far: never runs backwards */
	uint16_t link;	  /* enum link */
	uint16_t interface;
};

struct burst {
	uint32_t count;
	uint64_t start_ns; /* time of the first packet of the whole stream */
	struct packet packet[BURST_MAX];
	/* What comes next, where the source knows (else `ahead_count` is 0): whoever works on
	 * this burst asks for the first lines of these frames as it goes, one for each packet. */
	const struct packet *ahead;
	uint32_t ahead_count;
};

static inline void burst_clear(struct burst *b)
{
	b->count = b->ahead_count = 0;
}

#endif
