/* Parses plain packets, which are most of a mirror's: Ethernet, IPv4 without options or IPv6
 * without extensions, no fragment, TCP or UDP, all headers captured. Gives the flow key and what is
 * counted, by a few wide loads; unmonitored packets are recognised before anything is stored.
 *
 * Everything else goes to the full decoder (decode.h), with which it agrees on the packets that it
 * takes: the tests compare the two. Inline, since it is the pipeline's first pass; lives in the
 * pipeline's scratch for one burst.
 */
#ifndef PORTOLAN_FAST_PATH_H
#define PORTOLAN_FAST_PATH_H

#include <netinet/in.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "core/decode/tcp_history.h"
#include "core/flow/flow.h"
#include "core/flow/quoted.h"
#include "core/flow/table.h"
#include "core/policy/inventory_lookup.h"
#include "packet.h"

struct fast_packet {
	uint64_t lower, upper; /* of FAST_IPV4: words 1 and 3 of the key; 0 and 2 are zero */
	uint64_t hash;	       /* of the flow key */
	uint64_t now_ns;       /* the packet's */
	uint64_t tally;	       /* one packet and its IP bytes: the header's total length */
	uint32_t flow;	       /* what table_guess() said */
	uint8_t history_bits;  /* as in a decoded packet, and HISTORY_CLOSELY */
	uint8_t direction;     /* as in a decoded packet */
	uint8_t index;	       /* of the packet in its burst */
	uint8_t kind;	       /* enum fast_kind */
};

enum fast_kind {
	FAST_IPV4,    /* the key is here */
	FAST_IPV6,    /* the key is beside it, by this index */
	FAST_DECODED, /* fully decoded: key and decoded packet are beside it */
};

enum fast_found {
	FAST_NEEDS_DECODE, /* not plain: needs the full decoder */
	FAST_UNMONITORED,  /* a plain IP packet, unmonitored */
	FAST_MONITORED,	   /* or not yet known, with flows_first */
};

#define FAST_BYTES (14 + 20 + 20) /* Ethernet, IPv4, and of TCP the header without options */

static inline uint16_t fast_u16(const uint8_t *p)
{
	uint16_t x;

	memcpy(&x, p, sizeof(x));
	return x;
}

static inline uint32_t fast_u32(const uint8_t *p)
{
	uint32_t x;

	memcpy(&x, p, sizeof(x));
	return x;
}

static inline uint64_t fast_u64(const void *p, size_t word)
{
	uint64_t x;

	memcpy(&x, (const uint8_t *)p + 8 * word, sizeof(x));
	return x;
}

/* UDP destination ports that need the full decoder: DHCP (67, 68: by MAC
 * address), GTP-U (2152), VXLAN (4789, 8472), GENEVE (6081); of TCP too, where the decoder finds
 * nothing. `ports` are both as they lie in the packet. */
#ifdef __SSE2__
static inline int fast_is_special(uint32_t ports)
{
	enum { ANY = 68 };
#define BIG(port) (short)((port) >> 8 | ((port)&255) << 8)
	const __m128i special = _mm_set_epi16(
		BIG(67), BIG(68), BIG(2152), BIG(4789), BIG(8472), BIG(6081), BIG(ANY), BIG(ANY));
#undef BIG
	__m128i both = _mm_cvtsi32_si128((int)ports);
	__m128i wide = _mm_shuffle_epi32(_mm_shufflelo_epi16(both, 0x55), 0);

	return _mm_movemask_epi8(_mm_cmpeq_epi16(wide, special));
}
#else
static inline int fast_is_special(uint32_t ports)
{
	unsigned port = __builtin_bswap32(ports) & 0xffff;

	return port == 67 || port == 68 || port == 2152 || port == 4789 || port == 8472 ||
	       port == 6081;
}
#endif

/* The canonical key, and which way the packet points in it: as flow_key_of(). */
static inline void fast_key(struct fast_packet *g, uint64_t from, uint64_t to)
{
	g->direction = from > to;
	g->lower = from < to ? from : to;
	g->upper = from < to ? to : from;
}

/* All of the key of FAST_IPV4. */
static inline void fast_key_of(const struct fast_packet *g, union flow_key *k)
{
	k->word[0] = k->word[2] = 0;
	k->word[1] = g->lower;
	k->word[3] = g->upper;
	k->word[4] =
		(g->lower & 0xffff) | (g->upper & 0xffff) << 16 | (g->lower >> 16 & 0xff) << 32;
}

/* No appliance at either end of an IPv4 packet, given as it lies in its frame. */
static inline int fast_is_unmonitored(const struct inventory *inv, const uint8_t *frame)
{
	enum { SOURCE = 26, DESTINATION = 30 };

	return inventory_is_unmonitored(inv, frame + SOURCE, frame + DESTINATION);
}

/* The inventory is asked first; with `flows_first` only later, for packets whose flow is not in the
 * table (a flow in the table is monitored). The result is the same either way, but for
 * FAST_MONITORED, which then means: not yet known.
 *
 * Few forks, and of these few that go either way: TCP or UDP, whose end the appliance's is,
 * which way the packet points and whether it has a payload are sums, not jumps. A jump that the
 * processor cannot foresee costs as much as twenty of the instructions here. */
static inline enum fast_found fast_parse(
	const struct packet *p, const struct inventory *inv, int flows_first, struct fast_packet *g)
{
	enum { ETHERTYPE = 12, VERSION = 14, LENGTH = 16, FRAGMENT = 20, PROTOCOL = 23 };
	enum { ADDRESSES = 26, PORTS = 34, DATA_OFFSET = 46, FLAGS = 47 };
	enum { IPV4 = 20, TCP = 20, UDP = 8, HEADER_MASK = 0x3c, FRAGMENT_MASK = 0xff3f };
	const uint8_t *d = p->data;
	unsigned total, protocol, is_tcp, header, history_bits;
	uint64_t addresses, middle;
	uint32_t ports, at_ports;
	int payload;

	if (p->link != LINK_ETHERNET || p->caplen < FAST_BYTES ||
		fast_u16(d + ETHERTYPE) != 0x0008 || d[VERSION] != 0x45)
		return FAST_NEEDS_DECODE;
	total = __builtin_bswap16(fast_u16(d + LENGTH));
	protocol = d[PROTOCOL];
	at_ports = fast_u32(d + PORTS);
	is_tcp = protocol == IPPROTO_TCP;
	if (!(is_tcp | (protocol == IPPROTO_UDP)) || total < IPV4 + UDP ||
		fast_is_special(at_ports))
		return FAST_NEEDS_DECODE;
	if (!flows_first && fast_is_unmonitored(inv, d))
		return FAST_UNMONITORED;
	header = is_tcp ? d[DATA_OFFSET] >> 2 & HEADER_MASK : UDP;
	payload = (int)(total - IPV4 - header);
	if ((fast_u32(d + FRAGMENT) & FRAGMENT_MASK) != 0 ||
		(payload | (int)((header - TCP) & -is_tcp)) < 0)
		return flows_first && fast_is_unmonitored(inv, d) ? FAST_UNMONITORED
								  : FAST_NEEDS_DECODE;
	history_bits = history_of_tcp(d[FLAGS] & -is_tcp, payload > 0);
	g->history_bits = (uint8_t)(history_bits | (unsigned)(p->time_ns != p->now_ns) << 7);
	g->now_ns = p->now_ns;
	g->tally = tally_of(1, total);
	middle = protocol << 16;
	ports = __builtin_bswap32(at_ports);
	addresses = fast_u64(d + ADDRESSES, 0);
	fast_key(g, addresses << 32 | (middle | ports >> 16),
		(addresses & 0xffffffff00000000) | (middle | (ports & 0xffff)));
	return FAST_MONITORED;
}

/* IPv6 without extension headers (RFC 8200 section 3), into a key of its own. Payload length
 * 0 (segmentation offload) goes to the full decoder. */
static inline enum fast_found fast_ipv6(const struct packet *p, const struct inventory *inv,
	int flows_first, struct fast_packet *g, union flow_key *k)
{
	enum { ETHERNET = 14, SOURCE = 22, DESTINATION = 38, PORTS = 54, TCP = 20, UDP = 8 };
	enum { DATA_OFFSET = PORTS + 12, FLAGS = PORTS + 13, HEADER_MASK = 0x3c };
	const uint8_t *d = p->data;
	unsigned length, protocol, is_tcp, header, history_bits;
	uint32_t at_ports, ports;
	int payload;

	if (p->link != LINK_ETHERNET || p->caplen < PORTS + TCP ||
		(fast_u32(d + 12) & 0x00f0ffff) != 0x0060dd86) /* ethertype, version */
		return FAST_NEEDS_DECODE;
	length = __builtin_bswap16((uint16_t)fast_u32(d + ETHERNET + 4));
	protocol = d[ETHERNET + 6];
	at_ports = fast_u32(d + PORTS);
	ports = __builtin_bswap32(at_ports);
	is_tcp = protocol == IPPROTO_TCP;
	header = is_tcp ? d[DATA_OFFSET] >> 2 & HEADER_MASK : UDP;
	payload = (int)(length - header);
	if ((!is_tcp && protocol != IPPROTO_UDP) || fast_is_special(at_ports) || length < UDP ||
		(payload | (int)((header - TCP) & -is_tcp)) < 0)
		return FAST_NEEDS_DECODE;
	if (!flows_first && (inventory_lookup_v6(inv, fast_u64(d + SOURCE, 0), d + SOURCE) &
				    inventory_lookup_v6(inv, fast_u64(d + DESTINATION, 0),
					    d + DESTINATION)) == APPLIANCE_NONE)
		return FAST_UNMONITORED;
	history_bits = history_of_tcp(d[FLAGS] & -is_tcp, payload > 0);
	g->history_bits = (uint8_t)(history_bits | (unsigned)(p->time_ns != p->now_ns) << 7);
	g->now_ns = p->now_ns;
	g->tally = tally_of(1, 40 + length);
	g->direction = flow_key_ipv6(k, d + SOURCE, d + DESTINATION, ports, protocol);
	return FAST_MONITORED;
}

/* 0 if the flow is in use, has this key, as flow_has_key(), and its times are the stream's. */
static inline uint64_t fast_differs(const struct fast_packet *g, const struct flow *f)
{
	const uint64_t others = (uint64_t)STATE_VERSION6 << 40 | (uint64_t)SEEN0_SKEWED << 48 |
				(uint64_t)SEEN1_FREED << 56;

	return fast_u64(f, 0) | fast_u64(f, 2) | (fast_u64(f, 1) ^ g->lower) |
	       (fast_u64(f, 3) ^ g->upper) | (fast_u64(f, 4) & others);
}

/* The same of a whole key. (A flow that was never used may have it, and has shown no history bit.)
 */
static inline uint64_t fast_key_differs(const union flow_key *k, const struct flow *f)
{
	return (flow_has_key(f, k) ^ 1u) | (f->seen[0] & SEEN0_SKEWED);
}

/* HISTORY_CLOSELY where the packet needs more than counting on its flow. */
static inline uint8_t fast_needs_care(const struct packet *p, const struct decoded *v)
{
	return p->time_ns != p->now_ns || v->pending_packets ||
			       v->history_bits & HISTORY_SEQUENCED || quoted_is_refusal(v)
		       ? HISTORY_CLOSELY
		       : 0;
}

#endif
