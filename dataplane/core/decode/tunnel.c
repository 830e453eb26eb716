/* Packets in packets. The packet around is complete when one of these is asked, so none of them
 * fails: what it does not understand is payload, and LAYER_DONE says that the packet around is
 * all there is. */
#include "core/decode/layers.h"

static enum layer within(struct cursor *c, enum tunnel tunnel, uint32_t id, enum layer layer)
{
	if (layer >= LAYER_COUNT)
		return LAYER_DONE;
	c->tunnel = (uint8_t)tunnel;
	c->tunnel_id = id;
	c->is_numbered = 0;
	return (enum layer)(layer | LAYER_WITHIN);
}

/* RFC 2003, 2473, 4213. */
enum layer inner_ipv4(struct cursor *c, struct decoded *v)
{
	(void)v;
	return within(c, TUNNEL_IP, 0, LAYER_IPV4);
}

enum layer inner_ipv6(struct cursor *c, struct decoded *v)
{
	(void)v;
	return within(c, TUNNEL_IP, 0, LAYER_IPV6);
}

/* --- ERSPAN: draft-foschiano-erspan-03 -------------------------------------------------- */

static enum layer mirrored(struct cursor *c, uint32_t session, unsigned vlan, enum layer layer)
{
	int is_numbered = c->is_numbered;
	enum layer next = within(c, TUNNEL_ERSPAN, session, layer);

	c->is_numbered = (uint8_t)is_numbered;
	c->vlan = (uint16_t)vlan;
	return (enum layer)(next | LAYER_MIRRORED);
}

/* Section 4.2. Type I has the same number and no header; the sequence number of GRE is what
 * tells the two apart (section 4.1). */
static enum layer erspan2(struct cursor *c)
{
	const uint8_t *h = c->at;

	if (!c->is_numbered)
		return mirrored(c, 0, 0, LAYER_ETHERNET);
	if (left(c) < 8 || h[0] >> 4 != 1)
		return LAYER_DONE;
	c->at += 8;
	return mirrored(c, be16(h + 2) & 0x3ff, be16(h) & 0xfff, LAYER_ETHERNET);
}

/* Section 4.3: the last bit says whether the platform's eight bytes follow; the frame type,
 * whether a frame or an IP packet was mirrored. */
static enum layer erspan3(struct cursor *c)
{
	enum { FRAME_ETHERNET = 0, FRAME_IP = 2 };
	const uint8_t *h = c->at;
	size_t length;
	unsigned type;

	if (left(c) < 12 || h[0] >> 4 != 2)
		return LAYER_DONE;
	type = h[10] >> 2 & 31;
	length = h[11] & 1 ? 20 : 12;
	if (left(c) < length || (type != FRAME_ETHERNET && type != FRAME_IP))
		return LAYER_DONE;
	c->at += length;
	return mirrored(c, be16(h + 2) & 0x3ff, be16(h) & 0xfff,
		type == FRAME_IP ? LAYER_RAW : LAYER_ETHERNET);
}

/* --- GRE ---------------------------------------------------------------------------------- */

enum {
	GRE_CHECKSUM = 0x8000,
	GRE_ROUTING = 0x4000,
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	GRE_ACKNOWLEDGMENT = 0x0080,
};

/* What an ethertype says in GRE, beside what it says everywhere. */
static enum layer by_gre_type(struct cursor *c, uint16_t type, uint32_t key)
{
	switch (type) {
	case 0x88be:
		return erspan2(c);
	case 0x22eb:
		return erspan3(c);
	case 0x6558: /* transparent Ethernet bridging */
		return within(c, TUNNEL_GRE, key, LAYER_ETHERNET);
	default:
		return type <= 1500 ? LAYER_DONE : within(c, TUNNEL_GRE, key, by_ethertype(type));
	}
}

/* RFC 1701: routes, each with family, offset and length, up to one of no length. */
static int skip_routes(struct cursor *c)
{
	enum { ROUTES_MAX = 16 };

	for (unsigned i = 0; i < ROUTES_MAX && left(c) >= 4; i++) {
		size_t length = c->at[3];
		c->at += 4;
		if (length == 0)
			return 1;
		if (left(c) < length)
			return 0;
		c->at += length;
	}
	return 0;
}

/* RFC 2637 section 4.1: the key is payload length and call id; no payload, no packet. */
static enum layer pptp(struct cursor *c, uint16_t flags)
{
	const uint8_t *h = c->at;
	size_t length = 8 + (flags & GRE_SEQUENCE ? 4u : 0) + (flags & GRE_ACKNOWLEDGMENT ? 4u : 0);

	if (left(c) < length || be16(h + 2) != 0x880b || !(flags & GRE_KEY) || be16(h + 4) == 0)
		return LAYER_DONE;
	c->at += length;
	return within(c, TUNNEL_GRE, be16(h + 6), LAYER_PPP);
}

/* RFC 2784, 2890; version 1 is PPTP's. */
enum layer gre(struct cursor *c, struct decoded *v)
{
	const uint8_t *h = c->at;
	uint32_t key = 0;
	uint16_t flags;
	size_t length = 4;

	(void)v;
	if (left(c) < 4)
		return LAYER_DONE;
	flags = be16(h);
	if ((flags & 7) == 1)
		return pptp(c, flags);
	if (flags & (GRE_CHECKSUM | GRE_ROUTING))
		length += 4;
	length += (flags & GRE_KEY ? 4u : 0) + (flags & GRE_SEQUENCE ? 4u : 0);
	if ((flags & 7) != 0 || left(c) < length)
		return LAYER_DONE;
	c->at += length;
	c->is_numbered = (flags & GRE_SEQUENCE) != 0;
	if (c->is_numbered)
		c->sequence = be32(c->at - 4);
	if (flags & GRE_KEY)
		key = be32(c->at - (c->is_numbered ? 8 : 4));
	if (flags & GRE_ROUTING && !skip_routes(c))
		return LAYER_DONE;
	return by_gre_type(c, be16(h + 2), key);
}

/* --- over UDP ----------------------------------------------------------------------------- */

/* RFC 7348 section 5: the I flag, and the network's number. */
enum layer vxlan(struct cursor *c, struct decoded *v)
{
	const uint8_t *h = c->at;

	(void)v;
	if (left(c) < 8 || !(h[0] & 0x08))
		return LAYER_DONE;
	c->at += 8;
	return within(c, TUNNEL_VXLAN, be32(h + 4) >> 8, LAYER_ETHERNET);
}

/* RFC 8926 section 3.4: version 0, options in words of four bytes, an ethertype. */
enum layer geneve(struct cursor *c, struct decoded *v)
{
	const uint8_t *h = c->at;
	size_t length;
	uint16_t type;

	(void)v;
	if (left(c) < 8 || h[0] >> 6 != 0)
		return LAYER_DONE;
	length = 8 + (size_t)(h[0] & 0x3f) * 4;
	type = be16(h + 2);
	if (left(c) < length || type <= 1500)
		return LAYER_DONE;
	c->at += length;
	return within(c, TUNNEL_GENEVE, be32(h + 4) >> 8,
		type == 0x6558 ? LAYER_ETHERNET : by_ethertype(type));
}

/* 3GPP TS 29.281 section 5.2: each extension has its length in words first and the type of the
 * next one last. */
static int skip_extensions(struct cursor *c, uint8_t next)
{
	enum { EXTENSIONS_MAX = 16 };

	for (unsigned i = 0; i < EXTENSIONS_MAX && next != 0; i++) {
		size_t length = left(c) > 0 ? (size_t)c->at[0] * 4 : 0;
		if (length == 0 || left(c) < length)
			return 0;
		next = c->at[length - 1];
		c->at += length;
	}
	return next == 0;
}

/* 3GPP TS 29.281 section 5.1: version 1, not GTP', a user's packet. */
enum layer gtp_u(struct cursor *c, struct decoded *v)
{
	enum { EXTENSION = 4, ANY_OPTION = 7, USER_PACKET = 255 };
	const uint8_t *h = c->at;
	size_t length;

	(void)v;
	if (left(c) < 8 || h[0] >> 4 != 3 || h[1] != USER_PACKET)
		return LAYER_DONE;
	length = h[0] & ANY_OPTION ? 12 : 8;
	if (left(c) < length)
		return LAYER_DONE;
	c->at += length;
	if (h[0] & EXTENSION && !skip_extensions(c, h[11]))
		return LAYER_DONE;
	return within(c, TUNNEL_GTP_U, be32(h + 4), LAYER_RAW);
}
