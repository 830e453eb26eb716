/* What hosts may say: the steps' names and arguments */
#include <stdio.h>
#include <string.h>

#include "packet/value.h"
#include "script/statement.h"

#define KINDS_SAYING (KIND_TCP | KIND_UDP | KIND_IP | KIND_ETHERNET)
#define KINDS_ALL 0xff

/* Arguments: p payload, n number, t time, f flags, c count up to 20, q quoted packet. */
static const struct step_row {
	const char *name;
	enum step_kind kind;
	unsigned kinds;
	const char *arguments;
	const char *shown, *help;
} rows[] = {
	{"handshake", STEP_HANDSHAKE, KIND_TCP, "", "", "SYN, SYN+ACK, ACK"},
	{"syn", STEP_SYN, KIND_TCP, "", "", "its first packet alone"},
	{"syn-ack", STEP_SYN_ACK, KIND_TCP, "", "", "its second packet alone"},
	{"ack-there", STEP_ACK, KIND_TCP, "", "", "an empty ACK"},
	{"ack-back", STEP_ACK_BACK, KIND_TCP, "", "", "an empty ACK of the other side"},
	{"unanswered", STEP_UNANSWERED, KIND_TCP, "c", "N", "N SYNs, 1, 2, 4 … s apart"},
	{"refused", STEP_REFUSED, KIND_TCP, "", "", "SYN, RST"},
	{"midstream", STEP_MIDSTREAM, KIND_TCP, "", "", "says that there is no handshake"},
	{"send", STEP_SEND, KINDS_SAYING, "p", "P", "the first end says P; TCP acknowledges"},
	{"request", STEP_SEND, KINDS_SAYING & ~KIND_TCP, "p", "P", "the same, for datagrams"},
	{"reply", STEP_REPLY, KINDS_SAYING, "p", "P", "the second end says P"},
	{"data", STEP_DATA, KINDS_SAYING, "pp", "P Q", "send P, reply Q"},
	{"again", STEP_AGAIN, KIND_TCP, "", "", "the last segment with data once more"},
	{"keepalive", STEP_KEEPALIVE, KIND_TCP, "", "", "keep-alive probe and its ACK"},
	{"skip", STEP_SKIP, KIND_TCP, "n", "N", "N bytes of the first end were never seen"},
	{"skip-back", STEP_SKIP_BACK, KIND_TCP, "n", "N", "the same of the second end"},
	{"fin", STEP_FIN, KIND_TCP, "", "", "the first end closes its half"},
	{"fin-back", STEP_FIN_BACK, KIND_TCP, "", "", "the second end does"},
	{"close", STEP_CLOSE, KIND_TCP, "", "", "FIN, FIN, ACK, the first end first"},
	{"close-back", STEP_CLOSE_BACK, KIND_TCP, "", "", "the second end first"},
	{"reset", STEP_RESET, KIND_TCP, "", "", "RST of the first end"},
	{"reset-back", STEP_RESET_BACK, KIND_TCP, "", "", "RST of the second end"},
	{"flags", STEP_FLAGS, KIND_TCP, "f", "FLAGS", "one segment: letters of FSRPAUEC, or none"},
	{"echo", STEP_ECHO, KIND_ICMP, "", "", "echo request and reply"},
	{"message", STEP_MESSAGE, KIND_ICMP, "bbp", "TYPE CODE P", "any ICMP message"},
	{"unreachable", STEP_UNREACHABLE, KIND_ICMP, "bq", "CODE tcp|udp A B",
		"destination unreachable, quoting a packet from A to B"},
	{"ask", STEP_ASK, KIND_ARP, "", "", "ARP request"},
	{"answer", STEP_ANSWER, KIND_ARP, "", "", "ARP reply"},
	{"discover", STEP_DISCOVER, KIND_DHCP, "", "", "DHCPDISCOVER, broadcast"},
	{"offer", STEP_OFFER, KIND_DHCP, "", "", "DHCPOFFER, broadcast"},
	{"ask-for", STEP_REQUEST, KIND_DHCP, "", "", "DHCPREQUEST, broadcast"},
	{"acknowledge", STEP_ACKNOWLEDGE, KIND_DHCP, "", "", "DHCPACK, broadcast"},
	{"lease", STEP_LEASE, KIND_DHCP, "", "", "these four"},
	{"renew", STEP_RENEW, KIND_DHCP, "", "", "DHCPREQUEST and DHCPACK, unicast"},
	{"wait", STEP_WAIT, KINDS_ALL, "t", "T", "silence"},
};

#define ROWS (sizeof(rows) / sizeof(*rows))

static bool read_quote(struct reader *r, struct step *s)
{
	bool has_port[2] = {false, false};

	if (tokens_accept(&r->tokens, "udp"))
		s->protocol = PROTOCOL_UDP;
	else if (tokens_accept(&r->tokens, "tcp"))
		s->protocol = PROTOCOL_TCP;
	else
		return tokens_fault(&r->tokens, tokens_peek(&r->tokens), "tcp or udp");
	for (unsigned i = 0; i < 2; i++) {
		const char *word = tokens_take(&r->tokens);
		if (!word || !value_endpoint(word, r->hosts, &s->quoted[i], &has_port[i]) ||
			!has_port[i])
			return tokens_fault(&r->tokens, word, "the quoted packet's ADDRESS:PORT");
	}
	if (s->quoted[0].version != s->quoted[1].version)
		return tokens_fault(&r->tokens, "IPv4 and IPv6", "two addresses of one version");
	return true;
}

static bool read_flags(struct reader *r, struct step *s)
{
	const char *word = tokens_take(&r->tokens);
	uint8_t flags = 0;

	if (!word || !value_flags(word, &flags))
		return tokens_fault(&r->tokens, word, "TCP flags: letters of FSRPAUEC, or none");
	s->number[0] = flags;
	return true;
}

static bool read_argument(
	struct reader *r, struct step *s, char type, unsigned *payloads, unsigned *numbers)
{
	switch (type) {
	case 'p':
		return reader_payload(r, &s->payload[(*payloads)++]);
	case 'c':
		return reader_number(r, "a count up to 20", 20, &s->number[(*numbers)++]);
	case 'b':
		return reader_number(r, "a number up to 255", 255, &s->number[(*numbers)++]);
	case 'n':
		return reader_number(r, "a number", UINT32_MAX, &s->number[(*numbers)++]);
	case 't':
		return reader_time(r, &s->number[0]);
	case 'f':
		return read_flags(r, s);
	default:
		return read_quote(r, s);
	}
}

static int read_row(struct statement *st, struct reader *r, const struct step_row *row)
{
	struct step *s = &st->step[st->steps];
	unsigned payloads = 0, numbers = 0;

	if (st->steps == STEPS_MAX)
		return tokens_fault(&r->tokens, row->name, "at most 256 steps") - 1;
	*s = (struct step){.kind = row->kind, .times = 1};
	for (const char *type = row->arguments; *type; type++) {
		if (!read_argument(r, s, *type, &payloads, &numbers))
			return -1;
	}
	st->steps++;
	return 1;
}

int step_read(struct statement *st, struct reader *r)
{
	const char *word = tokens_peek(&r->tokens);

	for (size_t i = 0; word && i < ROWS; i++) {
		if ((rows[i].kinds & st->kind) && strcmp(rows[i].name, word) == 0) {
			tokens_take(&r->tokens);
			return read_row(st, r, &rows[i]);
		}
	}
	return 0;
}

void step_names(enum kind kind, char *text, size_t capacity)
{
	size_t used = 0;

	*text = '\0';
	for (size_t i = 0; i < ROWS; i++) {
		int more;
		if (!(rows[i].kinds & kind))
			continue;
		more = snprintf(
			text + used, capacity - used, "%s%s", used ? ", " : "", rows[i].name);
		if (more < 0 || (size_t)more >= capacity - used)
			return;
		used += (size_t)more;
	}
}

void step_help(FILE *out)
{
	for (size_t i = 0; i < ROWS; i++)
		fprintf(out, "  %-12s %-17s %s\n", rows[i].name, rows[i].shown, rows[i].help);
}
