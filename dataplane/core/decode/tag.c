#include "core/decode/layers.h"

/* RFC 3032: labels up to the bottom of the stack. What follows says nobody: the first nibble of
 * an IP header, or 0 of a control word before Ethernet (RFC 4385, RFC 4448). */
enum layer mpls(struct cursor *c, struct decoded *v)
{
	enum { LABELS_MAX = 16, BOTTOM = 1 };
	uint8_t flags = 0;

	(void)v;
	for (unsigned i = 0; i < LABELS_MAX && !(flags & BOTTOM); i++) {
		if (left(c) < 4)
			return LAYER_SHORT;
		flags = c->at[2];
		c->at += 4;
	}
	if (!(flags & BOTTOM))
		return LAYER_MALFORMED;
	if (left(c) < 4)
		return LAYER_SHORT;
	switch (c->at[0] >> 4) {
	case 4:
		return LAYER_IPV4;
	case 6:
		return LAYER_IPV6;
	case 0:
		c->at += 4;
		return LAYER_ETHERNET;
	default:
		return LAYER_NON_IP;
	}
}

/* RFC 2516 section 4: version and type, code 0 in a session, id, length; then PPP. */
enum layer pppoe(struct cursor *c, struct decoded *v)
{
	(void)v;
	if (left(c) < 6)
		return LAYER_SHORT;
	if (c->at[0] != 0x11)
		return LAYER_MALFORMED;
	if (c->at[1] != 0)
		return LAYER_NON_IP;
	c->at += 6;
	return LAYER_PPP;
}

static enum layer tag(struct cursor *c, size_t bytes)
{
	uint16_t type;

	if (left(c) < bytes + 2)
		return LAYER_SHORT;
	type = be16(c->at + bytes);
	c->at += bytes + 2;
	return by_ethertype(type);
}

/* The switch maker's tag of virtual interfaces: four bytes and the ethertype. */
enum layer vn_tag(struct cursor *c, struct decoded *v)
{
	(void)v;
	return tag(c, 4);
}

/* The switch maker's metadata: version, length, one option with a security group. */
enum layer metadata(struct cursor *c, struct decoded *v)
{
	(void)v;
	return tag(c, 6);
}

/* The switch maker's 48-bit timestamp, on what leaves a port. */
enum layer timestamp(struct cursor *c, struct decoded *v)
{
	(void)v;
	return tag(c, 6);
}

/* RFC 8300 section 2.2: length in words of four bytes, base and service path header counted; the
 * next protocol. */
enum layer nsh(struct cursor *c, struct decoded *v)
{
	size_t length;
	uint8_t next;

	(void)v;
	if (left(c) < 8)
		return LAYER_SHORT;
	length = (size_t)(c->at[1] & 0x3f) * 4;
	next = c->at[3];
	if (length < 8)
		return LAYER_MALFORMED;
	if (left(c) < length)
		return LAYER_SHORT;
	c->at += length;
	switch (next) {
	case 1:
		return LAYER_IPV4;
	case 2:
		return LAYER_IPV6;
	case 3:
		return LAYER_ETHERNET;
	case 5:
		return LAYER_MPLS;
	default:
		return LAYER_NON_IP;
	}
}

/* IEEE 802.1BR section 7.5: six bytes and the ethertype. */
enum layer e_tag(struct cursor *c, struct decoded *v)
{
	(void)v;
	return tag(c, 6);
}

/* Two bytes of forwarding tag and hop count, then the whole Ethernet frame. */
enum layer fabric_path(struct cursor *c, struct decoded *v)
{
	(void)v;
	if (left(c) < 2)
		return LAYER_SHORT;
	c->at += 2;
	return LAYER_ETHERNET;
}

/* IEEE 802.1ah: four bytes of service tag, then the customer's Ethernet frame. */
enum layer backbone(struct cursor *c, struct decoded *v)
{
	(void)v;
	if (left(c) < 4)
		return LAYER_SHORT;
	c->at += 4;
	return LAYER_ETHERNET;
}
