/* IPv4 and IPv6 headers (RFC 791, RFC 8200), right or wrong as the shape says. */
#ifndef GENERATE_IP_H
#define GENERATE_IP_H

#include "packet/frame.h"

#define IP_OPTIONS_MAX 40
#define IP_EXTENSIONS_MAX 8

enum {
	PROTOCOL_HOP_BY_HOP = 0,
	PROTOCOL_ICMP = 1,
	PROTOCOL_IPIP = 4,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	PROTOCOL_IPV6 = 41,
	PROTOCOL_ROUTING = 43,
	PROTOCOL_FRAGMENT = 44,
	PROTOCOL_GRE = 47,
	PROTOCOL_AH = 51,
	PROTOCOL_ICMPV6 = 58,
	PROTOCOL_DESTINATION = 60,
};

/* An IPv6 extension header: its number and its size. */
struct extension {
	uint8_t protocol;
	uint8_t size; /* bytes, a multiple of 8 */
};

struct ip_shape {
	uint8_t ttl, tos;
	bool df, mf;
	bool bad_checksum;
	int32_t id;	     /* -1: the next one */
	uint32_t offset;     /* of a fragment, in bytes */
	int32_t length;	     /* the header's total (IPv6: payload) length; -1: the true one */
	int8_t ihl, version; /* header length in words, version: -1: the true ones */
	uint8_t options_length, extensions;
	uint8_t options[IP_OPTIONS_MAX];
	struct extension extension[IP_EXTENSIONS_MAX];
};

#define IP_SHAPE_PLAIN                                                                             \
	{                                                                                          \
		.ttl = 64, .id = -1, .length = -1, .ihl = -1, .version = -1                        \
	}

/* An IP header before the frame's bytes, of the version that `from` has. A length that does
 * not fit the field becomes 0, as with segmentation offload. */
void ip_prepend(struct frame *, const struct endpoint *from, const struct endpoint *to,
	uint8_t protocol, const struct ip_shape *, uint16_t next_id);

/* The pseudo header's sum (RFC 793, RFC 8200 8.1). */
uint64_t ip_pseudo_sum(
	const struct endpoint *from, const struct endpoint *to, uint8_t protocol, size_t length);

#endif
