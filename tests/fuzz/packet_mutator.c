#include "packet_mutator.h"

#include <netinet/in.h>

#include "packet_layout.h"

#define MAC_BYTES 12
#define TYPE_BYTES 2
#define OUTER_BYTES 20
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Changes what the layout tells of; whether it could. */
typedef bool packet_operation(struct mutation *, const struct packet_layout *);

static const uint8_t macs[MAC_BYTES] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* --- tags ----------------------------------------------------------------------------------- */

/* What stands before the ethertype that was there; `frame`: and the two MAC addresses of a frame
 * of its own. */
struct tag {
	uint8_t byte[16], length;
	bool frame;
};

static const struct tag tag[] = {
	{{0x81, 0x00, 0x00, 0x0a}, 4, false},
	{{0x88, 0xa8, 0x00, 0x64}, 4, false},
	{{0x91, 0x00, 0x0f, 0xff}, 4, false},
	{{0x89, 0x26, 0x00, 0x01, 0x00, 0x02}, 6, false},
	{{0x89, 0x3f, 0x00, 0x01, 0x00, 0x02, 0x00, 0x03}, 8, false},
	{{0x89, 0x09, 0x01, 0x01, 0x00, 0x01, 0x00, 0x05}, 8, false},
	{{0x89, 0x88, 0, 0, 0, 0, 0, 1}, 8, false},
	{{0x00, 0x40, 0xaa, 0xaa, 0x03, 0x00, 0x00, 0x00}, 8, false}, /* LLC and SNAP */
	{{0x89, 0x03, 0x00, 0x40}, 4, true},
	{{0x88, 0xe7, 0x00, 0x00, 0x00, 0x01}, 6, true},
	{{0x89, 0x4f, 0x0f, 0xc2, 0x01, 0x03, 0, 0, 1, 0xff}, 10, true},
	{{0x88, 0x47, 0x00, 0x01, 0x41, 0xff, 0, 0, 0, 0}, 10, true},
};

/* What stands in the ethertype's place, directly before the IP header. */
static const struct tag label[] = {
	{{0x88, 0x47, 0x00, 0x01, 0x01, 0xff}, 6, false},
	{{0x88, 0x48, 0x00, 0x01, 0x00, 0xff, 0x00, 0x02, 0x01, 0xff}, 10, false},
	{{0x88, 0x64, 0x11, 0x00, 0x00, 0x01, 0x00, 0x40, 0x00, 0x21}, 10, false},
	{{0x88, 0x64, 0x11, 0x00, 0x00, 0x01, 0x00, 0x40, 0x00, 0x57}, 10, false},
	{{0x89, 0x4f, 0x0f, 0xc2, 0x01, 0x01, 0, 0, 1, 0xff}, 10, false},
	{{0x89, 0x4f, 0x0f, 0xc2, 0x01, 0x02, 0, 0, 1, 0xff}, 10, false},
};

/* The first ethertype of an Ethernet frame, or the one before IP. */
static size_t type_at(struct mutation *m, const struct packet_layout *l)
{
	if (l->ip < MAC_BYTES + TYPE_BYTES)
		return l->ip < TYPE_BYTES ? 0 : l->ip - TYPE_BYTES;
	return mutation_one_in(m, 2) ? MAC_BYTES : l->ip - TYPE_BYTES;
}

static bool push_tag(struct mutation *m, const struct packet_layout *l)
{
	const struct tag *t = &tag[mutation_below(m, COUNT(tag))];
	size_t at = type_at(m, l);

	if (!mutation_insert(m, at, t->byte, t->length))
		return false;
	return !t->frame || mutation_insert(m, at + t->length, macs, MAC_BYTES);
}

static bool push_label(struct mutation *m, const struct packet_layout *l)
{
	const struct tag *t = &label[mutation_below(m, COUNT(label))];
	size_t at = l->ip - TYPE_BYTES;

	if (l->ip < TYPE_BYTES || !mutation_open(m, at, t->length - TYPE_BYTES))
		return false;
	memcpy(m->byte + at, t->byte, t->length);
	return true;
}

/* All tags between the MAC addresses and IP's own ethertype. */
static bool pop_tags(struct mutation *m, const struct packet_layout *l)
{
	if (l->ip <= MAC_BYTES + TYPE_BYTES)
		return false;
	put16(m->byte + l->ip - TYPE_BYTES, l->version == 4 ? 0x0800 : 0x86dd);
	mutation_remove(m, MAC_BYTES, l->ip - MAC_BYTES - TYPE_BYTES);
	return true;
}

/* --- tunnels -------------------------------------------------------------------------------- */

/* A header between the packet around and the one within. `type`: where its ethertype is, 0 for
 * none; `frame`: a frame follows, not a packet. */
struct tunnel_header {
	uint8_t protocol, length, type;
	bool frame;
	uint8_t byte[28];
};

static const struct tunnel_header tunnel_header[] = {
	{IPPROTO_IPIP, 0, 0, false, {0}},
	{IPPROTO_IPV6, 0, 0, false, {0}},
	{IPPROTO_GRE, 4, 2, false, {0}},
	{IPPROTO_GRE, 12, 2, false, {0x30, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1}},
	{IPPROTO_GRE, 8, 2, false, {0x80}},
	{IPPROTO_GRE, 18, 2, false, {0x40, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2, 1, 2}},
	{IPPROTO_GRE, 18, 0, false,
		{0x30, 0x81, 0x88, 0x0b, 0, 0x40, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0x00, 0x21}},
	{IPPROTO_GRE, 4, 0, true, {0, 0, 0x65, 0x58}},
	{IPPROTO_GRE, 4, 0, true, {0, 0, 0x88, 0xbe}},
	{IPPROTO_GRE, 16, 0, true, {0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 0x0a, 0, 1, 0, 0, 0, 0}},
	{IPPROTO_GRE, 20, 0, true,
		{0x10, 0, 0x22, 0xeb, 0, 0, 0, 2, 0x20, 0x0a, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0}},
	{IPPROTO_GRE, 28, 0, false,
		{0x10, 0, 0x22, 0xeb, 0, 0, 0, 3, 0x20, 0x0a, 0, 2, 0, 0, 0, 1, 0, 0, 8, 1}},
	{IPPROTO_UDP, 16, 0, true, {0xc0, 0, 0x12, 0xb5, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 7, 0}},
	{IPPROTO_UDP, 16, 0, true, {0xc0, 0, 0x21, 0x18, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 9, 0}},
	{IPPROTO_UDP, 16, 10, false, {0xc0, 0, 0x17, 0xc1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0}},
	{IPPROTO_UDP, 20, 0, true,
		{0xc0, 0, 0x17, 0xc1, 0, 0, 0, 0, 1, 0, 0x65, 0x58, 0, 0, 7, 0, 1, 2, 3, 0}},
	{IPPROTO_UDP, 16, 0, false,
		{0x08, 0x68, 0x08, 0x68, 0, 0, 0, 0, 0x30, 0xff, 0, 0x40, 0, 0, 0, 9}},
	{IPPROTO_UDP, 24, 0, false,
		{0x08, 0x68, 0x08, 0x68, 0, 0, 0, 0, 0x34, 0xff, 0, 0x40, 0, 0, 0, 9, 0, 1, 0, 0x85,
			1, 0x10, 1, 0}},
};

static size_t outer_header(
	struct mutation *m, const struct packet_layout *l, uint8_t protocol, uint8_t *at)
{
	static const uint8_t ipv4[OUTER_BYTES] = {
		0x45, 0, 0, 0, 0, 1, 0, 0, 64, 0, 0, 0, 10, 0, 0, 1, 172, 16, 0, 1};

	(void)l;
	memcpy(at, ipv4, sizeof(ipv4));
	at[9] = protocol;
	at[12] = (uint8_t)(10 + 128 * mutation_below(m, 2));
	at[16] = (uint8_t)(44 + 128 * mutation_below(m, 2));
	return sizeof(ipv4);
}

/* Puts a packet around: IPv4 and a tunnel's header. */
static bool wrap(struct mutation *m, const struct packet_layout *l)
{
	const struct tunnel_header *t = &tunnel_header[mutation_below(m, COUNT(tunnel_header))];
	const unsigned type = l->version == 4 ? 0x0800 : 0x86dd;
	uint8_t byte[OUTER_BYTES + sizeof(t->byte) + MAC_BYTES + TYPE_BYTES];
	size_t length = outer_header(m, l, t->protocol, byte);

	memcpy(byte + length, t->byte, t->length);
	if (t->type)
		put16(byte + length + t->type, type);
	length += t->length;
	if (t->frame) {
		memcpy(byte + length, macs, MAC_BYTES);
		put16(byte + length + MAC_BYTES, type);
		length += MAC_BYTES + TYPE_BYTES;
	}
	if (!mutation_insert(m, l->ip, byte, length))
		return false;
	if (l->version == 6 && l->ip >= MAC_BYTES + TYPE_BYTES)
		put16(m->byte + l->ip - TYPE_BYTES, 0x0800);
	return true;
}

/* Takes the packet around away. */
static bool unwrap(struct mutation *m, const struct packet_layout *l)
{
	struct packet_layout within;

	if (!packet_layout_is_tunnel(l, m) || !packet_layout_read(&within, m, l->payload))
		return false;
	mutation_remove(m, l->ip, within.ip - l->ip);
	if (within.version != l->version && l->ip >= MAC_BYTES + TYPE_BYTES)
		put16(m->byte + l->ip - TYPE_BYTES, within.version == 4 ? 0x0800 : 0x86dd);
	return true;
}

/* --- IP ------------------------------------------------------------------------------------- */

static bool push_extension(struct mutation *m, const struct packet_layout *l)
{
	static const uint8_t type[] = {IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_FRAGMENT,
		IPPROTO_DSTOPTS, IPPROTO_AH, IPPROTO_FRAGMENT};
	uint8_t chosen = type[mutation_below(m, sizeof(type))];
	uint8_t byte[16] = {m->byte[l->ip + 6], 0, 1, 4};
	size_t length = chosen == IPPROTO_AH ? 16 : 8;

	if (l->version != 6)
		return false;
	if (chosen == IPPROTO_AH)
		byte[1] = 2;
	if (chosen == IPPROTO_FRAGMENT) {
		put16(byte + 2, (unsigned)(mutation_below(m, 4) * 64 + mutation_below(m, 2)));
		byte[7] = (uint8_t)mutation_below(m, 3);
	}
	if (!mutation_insert(m, l->ip + 40, byte, length))
		return false;
	m->byte[l->ip + 6] = chosen;
	return true;
}

static bool pop_extension(struct mutation *m, const struct packet_layout *l)
{
	size_t at = l->ip + 40, bytes;

	if (l->version != 6 || at + 2 > m->length)
		return false;
	bytes = packet_extension_bytes(m->byte[l->ip + 6], m->byte[at + 1]);
	if (bytes == 0 || bytes > m->length - at)
		return false;
	m->byte[l->ip + 6] = m->byte[at];
	mutation_remove(m, at, bytes);
	return true;
}

/* Four bytes of options: no operation (RFC 791 section 3.1). */
static bool push_options(struct mutation *m, const struct packet_layout *l)
{
	static const uint8_t options[4] = {1, 1, 1, 0};

	if (l->version != 4 || (m->byte[l->ip] & 15) == 15 ||
		!mutation_insert(m, l->ip + 20, options, sizeof(options)))
		return false;
	m->byte[l->ip]++;
	return true;
}

static bool fragment(struct mutation *m, const struct packet_layout *l)
{
	unsigned offset = (unsigned)mutation_below(m, 4) * (unsigned)mutation_below(m, 64);

	if (l->version != 4)
		return push_extension(m, l);
	put16(m->byte + l->ip + 4, (unsigned)mutation_below(m, 4));
	put16(m->byte + l->ip + 6, offset | (mutation_one_in(m, 2) ? 0x2000 : 0));
	return true;
}

/* A length that is not the one there is: kept as it is. */
static bool lie(struct mutation *m, const struct packet_layout *l)
{
	static const uint8_t field[] = {2, 3, 4, 5, 0, 6};
	size_t at = l->ip + field[mutation_below(m, sizeof(field))];

	if (mutation_one_in(m, 2) && l->transport + 14 <= m->length)
		at = l->transport + (l->protocol == IPPROTO_TCP ? 12 : 5);
	m->byte[at] = (uint8_t)(m->byte[at] + mutation_below(m, 33) - 16);
	return true;
}

/* The last bit of the first byte decides whose an address is, in a target that says so. */
static bool change_address(struct mutation *m, const struct packet_layout *l)
{
	size_t bytes = l->version == 4 ? 4 : 16, at = l->ip + (l->version == 4 ? 12 : 8);

	at += mutation_one_in(m, 2) ? bytes : 0;
	if (mutation_one_in(m, 4))
		m->byte[at + bytes - 1] = (uint8_t)mutation_below(m, 4);
	else
		m->byte[at] ^= 0x80;
	return true;
}

static void exchange(uint8_t *a, uint8_t *b, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		uint8_t kept = a[i];
		a[i] = b[i];
		b[i] = kept;
	}
}

static bool swap_ends(struct mutation *m, const struct packet_layout *l)
{
	size_t bytes = l->version == 4 ? 4 : 16;
	uint8_t *address = m->byte + l->ip + (l->version == 4 ? 12 : 8);

	exchange(address, address + bytes, bytes);
	if (m->length - l->transport >= 4)
		exchange(m->byte + l->transport, m->byte + l->transport + 2, 2);
	return true;
}

/* --- transport and what it carries ---------------------------------------------------------- */

static bool has_ports(const struct mutation *m, const struct packet_layout *l)
{
	return (l->protocol == IPPROTO_TCP || l->protocol == IPPROTO_UDP) &&
	       m->length - l->transport >= 8;
}

static bool set_port(struct mutation *m, const struct packet_layout *l)
{
	static const uint16_t port[] = {21, 22, 23, 25, 53, 67, 68, 80, 123, 161, 162, 389, 443,
		445, 500, 514, 547, 623, 636, 1080, 1194, 1812, 2152, 3128, 3306, 3389, 3478, 4500,
		4789, 5222, 5432, 6081, 6514, 6881, 8305, 8472, 51820};
	size_t at = l->transport + 2 * mutation_below(m, 2);

	if (!has_ports(m, l))
		return false;
	put16(m->byte + at, port[mutation_below(m, COUNT(port))]);
	return true;
}

static bool set_protocol(struct mutation *m, const struct packet_layout *l)
{
	static const uint8_t protocol[] = {1, 2, 4, 6, 17, 41, 47, 50, 51, 58, 89, 132};

	if (l->version == 4)
		m->byte[l->ip + 9] = protocol[mutation_below(m, sizeof(protocol))];
	else
		m->byte[l->ip + 6] = protocol[mutation_below(m, sizeof(protocol))];
	return true;
}

static bool set_flags(struct mutation *m, const struct packet_layout *l)
{
	static const uint8_t flags[] = {
		0x02, 0x12, 0x10, 0x18, 0x11, 0x19, 0x04, 0x14, 0, 0xff, 0xc2};

	if (l->protocol != IPPROTO_TCP || m->length - l->transport < 20)
		return false;
	m->byte[l->transport + 13] = flags[mutation_below(m, sizeof(flags))];
	return true;
}

static bool change_payload(struct mutation *m, const struct packet_layout *l)
{
	size_t bytes = m->length - l->payload;

	mutation_part(m, l->payload, bytes, bytes + 64 < PACKET_BYTES_MAX ? bytes + 64 : bytes);
	return true;
}

static bool cut_payload(struct mutation *m, const struct packet_layout *l)
{
	m->length = l->payload + mutation_below(m, m->length - l->payload + 1);
	return true;
}

static bool change_headers(struct mutation *m, const struct packet_layout *l)
{
	size_t bytes = l->payload - l->ip;

	mutation_part(m, l->ip, bytes, bytes);
	return true;
}

/* --- one of them ------------------------------------------------------------------------------ */

/* The outermost packet or one within. */
static bool choose_layout(struct mutation *m, struct packet_layout *l)
{
	struct packet_layout within;

	if (!packet_layout_read(l, m, 0))
		return false;
	while (mutation_one_in(m, 2) && packet_layout_is_tunnel(l, m) &&
		packet_layout_read(&within, m, l->payload))
		*l = within;
	return true;
}

void packet_mutate(struct mutation *m)
{
	static packet_operation *const operation[] = {push_tag, push_label, pop_tags, wrap, unwrap,
		push_extension, pop_extension, push_options, fragment, change_address, swap_ends,
		set_port, set_port, set_protocol, set_flags, change_payload, change_payload,
		change_payload, cut_payload, change_headers, lie};
	size_t chosen = mutation_below(m, COUNT(operation));
	struct packet_layout l;

	if (!choose_layout(m, &l)) {
		m->length = LLVMFuzzerMutate(m->byte, m->length, m->room);
		return;
	}
	if (mutation_one_in(m, 8) || !operation[chosen](m, &l))
		change_payload(m, &l);
	if (operation[chosen] != lie && !mutation_one_in(m, 8))
		packet_fix_up(m);
}
