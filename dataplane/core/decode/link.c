#include "core/decode/layers.h"

#include <string.h>

/* IEEE 802.2 with SNAP (RFC 1042); every other LLC carries no IP. */
enum layer llc(struct cursor *c, struct decoded *v)
{
	static const uint8_t snap[6] = {0xaa, 0xaa, 0x03, 0, 0, 0};
	uint16_t type;
	size_t there = left(c) < sizeof(snap) ? left(c) : sizeof(snap);

	(void)v;
	if (memcmp(c->at, snap, there) != 0)
		return LAYER_NON_IP;
	if (left(c) < 8)
		return LAYER_SHORT;
	type = be16(c->at + 6);
	c->at += 8;
	return type <= 1500 ? LAYER_NON_IP : by_ethertype(type);
}

/* The protocol field means an ethertype except on a few kinds of device
 * (linux/if_arp.h; libpcap's LINKTYPE_LINUX_SLL). */
static enum layer by_cooked(uint16_t device, uint16_t protocol)
{
	enum { ARPHRD_NETLINK_DEVICE = 824 };

	if (device == ARPHRD_NETLINK_DEVICE)
		return LAYER_NON_IP;
	if (protocol == 0x0004) /* 802.2 follows */
		return LAYER_LLC;
	return protocol <= 1500 ? LAYER_NON_IP : by_ethertype(protocol);
}

enum layer sll(struct cursor *c, struct decoded *v)
{
	const uint8_t *h = c->at;

	if (left(c) < 16)
		return LAYER_SHORT;
	v->mac = be16(h + 4) == 6 ? h + 6 : NULL;
	c->at += 16;
	return by_cooked(be16(h + 2), be16(h + 14));
}

enum layer sll2(struct cursor *c, struct decoded *v)
{
	const uint8_t *h = c->at;

	if (left(c) < 20)
		return LAYER_SHORT;
	v->mac = h[11] == 6 ? h + 12 : NULL;
	c->at += 20;
	return by_cooked(be16(h + 8), be16(h));
}

enum layer raw(struct cursor *c, struct decoded *v)
{
	(void)v;
	if (left(c) < 1)
		return LAYER_SHORT;
	switch (c->at[0] >> 4) {
	case 4:
		return LAYER_IPV4;
	case 6:
		return LAYER_IPV6;
	default:
		return LAYER_MALFORMED;
	}
}

/* AF_INET6 has another number on every BSD. */
static enum layer by_family(uint32_t family)
{
	switch (family) {
	case 2:
		return LAYER_IPV4;
	case 10: /* Linux */
	case 24: /* NetBSD, OpenBSD */
	case 28: /* FreeBSD */
	case 30: /* Darwin */
		return LAYER_IPV6;
	default:
		return LAYER_NON_IP;
	}
}

enum layer loop(struct cursor *c, struct decoded *v)
{
	uint32_t family;

	(void)v;
	if (left(c) < 4)
		return LAYER_SHORT;
	family = be32(c->at);
	c->at += 4;
	return by_family(family);
}

/* As `loop`, in the order of the host that captured: families are small numbers. */
enum layer null(struct cursor *c, struct decoded *v)
{
	uint32_t family;

	(void)v;
	if (left(c) < 4)
		return LAYER_SHORT;
	family = be32(c->at);
	if (family > 0xffff)
		family = __builtin_bswap32(family);
	c->at += 4;
	return by_family(family);
}

static enum layer by_ppp_protocol(uint16_t protocol)
{
	switch (protocol) {
	case 0x0021:
		return LAYER_IPV4;
	case 0x0057:
		return LAYER_IPV6;
	case 0x0281:
		return LAYER_MPLS;
	default:
		return LAYER_NON_IP;
	}
}

/* RFC 1661 and 1662: address and control may be left out, the protocol's first byte too. */
enum layer ppp(struct cursor *c, struct decoded *v)
{
	uint16_t protocol;

	(void)v;
	if (left(c) >= 4 && (c->at[0] == 0x0f || c->at[0] == 0x8f) && c->at[1] == 0)
		return LAYER_CHDLC;
	if (left(c) == 1 && c->at[0] == 0xff)
		return LAYER_SHORT;
	if (left(c) >= 2 && c->at[0] == 0xff && c->at[1] == 0x03)
		c->at += 2;
	if (left(c) < 1)
		return LAYER_SHORT;
	if (c->at[0] & 1) {
		protocol = c->at[0];
		c->at += 1;
	} else {
		if (left(c) < 2)
			return LAYER_SHORT;
		protocol = be16(c->at);
		c->at += 2;
	}
	return by_ppp_protocol(protocol);
}

/* Cisco HDLC: address, control, ethertype. */
enum layer chdlc(struct cursor *c, struct decoded *v)
{
	uint16_t type;

	(void)v;
	if (left(c) < 4)
		return LAYER_SHORT;
	type = be16(c->at + 2);
	c->at += 4;
	return type <= 1500 ? LAYER_NON_IP : by_ethertype(type);
}

/* Frame control, destination, source; LLC follows in asynchronous frames (ANSI X3.139). */
enum layer fddi(struct cursor *c, struct decoded *v)
{
	uint8_t control;

	if (left(c) < 13)
		return LAYER_SHORT;
	control = c->at[0];
	v->mac = c->at + 7;
	c->at += 13;
	return (control & 0xf0) == 0x50 ? LAYER_LLC : LAYER_NON_IP;
}

/* Source, destination, two bytes of offset, type (linux/if_arcnet.h). RFC 1051 has IP next, RFC
 * 1201 a flag and a sequence number before it; pieces of a split packet are no packets. */
enum layer arcnet(struct cursor *c, struct decoded *v)
{
	enum { RFC1051_IP = 0xf0, RFC1201_IP = 0xd4 };
	uint8_t type;

	(void)v;
	if (left(c) < 5)
		return LAYER_SHORT;
	type = c->at[4];
	c->at += 5;
	if (type == RFC1051_IP)
		return LAYER_IPV4;
	if (type != RFC1201_IP)
		return LAYER_NON_IP;
	if (left(c) < 3)
		return LAYER_SHORT;
	if (c->at[0] != 0)
		return LAYER_NON_IP;
	c->at += 3;
	return LAYER_IPV4;
}

/* A pseudo header of two 20-byte addresses, then RFC 4391 section 6: type and two reserved bytes.
 */
enum layer ipoib(struct cursor *c, struct decoded *v)
{
	uint16_t type;

	(void)v;
	if (left(c) < 44)
		return LAYER_SHORT;
	type = be16(c->at + 40);
	c->at += 44;
	return type <= 1500 ? LAYER_NON_IP : by_ethertype(type);
}

static uint16_t host16(const uint8_t *p)
{
	uint16_t x;

	memcpy(&x, p, sizeof(x));
	return x;
}

/* Linux netfilter log: family, then attributes in the capturing host's order, of which number 9
 * is the packet (libpcap's LINKTYPE_NFLOG). */
enum layer nflog(struct cursor *c, struct decoded *v)
{
	enum { ATTRIBUTE_PACKET = 9, ATTRIBUTES_MAX = 64 };
	uint8_t family;

	(void)v;
	if (left(c) < 4)
		return LAYER_SHORT;
	family = c->at[0];
	c->at += 4;
	for (unsigned i = 0; i < ATTRIBUTES_MAX && left(c) >= 4; i++) {
		size_t length = host16(c->at), padded = (length + 3) & ~(size_t)3;
		if (host16(c->at + 2) == ATTRIBUTE_PACKET) {
			c->at += 4;
			return family == 2 ? LAYER_IPV4 : family == 10 ? LAYER_IPV6 : LAYER_NON_IP;
		}
		if (length < 4)
			return LAYER_MALFORMED;
		if (padded > left(c))
			return LAYER_SHORT;
		c->at += padded;
	}
	return LAYER_NON_IP;
}

/* Link types that are wrapped in another: LINKTYPE_ numbers. */
static enum layer by_linktype(uint32_t type)
{
	switch (type) {
	case 0:
		return LAYER_NULL;
	case 1:
		return LAYER_ETHERNET;
	case 9:
		return LAYER_PPP;
	case 12:
	case 14:
	case 101:
	case 228:
	case 229:
		return LAYER_RAW;
	case 108:
		return LAYER_LOOP;
	case 113:
		return LAYER_SLL;
	case 276:
		return LAYER_SLL2;
	default:
		return LAYER_UNSUPPORTED;
	}
}

static uint32_t le32(const uint8_t *p)
{
	return __builtin_bswap32(be32(p));
}

/* Per-Packet Information: version, flags, length and link type, little-endian. */
enum layer ppi(struct cursor *c, struct decoded *v)
{
	uint32_t type;
	size_t length;

	(void)v;
	if (left(c) < 8)
		return LAYER_SHORT;
	length = (size_t)c->at[2] | (size_t)c->at[3] << 8;
	type = le32(c->at + 4);
	if (length < 8)
		return LAYER_MALFORMED;
	if (length > left(c))
		return LAYER_SHORT;
	c->at += length;
	return by_linktype(type);
}

/* Darwin: length, record type, link type, and more that is passed over; little-endian. */
enum layer pktap(struct cursor *c, struct decoded *v)
{
	uint32_t type;
	size_t length;

	(void)v;
	if (left(c) < 12)
		return LAYER_SHORT;
	length = le32(c->at);
	type = le32(c->at + 8);
	if (length < 12)
		return LAYER_MALFORMED;
	if (length > left(c))
		return LAYER_SHORT;
	c->at += length;
	return by_linktype(type);
}
