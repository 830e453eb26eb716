/* The layers of a frame: each a function that takes the bytes from its first on and names the
 * layer that follows. Private to decoding.
 */
#ifndef PORTOLAN_LAYERS_H
#define PORTOLAN_LAYERS_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "core/big_endian.h"
#include "core/decode/decoded.h"

/* Every layer and the function that reads it. */
#define LAYER_LIST(X)                                                                              \
	X(ETHERNET, ethernet)                                                                      \
	X(SLL, sll)                                                                                \
	X(SLL2, sll2)                                                                              \
	X(RAW, raw)                                                                                \
	X(NULL, null)                                                                              \
	X(LOOP, loop)                                                                              \
	X(PPP, ppp)                                                                                \
	X(CHDLC, chdlc)                                                                            \
	X(FDDI, fddi)                                                                              \
	X(ARCNET, arcnet)                                                                          \
	X(IPOIB, ipoib)                                                                            \
	X(NFLOG, nflog)                                                                            \
	X(PPI, ppi)                                                                                \
	X(PKTAP, pktap)                                                                            \
	X(MPLS, mpls)                                                                              \
	X(PPPOE, pppoe)                                                                            \
	X(VN_TAG, vn_tag)                                                                          \
	X(E_TAG, e_tag)                                                                            \
	X(FABRIC_PATH, fabric_path)                                                                \
	X(BACKBONE, backbone)                                                                      \
	X(METADATA, metadata)                                                                      \
	X(TIMESTAMP, timestamp)                                                                    \
	X(NSH, nsh)                                                                                \
	X(VLAN, vlan)                                                                              \
	X(LLC, llc)                                                                                \
	X(IPV4, ipv4)                                                                              \
	X(IPV6, ipv6)                                                                              \
	X(IPV6_OPTIONS, ipv6_options)                                                              \
	X(IPV6_FRAGMENT, ipv6_fragment)                                                            \
	X(TCP, tcp)                                                                                \
	X(UDP, udp)                                                                                \
	X(OTHER, other)                                                                            \
	X(INNER_IPV4, inner_ipv4)                                                                  \
	X(INNER_IPV6, inner_ipv6)                                                                  \
	X(GRE, gre)                                                                                \
	X(VXLAN, vxlan)                                                                            \
	X(GENEVE, geneve)                                                                          \
	X(GTP_U, gtp_u)
#define LAYER_MEMBER(name, function) LAYER_##name,

enum layer {
	LAYER_LIST(LAYER_MEMBER) LAYER_COUNT,
	/* From here on: nothing follows. */
	LAYER_DONE,
	LAYER_NON_IP,
	LAYER_SHORT,
	LAYER_MALFORMED,
	LAYER_UNSUPPORTED,
	/* Beside the layer that follows: it begins a packet of its own, the one around it is
	 * complete … */
	LAYER_WITHIN = 0x40,
	/* … and is a mirror's transport whoever its ends are. */
	LAYER_MIRRORED = 0x80,
};

static_assert(LAYER_UNSUPPORTED < LAYER_WITHIN, "bits of their own");

/* The bytes from a layer's first one to the end of what was captured of it. */
struct cursor {
	const uint8_t *at, *end;
	int cut;	 /* the capture, not the sender, ended it here */
	uint32_t beyond; /* bytes of the IP packet that were not captured */
	uint16_t vlan;	 /* ERSPAN's, of the mirrored frame; 0: none said */
	/* The tunnel whose header was read last, for what begins behind it; unset before. */
	uint32_t tunnel_id;
	uint32_t sequence; /* of a mirror's session */
	uint8_t tunnel;	   /* enum tunnel */
	uint8_t is_numbered;
};

static inline size_t left(const struct cursor *c)
{
	return (size_t)(c->end - c->at);
}

/* IEEE 802 numbers: ethertypes. */
static inline enum layer by_ethertype(uint16_t type)
{
	switch (type) {
	case 0x0800:
		return LAYER_IPV4;
	case 0x86dd:
		return LAYER_IPV6;
	case 0x8100: /* 802.1Q */
	case 0x88a8: /* 802.1ad */
	case 0x9100: /* QinQ before the standard */
		return LAYER_VLAN;
	case 0x8847: /* MPLS, RFC 3032 */
	case 0x8848:
		return LAYER_MPLS;
	case 0x8864: /* PPPoE session, RFC 2516 */
		return LAYER_PPPOE;
	case 0x8926:
		return LAYER_VN_TAG;
	case 0x893f: /* 802.1BR */
		return LAYER_E_TAG;
	case 0x8903:
		return LAYER_FABRIC_PATH;
	case 0x88e7: /* 802.1ah */
		return LAYER_BACKBONE;
	case 0x8909:
		return LAYER_METADATA;
	case 0x8988:
		return LAYER_TIMESTAMP;
	case 0x894f: /* RFC 8300 */
		return LAYER_NSH;
	default:
		return type <= 1500 ? LAYER_LLC : LAYER_NON_IP;
	}
}

typedef enum layer layer_function(struct cursor *, struct decoded *);

/* What precedes IP on links other than Ethernet: link.c. */
layer_function sll, sll2, raw, null, loop, ppp, chdlc, fddi, arcnet, ipoib, nflog, ppi, pktap, llc;

/* Tags and labels between Ethernet and IP: tag.c. */
layer_function mpls, pppoe, vn_tag, e_tag, fabric_path, backbone, metadata, timestamp, nsh;

/* Packets in packets: tunnel.c. */
layer_function inner_ipv4, inner_ipv6, gre, vxlan, geneve, gtp_u;

#endif
