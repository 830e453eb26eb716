/* What decoding learned of one packet: addresses, ports and what the flow needs, of the IP
 * header that counts (DESIGN 5).
 *
 * Lives in the pipeline's scratch for one burst. Addresses and ports are copies,
 * so nothing after decoding touches the packet's bytes but DHCP attribution.
 */
#ifndef PORTOLAN_DECODED_H
#define PORTOLAN_DECODED_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "encap.h"

enum outcome {
	OUTCOME_IP,
	OUTCOME_NON_IP,
	OUTCOME_TRUNCATED,
	OUTCOME_MALFORMED,
	OUTCOME_UNSUPPORTED,
};

enum fragment {
	FRAGMENT_NONE,
	FRAGMENT_FIRST,
	FRAGMENT_LATER,
	FRAGMENT_TINY, /* a first one that ends inside the transport header (RFC 1858) */
};

/* A packet's history bits of Zeek's connection history, a bit each. */
#define HISTORY_LIST(X)                                                                            \
	X(SYN, 'S')                                                                                \
	X(SYN_ACK, 'H')                                                                            \
	X(ACK, 'A')                                                                                \
	X(DATA, 'D')                                                                               \
	X(FIN, 'F')                                                                                \
	X(RST, 'R')                                                                                \
	X(MULTI, 'Q') /* SYN together with FIN or RST */
#define HISTORY_MEMBER(name, text) HISTORY_##name,
enum letter { HISTORY_LIST(HISTORY_MEMBER) HISTORY_COUNT };
#define HISTORY_BIT(l) (1u << (HISTORY_##l))
#define HISTORY_BITS ((1u << HISTORY_COUNT) - 1)

/* The session that an ERSPAN header names. */
struct mirrored {
	struct address source; /* of the transport: the switch */
	uint32_t sequence;
	uint16_t session;
	uint8_t version; /* of the source address */
	uint8_t zero;
};

struct decoded {
	struct address source, destination;
	uint16_t source_port, destination_port; /* host order; 0 where there is none */
	uint8_t outcome;			/* enum outcome */
	uint8_t version;			/* 4 or 6 */
	uint8_t protocol;			/* after the extension headers */
	uint8_t fragment;			/* enum fragment */
	uint8_t history_bits;
	uint8_t direction;	   /* in the flow's key: 0 if the source is its first address */
	uint8_t by_mac[2];	   /* attributed by MAC address, not by IP address */
	uint16_t appliance[2];	   /* source, destination; filled in by attribution */
	uint32_t bytes;		   /* of IP: the header's total length */
	uint32_t sequence;	   /* of TCP; ICMP type and code; SCTP ports */
	uint32_t payload_captured; /* bytes at `payload` */
	uint32_t fragment_id;	   /* IPv4 identification, IPv6 fragment identification */
	const uint8_t *payload;	   /* of TCP or UDP, inside the captured bytes */
	const uint8_t *mac;	   /* the link layer's source address, six bytes, or NULL */
	const uint8_t *ip; /* the header that counts: `bytes` from here, or what was captured */
	uint64_t hash;	   /* of the flow key */
	uint64_t pending_bytes;	  /* IP bytes of the later fragments that came before this one */
	uint32_t pending_packets; /* and how many they were */
	uint16_t is_numbered;	  /* `mirrored` is there: a mirror numbered this packet */
	uint16_t ends_datagram;	  /* of a fragment: the last one */
	struct encap encap;
	uint16_t fragment_begin, fragment_end; /* of the datagram: the bytes that it carries */
	struct mirrored mirrored;
	/* Of TCP and UDP: the transport header, the captured bytes from there to the end of the IP
	 * packet, and how many there were on the wire. Of other protocols unset. */
	const uint8_t *transport;
	uint32_t transport_captured, transport_bytes;
	uint32_t
		foreign_tunnel; /* not 0: inside a tunnel that is no mirror's; a hash of its ends */
};

/* Decoding clears the first line and what it has to of the second: a whole memset would cost
 * a fifth of a packet's decoding. */
#define VIEW_CLEARED offsetof(struct decoded, payload)
static_assert(VIEW_CLEARED == 64, "what is cleared is one line");
static_assert(offsetof(struct decoded, mirrored) == 128, "the third line is for few packets");

#endif
