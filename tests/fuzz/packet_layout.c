#include "packet_layout.h"

#include <netinet/in.h>

#define DEPTH_MAX 4
#define EXTENSIONS_MAX 8
#define IPV4_BYTES 20
#define IPV6_BYTES 40

static bool is_known(uint8_t protocol)
{
	static const uint8_t known[] = {0, 1, 4, 6, 17, 41, 43, 44, 47, 50, 51, 58, 60, 132};

	return memchr(known, protocol, sizeof(known)) != NULL;
}

static bool is_ip(const uint8_t *b, size_t bytes)
{
	if (bytes >= IPV4_BYTES && b[0] >= 0x45 && b[0] <= 0x4f)
		return is_known(b[9]) && b[9] != 0;
	return bytes >= IPV6_BYTES && b[0] >> 4 == 6 && is_known(b[6]);
}

static size_t at_most(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t packet_extension_bytes(uint8_t type, uint8_t length_byte)
{
	switch (type) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
		return 8 * (1 + (size_t)length_byte);
	case IPPROTO_FRAGMENT:
		return 8;
	case IPPROTO_AH: /* RFC 4302 section 2.2: in words of four bytes, less two */
		return 4 * (2 + (size_t)length_byte);
	default:
		return 0;
	}
}

static void read_ipv6(struct packet_layout *l, const struct mutation *m)
{
	size_t at = l->ip + IPV6_BYTES, bytes;

	l->protocol = m->byte[l->ip + 6];
	for (unsigned i = 0; i < EXTENSIONS_MAX && at + 2 <= m->length; i++) {
		bytes = packet_extension_bytes(l->protocol, m->byte[at + 1]);
		if (bytes == 0)
			break;
		l->protocol = m->byte[at];
		at += bytes;
	}
	l->transport = at_most(at, m->length);
}

static size_t transport_bytes(const struct packet_layout *l, const struct mutation *m)
{
	if (l->protocol == IPPROTO_UDP)
		return 8;
	if (l->protocol != IPPROTO_TCP)
		return 0;
	if (m->length - l->transport < 20)
		return 20;
	return m->byte[l->transport + 12] / 16 > 5 ? m->byte[l->transport + 12] / 16 * 4u : 20;
}

bool packet_layout_read(struct packet_layout *l, const struct mutation *m, size_t from)
{
	size_t at = from;

	while (at < m->length && !is_ip(m->byte + at, m->length - at))
		at++;
	if (at >= m->length)
		return false;
	l->ip = at;
	l->version = m->byte[at] >> 4;
	if (l->version == 4) {
		l->protocol = m->byte[at + 9];
		l->transport = at_most(at + (m->byte[at] & 15) * 4u, m->length);
	} else {
		read_ipv6(l, m);
	}
	l->payload = at_most(l->transport + transport_bytes(l, m), m->length);
	return true;
}

bool packet_layout_is_tunnel(const struct packet_layout *l, const struct mutation *m)
{
	static const uint16_t tunnel_port[] = {4789, 8472, 6081, 2152};
	unsigned port;

	if (l->protocol == IPPROTO_IPIP || l->protocol == IPPROTO_IPV6 ||
		l->protocol == IPPROTO_GRE)
		return true;
	if (l->protocol != IPPROTO_UDP || m->length - l->transport < 8)
		return false;
	port = m->byte[l->transport + 2] * 256u + m->byte[l->transport + 3];
	for (size_t i = 0; i < sizeof(tunnel_port) / sizeof(*tunnel_port); i++)
		if (tunnel_port[i] == port)
			return true;
	return false;
}

/* --- lengths and checksums ------------------------------------------------------------------ */

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* RFC 1071, without the complement. */
static uint32_t sum(uint32_t sum, const uint8_t *b, size_t bytes)
{
	for (size_t i = 0; i + 1 < bytes; i += 2)
		sum += b[i] * 256u + b[i + 1];
	if (bytes % 2)
		sum += b[bytes - 1] * 256u;
	return sum;
}

static void put_checksum(uint8_t *at, uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	put16(at, ~sum & 0xffff);
}

/* RFC 9293 section 3.1, RFC 768, RFC 8200 section 8.1. */
static void fix_transport(struct mutation *m, const struct packet_layout *l)
{
	uint8_t *header = m->byte + l->transport;
	size_t bytes = m->length - l->transport, at = l->protocol == IPPROTO_TCP ? 16 : 6;
	uint32_t pseudo = (uint32_t)(l->protocol + bytes);

	if (bytes < at + 2 || (l->protocol != IPPROTO_TCP && l->protocol != IPPROTO_UDP))
		return;
	if (l->protocol == IPPROTO_UDP)
		put16(header + 4, bytes);
	if (l->version == 4)
		pseudo = sum(pseudo, m->byte + l->ip + 12, 8);
	else
		pseudo = sum(pseudo, m->byte + l->ip + 8, 32);
	put16(header + at, 0);
	put_checksum(header + at, sum(pseudo, header, bytes));
}

static void fix_ip(struct mutation *m, const struct packet_layout *l)
{
	uint8_t *header = m->byte + l->ip;

	if (l->version == 6) {
		put16(header + 4, m->length - l->ip - IPV6_BYTES);
		return;
	}
	put16(header + 2, m->length - l->ip);
	put16(header + 10, 0);
	put_checksum(header + 10, sum(0, header, l->transport - l->ip));
}

void packet_fix_up(struct mutation *m)
{
	struct packet_layout layout[DEPTH_MAX];
	size_t depth = 0, from = 0;

	while (depth < DEPTH_MAX && packet_layout_read(&layout[depth], m, from)) {
		from = layout[depth].payload;
		if (!packet_layout_is_tunnel(&layout[depth++], m))
			break;
	}
	while (depth-- > 0) { /* the inner ones are part of the outer ones' sums */
		fix_transport(m, &layout[depth]);
		fix_ip(m, &layout[depth]);
	}
}
