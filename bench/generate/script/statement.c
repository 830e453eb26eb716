#include "script/statement.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "packet/value.h"
#include "payload/payload.h"

struct row {
	const char *name;
	enum kind kind;
	uint8_t protocol;
	bool has_ports, has_number, is_v4;
	const char *shown, *help;
};

static const struct row rows[] = {
	{"tcp", KIND_TCP, PROTOCOL_TCP, true, false, false, "A:PORT > B:PORT STEP...", "TCP"},
	{"udp", KIND_UDP, PROTOCOL_UDP, true, false, false, "A:PORT > B:PORT STEP...", "UDP"},
	{"icmp", KIND_ICMP, PROTOCOL_ICMP, false, false, false, "A > B STEP...", "ICMP or ICMPv6"},
	{"ip", KIND_IP, 0, false, true, false, "PROTOCOL A > B STEP...", "any IP protocol number"},
	{"dhcp", KIND_DHCP, PROTOCOL_UDP, false, false, true, "CLIENT > SERVER STEP...", "DHCP"},
	{"arp", KIND_ARP, 0, false, false, true, "A > B STEP...", "ARP"},
	{"eth", KIND_ETHERNET, 0, false, true, false, "ETHERTYPE A > B STEP...", "anything else"},
	{"frame", KIND_FRAME, 0, false, false, false, "P", "the bytes P as a whole frame"},
};

#define ROWS (sizeof(rows) / sizeof(*rows))

bool reader_payload(struct reader *r, struct span *span)
{
	const char *word = tokens_take(&r->tokens);
	size_t start = r->store.length;
	const char *want = "a payload";

	if (word)
		want = payload_write(&r->store, word, &r->random);
	if (!word || want)
		return tokens_fault(&r->tokens, word, want);
	*span = (struct span){r->store.at + start, r->store.length - start};
	return true;
}

bool reader_number(struct reader *r, const char *want, uint64_t max, uint64_t *value)
{
	const char *word = tokens_take(&r->tokens);

	if (!word || !value_number(word, max, value))
		return tokens_fault(&r->tokens, word, want);
	return true;
}

bool reader_time(struct reader *r, uint64_t *ns)
{
	const char *word = tokens_take(&r->tokens);

	if (!word || !value_time(word, ns))
		return tokens_fault(&r->tokens, word, "a time: 0.5, 20ms, 5m, 07:30:00");
	return true;
}

bool reader_times(struct reader *r, uint32_t *times, uint64_t *every_ns)
{
	uint64_t value = 0;

	if (!reader_number(r, "how often, at most 10000000", REPEAT_MAX, &value))
		return false;
	*times = (uint32_t)value;
	return !tokens_accept(&r->tokens, "every") || reader_time(r, every_ns);
}

static bool read_clock(struct statement *s, struct reader *r)
{
	const char *word = tokens_peek(&r->tokens);

	s->clock = CLOCK_FOLLOWS;
	s->time_ns = 0;
	if (tokens_accept(&r->tokens, "after"))
		return reader_time(r, &s->time_ns);
	if (!isdigit((unsigned char)*word) && *word != '+')
		return true;
	s->clock = *word == '+' ? CLOCK_PLUS : CLOCK_AT;
	if (!value_time(word + (*word == '+'), &s->time_ns))
		return tokens_fault(&r->tokens, word, "a time: 0.5, +20ms, 5m, 07:30:00");
	tokens_take(&r->tokens);
	return true;
}

static const struct row *read_kind(struct reader *r)
{
	const char *word = tokens_take(&r->tokens);

	for (size_t i = 0; word && i < ROWS; i++) {
		if (strcmp(rows[i].name, word) == 0)
			return &rows[i];
	}
	tokens_fault(&r->tokens, word,
		"tcp, udp, icmp, ip, dhcp, arp, eth or frame, or one of the settings link, start, "
		"snaplen, seed, host, site, define, default");
	return NULL;
}

static bool read_kind_number(struct statement *s, struct reader *r)
{
	uint64_t value = 0;

	if (s->kind == KIND_IP) {
		if (!reader_number(r, "an IP protocol number", 255, &value))
			return false;
		s->protocol = (uint8_t)value;
		return true;
	}
	if (!reader_number(r, "an Ethernet type such as 0x88cc", 65535, &value) || !value)
		return tokens_fault(&r->tokens, "0", "an Ethernet type such as 0x88cc");
	s->ethertype = (uint16_t)value;
	return true;
}

static bool read_end(struct reader *r, const struct row *row, struct endpoint *e)
{
	const char *word = tokens_take(&r->tokens);
	bool has_port = false;

	if (!word || !value_endpoint(word, r->hosts, e, &has_port))
		return tokens_fault(&r->tokens, word,
			row->has_ports ? "a host's name or address, with :PORT"
				       : "a host's name or address");
	if (row->has_ports && !has_port)
		return tokens_fault(&r->tokens, word, "a port as well, as in 10.20.0.7:443");
	if (!row->has_ports && has_port)
		return tokens_fault(&r->tokens, word, "an address without port");
	if (row->is_v4 && e->version != 4)
		return tokens_fault(&r->tokens, word, "an IPv4 address");
	return true;
}

static bool read_ends(struct statement *s, struct reader *r, const struct row *row)
{
	if (!read_end(r, row, &s->end[SIDE_THERE]))
		return false;
	if (!tokens_accept(&r->tokens, ">"))
		return tokens_fault(&r->tokens, tokens_peek(&r->tokens), "> between the two ends");
	if (!read_end(r, row, &s->end[SIDE_BACK]))
		return false;
	if (s->end[0].version != s->end[1].version)
		return tokens_fault(&r->tokens, "IPv4 and IPv6", "two addresses of one version");
	return true;
}

static bool read_frame(struct statement *s, struct reader *r)
{
	s->step[0] = (struct step){.kind = STEP_SEND, .times = 1};
	s->steps = 1;
	return reader_payload(r, &s->step[0].payload[0]);
}

/* 1 if the next word belongs to the step before: `times N [every T]`, `payload P`. */
static int modifier_read(struct statement *s, struct reader *r)
{
	struct step *last = s->steps ? &s->step[s->steps - 1] : NULL;

	if (!last)
		return 0;
	if (tokens_accept(&r->tokens, "times"))
		return reader_times(r, &last->times, &last->every_ns) ? 1 : -1;
	if (last->kind == STEP_FLAGS && tokens_accept(&r->tokens, "payload"))
		return reader_payload(r, &last->payload[0]) ? 1 : -1;
	return 0;
}

static bool unknown_word(struct statement *s, struct reader *r)
{
	char names[200], want[280];

	step_names(s->kind, names, sizeof(names));
	snprintf(want, sizeof(want), "%s, or an option", names);
	return tokens_fault(&r->tokens, tokens_peek(&r->tokens), want);
}

static bool read_rest(struct statement *s, struct reader *r)
{
	while (tokens_peek(&r->tokens)) {
		int taken = step_read(s, r);
		if (!taken)
			taken = modifier_read(s, r);
		if (!taken)
			taken = option_read(&s->shape, r);
		if (taken < 0)
			return false;
		if (!taken)
			return unknown_word(s, r);
	}
	return s->steps || unknown_word(s, r);
}

bool statement_read(struct statement *s, struct reader *r)
{
	const struct row *row;

	s->steps = 0;
	s->ethertype = 0;
	if (!read_clock(s, r))
		return false;
	row = read_kind(r);
	if (!row)
		return false;
	s->kind = row->kind;
	s->protocol = row->protocol;
	if (row->has_number && !read_kind_number(s, r))
		return false;
	if (row->kind == KIND_FRAME)
		return read_frame(s, r) && read_rest(s, r);
	if (!read_ends(s, r, row))
		return false;
	if (row->kind == KIND_ICMP && s->end[0].version == 6)
		s->protocol = PROTOCOL_ICMPV6;
	return read_rest(s, r);
}

void statement_help(FILE *out)
{
	for (size_t i = 0; i < ROWS; i++)
		fprintf(out, "  %-6s %-24s %s\n", rows[i].name, rows[i].shown, rows[i].help);
}
