/* The shape of packets: the options' names and where each goes */
#include <stdio.h>
#include <string.h>

#include "packet/value.h"
#include "script/statement.h"

struct option_row {
	const char *name;
	bool (*read)(struct reader *, const struct option_row *, struct packet_options *);
	size_t offset; /* of the member in struct packet_options */
	uint64_t max;
	const char *shown, *help;
};

static void *member(const struct option_row *row, struct packet_options *s)
{
	return (uint8_t *)s + row->offset;
}

static bool read_flag(struct reader *r, const struct option_row *row, struct packet_options *s)
{
	(void)r;
	*(bool *)member(row, s) = true;
	return true;
}

static bool bounded(struct reader *r, const struct option_row *row, uint64_t *value)
{
	char want[64];

	snprintf(want, sizeof(want), "a number up to %llu", (unsigned long long)row->max);
	return reader_number(r, want, row->max, value);
}

static bool read_u8(struct reader *r, const struct option_row *row, struct packet_options *s)
{
	uint64_t value;

	if (!bounded(r, row, &value))
		return false;
	*(uint8_t *)member(row, s) = (uint8_t)value;
	return true;
}

static bool read_u16(struct reader *r, const struct option_row *row, struct packet_options *s)
{
	uint64_t value;

	if (!bounded(r, row, &value))
		return false;
	*(uint16_t *)member(row, s) = (uint16_t)value;
	return true;
}

static bool read_u32(struct reader *r, const struct option_row *row, struct packet_options *s)
{
	uint64_t value;

	if (!bounded(r, row, &value))
		return false;
	*(uint32_t *)member(row, s) = (uint32_t)value;
	return true;
}

static bool read_mss(struct reader *r, const struct option_row *row, struct packet_options *s)
{
	if (!read_u16(r, row, s))
		return false;
	return s->mss > 0 || tokens_fault(&r->tokens, "0", "at least 1 byte");
}

static bool read_time_ns(struct reader *r, const struct option_row *row, struct packet_options *s)
{
	return reader_time(r, member(row, s));
}

static bool read_seq(struct reader *r, const struct option_row *row, struct packet_options *s)
{
	s->has_seq = true;
	return read_u32(r, row, s);
}

static bool read_ack(struct reader *r, const struct option_row *row, struct packet_options *s)
{
	s->has_ack = true;
	return read_u32(r, row, s);
}

static bool read_bad_checksum(
	struct reader *r, const struct option_row *row, struct packet_options *s)
{
	(void)r;
	(void)row;
	s->checksum = CHECKSUM_WRONG;
	return true;
}

static bool read_no_checksum(
	struct reader *r, const struct option_row *row, struct packet_options *s)
{
	(void)r;
	(void)row;
	s->checksum = CHECKSUM_ZERO;
	return true;
}

static bool read_options(struct reader *r, uint8_t *to, uint8_t *length)
{
	const char *word = tokens_take(&r->tokens);
	int count = -1;

	if (word && word[0] == '0' && word[1] == 'x')
		count = value_hex(word + 2, strlen(word + 2), to, 40);
	if (count < 0)
		return tokens_fault(&r->tokens, word, "hexadecimal 0x…, at most 40 bytes");
	*length = (uint8_t)count;
	return true;
}

static bool read_ip_options(
	struct reader *r, const struct option_row *row, struct packet_options *s)
{
	(void)row;
	return read_options(r, s->ip.options, &s->ip.options_length);
}

static bool read_tcp_options(
	struct reader *r, const struct option_row *row, struct packet_options *s)
{
	(void)row;
	return read_options(r, s->tcp_options, &s->tcp_options_length);
}

static const struct {
	const char *name;
	struct extension extension;
} extensions[] = {
	{"hop-by-hop", {PROTOCOL_HOP_BY_HOP, 8}},
	{"routing", {PROTOCOL_ROUTING, 8}},
	{"fragment", {PROTOCOL_FRAGMENT, 8}},
	{"destination", {PROTOCOL_DESTINATION, 8}},
	{"ah", {PROTOCOL_AH, 24}},
};

static bool read_ext(struct reader *r, const struct option_row *row, struct packet_options *s)
{
	const char *word = tokens_take(&r->tokens);

	(void)row;
	if (s->ip.extensions == IP_EXTENSIONS_MAX)
		return tokens_fault(&r->tokens, word, "at most 8 extension headers");
	for (size_t i = 0; word && i < sizeof(extensions) / sizeof(*extensions); i++) {
		if (strcmp(word, extensions[i].name) == 0) {
			s->ip.extension[s->ip.extensions++] = extensions[i].extension;
			return true;
		}
	}
	return tokens_fault(&r->tokens, word, "hop-by-hop, routing, fragment, destination or ah");
}

static bool read_fragments(struct reader *r, const struct option_row *row, struct packet_options *s)
{
	if (!read_u8(r, row, s))
		return false;
	if (tokens_accept(&r->tokens, "tiny"))
		s->fragment_style = FRAGMENT_TINY;
	else if (tokens_accept(&r->tokens, "overlap"))
		s->fragment_style = FRAGMENT_OVERLAP;
	return true;
}

static bool read_via(struct reader *r, const struct option_row *row, struct packet_options *s)
{
	const char *word = tokens_take(&r->tokens);
	const char *want;

	(void)row;
	if (s->vias == VIA_MAX)
		return tokens_fault(&r->tokens, word, "at most 8 encapsulations");
	want = encapsulation_parse(&s->via[s->vias], word ? word : "", r->hosts);
	if (want)
		return tokens_fault(&r->tokens, word, want);
	s->vias++;
	return true;
}

/* `vlan 100` or `vlan 100,7` for the sides in `mask`; `none` takes a default away. */
static bool read_tag(struct reader *r, struct packet_options *s, unsigned mask)
{
	const char *word = tokens_take(&r->tokens);
	char text[128];
	struct wrap tag = {0};
	bool none = word && strcmp(word, "none") == 0;

	snprintf(text, sizeof(text), "vlan(%s)", word ? word : "");
	if (!none && encapsulation_parse(&tag, text, r->hosts))
		return tokens_fault(
			&r->tokens, word, "VLAN ids, the outermost first: 100 or 100,7");
	for (unsigned side = 0; side < SIDE_COUNT; side++) {
		if (mask >> side & 1) {
			s->tag[side] = tag;
			s->has_tag[side] = !none;
		}
	}
	return true;
}

static bool read_vlan(struct reader *r, const struct option_row *row, struct packet_options *s)
{
	return read_tag(r, s, (unsigned)row->max);
}

static bool read_stamp(struct reader *r, const struct option_row *row, struct packet_options *s)
{
	const char *word = tokens_take(&r->tokens);
	bool minus = word && *word == '-';
	uint64_t ns;

	(void)row;
	if (!word || !value_time(word + (*word == '-' || *word == '+'), &ns))
		return tokens_fault(&r->tokens, word, "a time such as -2 or +0.5");
	s->stamp_ns = minus ? -(int64_t)ns : (int64_t)ns;
	return true;
}

static bool read_repeat(struct reader *r, const struct option_row *row, struct packet_options *s)
{
	(void)row;
	return reader_times(r, &s->repeat, &s->every_ns);
}

static bool read_advance(struct reader *r, const struct option_row *row, struct packet_options *s)
{
	const struct {
		const char *name;
		uint32_t *step;
	} what[] = {{"from", &s->advance_from}, {"from-port", &s->advance_from_port},
		{"to", &s->advance_to}, {"to-port", &s->advance_to_port}};
	const char *word = tokens_take(&r->tokens);
	uint64_t value;

	(void)row;
	for (size_t i = 0; word && i < sizeof(what) / sizeof(*what); i++) {
		if (strcmp(word, what[i].name) != 0)
			continue;
		if (!reader_number(r, "by how much", UINT32_MAX, &value))
			return false;
		*what[i].step = (uint32_t)value;
		return true;
	}
	return tokens_fault(&r->tokens, word, "from, from-port, to or to-port");
}

static bool read_only(struct reader *r, const struct option_row *row, struct packet_options *s)
{
	(void)row;
	s->only_there = tokens_accept(&r->tokens, "there");
	s->only_back = !s->only_there && tokens_accept(&r->tokens, "back");
	if (s->only_there || s->only_back)
		return true;
	return tokens_fault(&r->tokens, tokens_peek(&r->tokens), "there or back");
}

static bool read_duplicate(struct reader *r, const struct option_row *row, struct packet_options *s)
{
	(void)row;
	s->duplicated = true;
	if (!reader_time(r, &s->duplicate_ns))
		return false;
	s->duplicated_routed = tokens_accept(&r->tokens, "routed");
	return true;
}

/* At least one packet's number, counted from 1. */
static bool read_places(struct reader *r, uint8_t *place, uint8_t *count)
{
	uint64_t value;

	*count = 0;
	do {
		if (*count == ORDER_MAX)
			return tokens_fault(
				&r->tokens, tokens_peek(&r->tokens), "at most 64 numbers");
		if (!reader_number(r, "a packet's number, from 1", ORDER_MAX, &value) || !value)
			return tokens_fault(&r->tokens, "0", "packet numbers from 1 to 64");
		place[(*count)++] = (uint8_t)value;
	} while (tokens_peek(&r->tokens) &&
		 value_number(tokens_peek(&r->tokens), UINT64_MAX, &value));
	return true;
}

static bool read_order(struct reader *r, const struct option_row *row, struct packet_options *s)
{
	(void)row;
	return read_places(r, s->order, &s->orders);
}

static bool read_lose(struct reader *r, const struct option_row *row, struct packet_options *s)
{
	(void)row;
	return read_places(r, s->loss, &s->losses);
}

#define AT(member) offsetof(struct packet_options, member)

static const struct option_row rows[] = {
	{"ttl", read_u8, AT(ip.ttl), 255, "N", "TTL or hop limit"},
	{"tos", read_u8, AT(ip.tos), 255, "N", "TOS or traffic class"},
	{"id", read_u32, AT(ip.id), 65535, "N", "IPv4 identification, also of fragments"},
	{"df", read_flag, AT(ip.df), 0, "", "don't fragment"},
	{"mf", read_flag, AT(ip.mf), 0, "", "more fragments"},
	{"offset", read_u32, AT(ip.offset), 65528, "BYTES", "fragment offset"},
	{"length", read_u32, AT(ip.length), 65535, "N",
		"IP length field; 0: segmentation offload (`mss 60000`)"},
	{"ihl", read_u8, AT(ip.ihl), 15, "WORDS", "IPv4 header length field"},
	{"ip-version", read_u8, AT(ip.version), 15, "N", "IP version field"},
	{"ip-options", read_ip_options, 0, 0, "0x...", "IPv4 options"},
	{"ext", read_ext, 0, 0, "NAME",
		"IPv6 extension header: hop-by-hop, routing, fragment, destination, ah"},
	{"bad-ip-checksum", read_flag, AT(ip.bad_checksum), 0, "", "wrong IPv4 checksum"},
	{"bad-checksum", read_bad_checksum, 0, 0, "", "wrong TCP, UDP or ICMP checksum"},
	{"no-checksum", read_no_checksum, 0, 0, "", "TCP, UDP or ICMP checksum 0"},
	{"seq", read_seq, AT(seq), UINT32_MAX, "N", "the first end's sequence number"},
	{"ack", read_ack, AT(ack), UINT32_MAX, "N", "the second end's"},
	{"window", read_u16, AT(window), 65535, "N", "TCP window"},
	{"mss", read_mss, AT(mss), 65535, "BYTES", "longest TCP segment: 1 for single bytes"},
	{"data-offset", read_u8, AT(data_offset), 15, "WORDS", "TCP header length field"},
	{"tcp-options", read_tcp_options, 0, 0, "0x...", "instead of the usual ones"},
	{"no-acks", read_flag, AT(no_acks), 0, "", "TCP data is not acknowledged"},
	{"udp-length", read_u32, AT(udp_length), 65535, "N", "UDP length field"},
	{"fragments", read_fragments, AT(fragments), FRAGMENTS_MAX, "N [tiny|overlap]",
		"each datagram in N fragments; a first of 8 bytes; overlapping by 8"},
	{"no-padding", read_flag, AT(no_padding), 0, "", "Ethernet frames shorter than 60 bytes"},
	{"trailer", read_u8, AT(trailer), 255, "BYTES", "bytes 0xaa behind the IP packet"},
	{"cut", read_u32, AT(cut), UINT32_MAX, "BYTES", "capture no more of each packet"},
	{"via", read_via, 0, 0, "WRAP(...)", "encapsulation, the outermost first; see below"},
	{"vlan", read_vlan, 0, 3, "ID,...|none", "802.1Q tags outside everything"},
	{"vlan-there", read_vlan, 0, 1, "ID,...|none", "only on packets of the first end"},
	{"vlan-back", read_vlan, 0, 2, "ID,...|none", "only on packets of the second end"},
	{"gap", read_time_ns, AT(gap_ns), 0, "T", "between packets; 0.5 ms unless said"},
	{"stamp", read_stamp, 0, 0, "+T|-T", "time stamps that much off, order as it was"},
	{"repeat", read_repeat, 0, 0, "N [every T]", "the whole statement N times"},
	{"advance", read_advance, 0, 0, "WHAT N",
		"with each repetition: from, from-port, to or to-port N further"},
	{"only", read_only, 0, 0, "there|back", "half a mirror: one side's packets"},
	{"lose", read_lose, 0, 0, "N...", "these packets of the statement are not captured"},
	{"order", read_order, 0, 0, "N...", "these packets first, then the others"},
	{"double", read_duplicate, 0, 0, "T [routed]",
		"each packet twice, the second one T later; with one hop less"},
};

#define ROWS (sizeof(rows) / sizeof(*rows))

int option_read(struct packet_options *s, struct reader *r)
{
	const char *word = tokens_peek(&r->tokens);

	for (size_t i = 0; word && i < ROWS; i++) {
		if (strcmp(rows[i].name, word) == 0) {
			tokens_take(&r->tokens);
			return rows[i].read(r, &rows[i], s) ? 1 : -1;
		}
	}
	return 0;
}

void option_help(FILE *out)
{
	for (size_t i = 0; i < ROWS; i++)
		fprintf(out, "  %-15s %-16s %s\n", rows[i].name, rows[i].shown, rows[i].help);
}
