#include "core/decode/decode.h"

#include <assert.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include "core/decode/attribution.h"
#include "core/decode/layers.h"
#include "core/decode/tcp_history.h"
#include "core/hash.h"
#include "core/policy/inventory_lookup.h"

/* A frame has few layers; a crafted one must not keep us for as long as it is. */
#define LAYERS_MAX 32

static inline enum layer ethernet(struct cursor *c, struct decoded *v)
{
	uint16_t type;

	if (left(c) < 14)
		return LAYER_SHORT;
	v->mac = c->at + 6;
	type = be16(c->at + 12);
	c->at += 14;
	return by_ethertype(type);
}

/* VLAN id 0 is a priority tag, no VLAN; an id that ERSPAN's header has given already is not
 * recorded twice. */
static inline void record_vlan(const struct cursor *c, struct encap *p, unsigned id)
{
	if (id == 0 || id == c->vlan)
		return;
	if (p->vlan[0] == 0)
		p->vlan[0] = (uint16_t)id;
	else if (p->vlan[1] == 0)
		p->vlan[1] = (uint16_t)id;
}

static inline enum layer vlan(struct cursor *c, struct decoded *v)
{
	uint16_t type;

	if (left(c) < 4)
		return LAYER_SHORT;
	record_vlan(c, &v->encap, be16(c->at) & 0xfff);
	type = be16(c->at + 2);
	c->at += 4;
	return by_ethertype(type);
}

/* Numbers that netinet/in.h does not have. */
enum { IPPROTO_HIP = 139, IPPROTO_SHIM6 = 140 };

/* What follows an IP header: RFC 8200 section 4 for the extension headers. */
static enum layer by_protocol(struct decoded *v, uint8_t protocol)
{
	v->protocol = protocol;
	switch (protocol) {
	case IPPROTO_TCP:
		return LAYER_TCP;
	case IPPROTO_UDP:
		return LAYER_UDP;
	case IPPROTO_IPIP:
		v->history_bits = HISTORY_BIT(DATA);
		return LAYER_INNER_IPV4;
	case IPPROTO_IPV6:
		v->history_bits = HISTORY_BIT(DATA);
		return LAYER_INNER_IPV6;
	case IPPROTO_GRE:
		v->history_bits = HISTORY_BIT(DATA);
		return LAYER_GRE;
	default:
		v->history_bits = HISTORY_BIT(DATA);
		return LAYER_OTHER;
	}
}

static enum layer by_next_header(struct decoded *v, uint8_t next)
{
	switch (next) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
	case IPPROTO_MH:
	case IPPROTO_HIP:
	case IPPROTO_SHIM6:
		v->protocol = next;
		return LAYER_IPV6_OPTIONS;
	case IPPROTO_FRAGMENT:
		return LAYER_IPV6_FRAGMENT;
	default:
		return by_protocol(v, next);
	}
}

/* Ends the cursor where the IP packet ends, so that Ethernet's padding is not its payload. */
static void bound(struct cursor *c, struct decoded *v, size_t length)
{
	const uint8_t *start = c->at;
	size_t available = left(c);

	v->ip = start;
	if (available >= length) {
		c->end = start + length;
		c->cut = 0;
	} else {
		c->beyond = (uint32_t)(length - available);
	}
}

/* The byte range of its datagram that a fragment carries, by its header. */
static void record_fragment(
	const struct cursor *c, struct decoded *v, uint16_t begin, int more_follow)
{
	size_t end = begin + left(c) + c->beyond;

	v->fragment = begin > 0 ? FRAGMENT_LATER : FRAGMENT_FIRST;
	v->ends_datagram = !more_follow;
	v->fragment_begin = begin;
	v->fragment_end = end < UINT16_MAX ? (uint16_t)end : UINT16_MAX;
}

/* A first fragment that ends inside the transport header on the wire (not: that was captured so
 * far). Its ports may be there; the flags and lengths are in the next fragment. */
static int is_tiny(const struct cursor *c, struct decoded *v, size_t header)
{
	if (v->fragment != FRAGMENT_FIRST || left(c) + c->beyond >= header)
		return 0;
	v->fragment = FRAGMENT_TINY;
	return 1;
}

/* RFC 791. A total length of 0 is a segmentation-offload frame, captured before it was cut. */
static inline enum layer ipv4(struct cursor *c, struct decoded *v)
{
	const uint8_t *h = c->at;
	size_t available = left(c), header;
	uint32_t total;
	uint16_t offset;

	if (available < 20)
		return LAYER_SHORT;
	header = (size_t)(h[0] & 15) * 4;
	if (h[0] >> 4 != 4 || header < 20)
		return LAYER_MALFORMED;
	total = be16(h + 2);
	if (total == 0)
		total = (uint32_t)available;
	if (total < header)
		return LAYER_MALFORMED;
	if (available < header)
		return LAYER_SHORT;
	v->version = 4;
	v->bytes = total;
	memcpy(v->source.byte + 12, h + 12, 4);
	memcpy(v->destination.byte + 12, h + 16, 4);
	bound(c, v, total);
	c->at += header;
	offset = be16(h + 6);
	if (offset & 0x3fff) {
		v->fragment_id = be16(h + 4);
		record_fragment(c, v, (uint16_t)(offset << 3), offset & 0x2000);
		if (v->fragment == FRAGMENT_LATER) {
			v->protocol = h[9];
			return LAYER_DONE;
		}
	}
	return by_protocol(v, h[9]);
}

/* RFC 8200 section 3. A payload length of 0 before something that has bytes is a jumbogram
 * (RFC 2675) or an offload frame: then the captured bytes count. */
static inline enum layer ipv6(struct cursor *c, struct decoded *v)
{
	const uint8_t *h = c->at;
	size_t available = left(c);
	uint32_t total;

	if (available < 40)
		return LAYER_SHORT;
	if (h[0] >> 4 != 6)
		return LAYER_MALFORMED;
	total = 40u + be16(h + 4);
	if (total == 40 && h[6] != IPPROTO_NONE)
		total = (uint32_t)available;
	v->version = 6;
	v->bytes = total;
	memcpy(v->source.byte, h + 8, 16);
	memcpy(v->destination.byte, h + 24, 16);
	bound(c, v, total);
	c->at += 40;
	return by_next_header(v, h[6]);
}

/* Mobility (RFC 6275 section 6.1.1), HIP (RFC 7401 section 5.1) and Shim6 (RFC 5533 section 5) have
 * the form of an extension header and are what the packet is about, unless something follows. */
static int is_signalling(uint8_t protocol)
{
	return protocol == IPPROTO_MH || protocol == IPPROTO_HIP || protocol == IPPROTO_SHIM6;
}

static inline enum layer ipv6_options(struct cursor *c, struct decoded *v)
{
	const uint8_t *h = c->at;
	size_t length = left(c) < 8 ? 8 : ((size_t)h[1] + 1) * 8;
	int is_short = left(c) < length;

	if (is_signalling(v->protocol) && (is_short || h[0] == IPPROTO_NONE))
		return by_protocol(v, v->protocol);
	if (is_short)
		return LAYER_SHORT;
	c->at += length;
	return by_next_header(v, h[0]);
}

/* RFC 8200 section 4.5. An atomic fragment (RFC 6946) is a whole packet. */
static inline enum layer ipv6_fragment(struct cursor *c, struct decoded *v)
{
	const uint8_t *h = c->at;
	uint16_t offset;

	if (left(c) < 8)
		return LAYER_SHORT;
	offset = be16(h + 2);
	c->at += 8;
	if (offset & 0xfff9) {
		v->fragment_id = be32(h + 4);
		record_fragment(c, v, offset & 0xfff8, offset & 1);
		if (v->fragment == FRAGMENT_LATER) {
			v->protocol = h[0];
			return LAYER_DONE;
		}
	}
	return by_next_header(v, h[0]);
}

static inline void record_transport(const struct cursor *c, struct decoded *v)
{
	v->transport = c->at;
	v->transport_captured = (uint32_t)left(c);
	v->transport_bytes = v->transport_captured + c->beyond;
}

/* RFC 1858 section 3.2.1: the least of TCP that a first fragment has to have, flags and all. */
#define TCP_WITH_FLAGS 16

/* The ports are enough for a flow: a header that ends after them is still one. */
static inline enum layer tcp(struct cursor *c, struct decoded *v)
{
	const uint8_t *h = c->at;
	size_t available = left(c), header;

	if (available < TCP_WITH_FLAGS && is_tiny(c, v, TCP_WITH_FLAGS) && available < 4)
		return LAYER_DONE;
	if (available < 4)
		return LAYER_SHORT;
	record_transport(c, v);
	v->source_port = be16(h);
	v->destination_port = be16(h + 2);
	v->history_bits = HISTORY_BIT(ACK);
	if (available < 14)
		return LAYER_DONE;
	v->sequence = be32(h + 4);
	header = (size_t)(h[12] >> 4) * 4;
	if (header >= 20 && header < available) {
		v->payload = h + header;
		v->payload_captured = (uint32_t)(available - header);
	}
	v->history_bits = history_of_tcp(h[13], header >= 20 && header < available + c->beyond) &
			  HISTORY_BITS;
	return LAYER_DONE;
}

/* What tells conversations apart that have no ports of ours: ICMP's type and code, SCTP's ports.
 * For the Community ID alone; there may be less than that. */
static enum layer other(struct cursor *c, struct decoded *v)
{
	if ((v->protocol == IPPROTO_ICMP || v->protocol == IPPROTO_ICMPV6) && left(c) >= 2)
		v->sequence = be16(c->at);
	else if (v->protocol == IPPROTO_SCTP && left(c) >= 4)
		v->sequence = be32(c->at);
	return LAYER_DONE;
}

/* Well-known ports of tunnels, of what is sent to them. */
static enum layer by_udp_port(uint16_t port)
{
	switch (port) {
	case 4789:
	case 8472: /* VXLAN before it was given a number */
		return LAYER_VXLAN;
	case 6081:
		return LAYER_GENEVE;
	case 2152:
		return LAYER_GTP_U;
	default:
		return LAYER_DONE;
	}
}

/* What lies behind the length that the header says is padding; 0 is a jumbogram's (RFC 2675 4). */
static inline uint32_t udp_payload(uint32_t length, uint32_t available)
{
	if (length == 0 || length >= available + 8)
		return available;
	return length > 8 ? length - 8 : 0;
}

/* RFC 768. */
static inline enum layer udp(struct cursor *c, struct decoded *v)
{
	const uint8_t *h = c->at;
	size_t available = left(c);

	if (available < 8 && is_tiny(c, v, 8) && available < 4)
		return LAYER_DONE;
	if (available < 4)
		return LAYER_SHORT;
	record_transport(c, v);
	v->source_port = be16(h);
	v->destination_port = be16(h + 2);
	v->history_bits = history_of_tcp(0, available + c->beyond > 8);
	if (available > 8) {
		v->payload = h + 8;
		v->payload_captured = udp_payload(be16(h + 4), (uint32_t)(available - 8));
		c->at += 8;
		return by_udp_port(v->destination_port);
	}
	return LAYER_DONE;
}

/* A switch, not a table of pointers: the functions become one body in which the cursor never
 * leaves its registers (a third fewer instructions a packet). */
static inline enum layer step(enum layer layer, struct cursor *c, struct decoded *v)
{
#define LAYER_CASE(name, function)                                                                 \
	case LAYER_##name:                                                                         \
		return function(c, v);
	switch (layer) {
		LAYER_LIST(LAYER_CASE)
	default:
		return LAYER_MALFORMED;
	}
}

static const uint8_t first_layer[] = {
	[LINK_ETHERNET] = LAYER_ETHERNET,
	[LINK_SLL] = LAYER_SLL,
	[LINK_SLL2] = LAYER_SLL2,
	[LINK_RAW] = LAYER_RAW,
	[LINK_NULL] = LAYER_NULL,
	[LINK_LOOP] = LAYER_LOOP,
	[LINK_PPP] = LAYER_PPP,
	[LINK_CHDLC] = LAYER_CHDLC,
	[LINK_FDDI] = LAYER_FDDI,
	[LINK_ARCNET] = LAYER_ARCNET,
	[LINK_IPOIB] = LAYER_IPOIB,
	[LINK_NFLOG] = LAYER_NFLOG,
	[LINK_PPI] = LAYER_PPI,
	[LINK_PKTAP] = LAYER_PKTAP,
	[LINK_UNSUPPORTED] = LAYER_UNSUPPORTED,
};

static_assert(sizeof(first_layer) == LINK_UNSUPPORTED + 1, "every link has its layer");

static enum outcome outcome_of(enum layer last, int cut)
{
	switch (last) {
	case LAYER_DONE:
		return OUTCOME_IP;
	case LAYER_NON_IP:
		return OUTCOME_NON_IP;
	case LAYER_UNSUPPORTED:
		return OUTCOME_UNSUPPORTED;
	case LAYER_SHORT:
		return cut ? OUTCOME_TRUNCATED : OUTCOME_MALFORMED;
	default: /* malformed, or more layers than we follow */
		return OUTCOME_MALFORMED;
	}
}

/* --- the plain packet ----------------------------------------------------------------- */

/* An IPv4 address in network order, as the decoded packet keeps it: two whole words. */
static inline void put_v4(struct address *a, uint32_t bytes)
{
	const uint64_t word[2] = {0, (uint64_t)bytes << 32};

	memcpy(a->byte, word, sizeof(word));
}

static inline uint32_t raw32(const uint8_t *p)
{
	uint32_t x;

	memcpy(&x, p, sizeof(x));
	return x;
}

/* Ethernet, IPv4 without options, no fragment, TCP or UDP, all headers there: what a mirror
 * mostly delivers, read in one go. Leaves everything else alone, and says of what it reads
 * just what the layers would (the tests compare the two). 1, or 0 if it is not plain. */
static inline int decode_plain(const struct packet *p, struct decoded *v)
{
	enum { ETHERNET = 14, IPV4 = 20, TCP = 20, UDP = 8 };
	const uint8_t *ip = p->data + ETHERNET, *l4 = ip + IPV4;
	uint32_t total, rest;
	int is_tcp;

	if (p->link != LINK_ETHERNET || p->caplen < ETHERNET + IPV4 + TCP || ip[-2] != 0x08 ||
		ip[-1] != 0x00 || ip[0] != 0x45 || be16(ip + 6) & 0x3fff)
		return 0;
	total = be16(ip + 2);
	is_tcp = ip[9] == IPPROTO_TCP;
	if (total > p->caplen - ETHERNET || total < IPV4 + TCP || (!is_tcp && ip[9] != IPPROTO_UDP))
		return 0;
	put_v4(&v->source, raw32(ip + 12));
	put_v4(&v->destination, raw32(ip + 16));
	v->source_port = be16(l4);
	v->destination_port = be16(l4 + 2);
	v->outcome = OUTCOME_IP;
	v->version = 4;
	v->protocol = ip[9];
	v->fragment = FRAGMENT_NONE;
	v->by_mac[0] = v->by_mac[1] = 0;
	v->bytes = total;
	v->pending_packets = v->is_numbered = 0;
	v->mac = p->data + 6;
	v->ip = ip;
	v->encap = (struct encap){.interface = p->interface, .is_known = 1};
	v->transport = l4;
	v->transport_captured = v->transport_bytes = total - IPV4;
	v->foreign_tunnel = 0;
	if (is_tcp) {
		uint32_t header = (uint32_t)(l4[12] >> 4) * 4;
		rest = total - IPV4;
		if (header < TCP)
			return 0;
		v->sequence = be32(l4 + 4);
		v->payload = l4 + header;
		v->payload_captured = header < rest ? rest - header : 0;
		v->history_bits = history_of_tcp(l4[13], v->payload_captured > 0) & HISTORY_BITS;
		return 1;
	}
	if (by_udp_port(v->destination_port) != LAYER_DONE || be16(l4 + 4) != total - IPV4)
		return 0;
	v->sequence = 0;
	v->payload = l4 + UDP;
	v->payload_captured = total - IPV4 - UDP;
	v->history_bits = history_of_tcp(0, v->payload_captured > 0);
	return 1;
}

/* --- any packet ----------------------------------------------------------------------- */

static inline void forget(struct decoded *v)
{
	memset(v, 0, VIEW_CLEARED);
	v->payload = v->mac = v->ip = NULL;
	v->pending_packets = 0;
}

/* What a mirror wrapped around the frame is not what the frame came through. */
static void strip(const struct cursor *c, struct decoded *v, int is_mirrored)
{
	v->encap.vlan[0] = is_mirrored ? c->vlan : 0;
	v->encap.vlan[1] = 0;
	v->is_numbered = c->is_numbered;
	if (c->is_numbered)
		v->mirrored = (struct mirrored){
			.source = v->source,
			.sequence = c->sequence,
			.session = (uint16_t)c->tunnel_id,
			.version = v->version,
		};
}

/* The IP packet around is complete and unmonitored: decode what is inside. A mirror's transport
 * is not counted as a packet around. */
struct passed {
	const uint8_t *ip; /* or NULL */
	uint32_t bytes;
	uint8_t version;
};

/* What is inside of one tunnel is told apart from what is inside of another, and from what is in
 * none (DESIGN 5): a hash of the tunnel's ends, whichever is the sender. Of ERSPAN the collector
 * alone: several switches mirror to it. */
static uint32_t tunnel_hash(const struct decoded *v, int is_mirrored)
{
	uint64_t from[2], to[2], h;

	memcpy(from, &v->source, sizeof(from));
	memcpy(to, &v->destination, sizeof(to));
	h = hash_mix(to[0] ^ MIX_SEED, to[1]);
	if (!is_mirrored)
		h += hash_mix(from[0] ^ MIX_SEED, from[1]);
	return (uint32_t)(h >> 32);
}

/* A packet within the one that was read: does the one around it count? (DESIGN 5) Out of line: it
 * keeps the cursor out of the registers. */
__attribute__((noinline)) static enum layer descend(const struct cursor *c,
	const struct inventory *inventory, struct decoded *v, enum layer next,
	struct passed *passed)
{
	int is_mirrored = (next & LAYER_MIRRORED) != 0;

	if (inventory_is_mirror(inventory, &v->destination, v->version)) {
		strip(c, v, is_mirrored);
		passed->ip = NULL;
	} else if (attribute(inventory, v)) {
		return LAYER_DONE;
	} else if (is_mirrored) {
		strip(c, v, is_mirrored);
		passed->ip = NULL;
		v->foreign_tunnel ^= tunnel_hash(v, 1);
	} else {
		*passed = (struct passed){v->ip, v->bytes, v->version};
		v->foreign_tunnel ^= tunnel_hash(v, 0);
	}
	v->encap.tunnel = c->tunnel;
	v->encap.tunnel_id = c->tunnel_id;
	forget(v);
	return (enum layer)(next & ~(LAYER_WITHIN | LAYER_MIRRORED));
}

void decode_layers(const struct packet *p, const struct inventory *inventory, struct decoded *v)
{
	struct cursor c;
	enum layer layer = first_layer[p->link];
	unsigned steps = 0;
	struct passed passed = {0};

	c.at = p->data;
	c.end = p->data + p->caplen;
	c.cut = p->caplen < p->wirelen;
	c.beyond = 0;
	c.vlan = 0;
	forget(v);
	v->is_numbered = 0;
	v->foreign_tunnel = 0;
	v->encap = (struct encap){.interface = p->interface, .is_known = 1};
	for (;;) {
		while (layer < LAYER_COUNT && steps++ < LAYERS_MAX)
			layer = step(layer, &c, v);
		if (!(layer & LAYER_WITHIN))
			break;
		layer = descend(&c, inventory, v, layer, &passed);
	}
	v->outcome = (uint8_t)outcome_of(layer, c.cut);
	if (layer == LAYER_DONE) {
		attribute(inventory, v);
		return;
	}
	v->appliance[0] = v->appliance[1] = APPLIANCE_NONE;
	if (passed.ip) { /* whatever is within it */
		v->outcome = OUTCOME_IP;
		v->ip = passed.ip;
		v->bytes = passed.bytes;
		v->version = passed.version;
	}
}

void decode(const struct packet *p, const struct inventory *inventory, struct decoded *v)
{
	if (decode_plain(p, v))
		attribute(inventory, v);
	else
		decode_layers(p, inventory, v);
}
