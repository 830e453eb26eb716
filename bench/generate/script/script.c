#include "script/script.h"

#include <stdlib.h>
#include <string.h>

#include "packet/value.h"
#include "payload/payload.h"
#include "script/setting.h"

#define STORE_BYTES (1u << 20)

struct script *script_new(const char *name, uint64_t seed)
{
	struct script *s = calloc(1, sizeof(*s));
	void *store = malloc(STORE_BYTES);

	if (!s || !store) {
		free(s);
		free(store);
		return NULL;
	}
	s->name = name;
	s->seed = seed;
	s->start_ns = 1767225600ull * SECOND_NS; /* 2026-01-01T00:00:00Z */
	s->previous_ns = s->end_ns = s->start_ns;
	s->snaplen = 262144;
	s->defaults = setting_plain();
	s->reader.hosts = &s->hosts;
	s->reader.store = bytes_in(store, STORE_BYTES);
	s->builder.hosts = &s->hosts;
	s->builder.next_id = 1;
	return s;
}

void script_free(struct script *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->defines; i++)
		free(s->define[i].text);
	free(s->text);
	free(s->reader.store.at);
	packet_list_fini(&s->builder.packets);
	free(s);
}

const char *script_error(const struct script *s)
{
	return s->error;
}

const struct hosts *script_hosts(const struct script *s)
{
	return &s->hosts;
}

const char *script_site(const struct script *s)
{
	return s->site;
}

size_t script_packets(const struct script *s)
{
	return s->builder.packets.count;
}

/* --- packets --- */

static enum layer layer_of(const struct statement *st)
{
	switch (st->kind) {
	case KIND_TCP:
		return LAYER_TCP;
	case KIND_UDP:
		return LAYER_UDP;
	case KIND_ETHERNET:
		return LAYER_ETHERNET;
	case KIND_FRAME:
		return LAYER_RAW;
	default:
		return LAYER_IP;
	}
}

static uint64_t statement_start(const struct script *s, const struct statement *st)
{
	if (st->clock == CLOCK_AT)
		return s->start_ns + st->time_ns;
	if (st->clock == CLOCK_PLUS)
		return s->previous_ns + st->time_ns;
	return s->end_ns + st->time_ns;
}

static struct endpoint advanced(struct endpoint e, uint64_t address, uint64_t port)
{
	e.port = (uint16_t)(e.port + port);
	return endpoint_advanced(e, address);
}

static void play_once(struct script *s, struct exchange *x, uint64_t start_ns, uint64_t round)
{
	const struct statement *st = &s->statement;
	const struct packet_options *shape = &st->shape;
	size_t first = s->builder.packets.count;

	x->now_ns = start_ns + round * shape->every_ns;
	if (round && !shape->every_ns)
		x->now_ns = s->end_ns;
	x->end[SIDE_THERE] = advanced(
		st->end[SIDE_THERE], round * shape->advance_from, round * shape->advance_from_port);
	x->end[SIDE_BACK] = advanced(
		st->end[SIDE_BACK], round * shape->advance_to, round * shape->advance_to_port);
	exchange_play(x, st->step, st->steps);
	s->end_ns = x->last_ns + shape->gap_ns;
	packet_list_shift(&s->builder.packets, first, shape);
}

static bool play_statement(struct script *s)
{
	const struct statement *st = &s->statement;
	struct exchange x = {
		.builder = &s->builder,
		.seq_table = &s->seq_table,
		.shape = &st->shape,
		.layer = layer_of(st),
		.protocol = st->protocol,
		.ethertype = st->ethertype,
	};
	uint64_t start_ns = statement_start(s, st);

	for (uint64_t round = 0; round < st->shape.repeat; round++) {
		play_once(s, &x, start_ns, round);
		if (s->builder.unsupported)
			return tokens_fault(
				&s->reader.tokens, "a packet", "one that this link type can carry");
		if (s->builder.packets.error)
			return tokens_fault(&s->reader.tokens, "no more memory", "fewer packets");
	}
	s->previous_ns = start_ns;
	return true;
}

static bool run_statement(struct script *s)
{
	s->statement.shape = s->defaults;
	return statement_read(&s->statement, &s->reader) && play_statement(s);
}

/* --- lines --- */

static const struct define *find_define(const struct script *s, const char *word)
{
	for (size_t i = 0; i < s->defines; i++) {
		if (strcmp(s->define[i].tokens.word[1], word) == 0)
			return &s->define[i];
	}
	return NULL;
}

/* Definitions were expanded when they were read: nothing here can go in circles. */
static bool expand(struct script *s)
{
	struct tokens *w = &s->reader.tokens;
	size_t first = w->count && strcmp(w->word[0], "define") == 0 ? 2 : 0;

	for (size_t i = first; i < w->count;) {
		const struct define *d = find_define(s, w->word[i]);
		struct tokens by;
		if (!d) {
			i++;
			continue;
		}
		by = d->tokens;
		by.count -= 2;
		memmove(by.word, by.word + 2, by.count * sizeof(*by.word));
		if (!tokens_replace(w, i, &by))
			return false;
		i += by.count;
	}
	return true;
}

static bool run_line(struct script *s)
{
	int taken = setting_read(s);

	if (taken)
		return taken > 0;
	return run_statement(s);
}

static int run_text(struct script *s)
{
	struct tokens *w = &s->reader.tokens;
	bool done;

	s->reader.store.length = 0;
	s->reader.store.overflow = false;
	s->reader.random.state =
		s->seed ^ random_hash(0xcbf29ce484222325u, s->text, strlen(s->text));
	done = tokens_split(w, s->text) && expand(s) && (w->count == 0 || run_line(s));
	free(s->text);
	s->text = NULL;
	if (done)
		return 0;
	snprintf(s->error, sizeof(s->error), "%.200s:%u: %s", s->name, s->first_line, w->fault);
	return -1;
}

/* Appends to the text so far; false where memory ends. */
static bool gather(struct script *s, const char *line, size_t length)
{
	size_t before = s->text ? strlen(s->text) : 0;
	char *more = realloc(s->text, before + length + 1);

	if (!more) {
		snprintf(s->error, sizeof(s->error), "%.200s:%u: no more memory", s->name, s->line);
		return false;
	}
	memcpy(more + before, line, length);
	more[before + length] = '\0';
	s->text = more;
	return true;
}

int script_line(struct script *s, const char *line)
{
	size_t length = strcspn(line, "\r\n");
	bool continues = length && line[length - 1] == '\\';

	s->line++;
	if (!s->text)
		s->first_line = s->line;
	if (!gather(s, line, length - continues))
		return -1;
	return continues ? 0 : run_text(s);
}

int script_end(struct script *s)
{
	return s->text ? run_text(s) : 0;
}

int script_write(struct script *s, const char *path, struct capture_format format)
{
	struct capture *c;
	int error = capture_open(&c, path, format, s->builder.link, s->snaplen);

	if (error)
		return error;
	packet_list_sort(&s->builder.packets);
	packet_list_write(&s->builder.packets, c);
	return capture_close(c);
}

void script_help(FILE *out)
{
	fputs("A script is lines of text; `#` begins a comment, a backslash at the end continues\n"
	      "a line. A line is a setting, or a statement that makes packets:\n\n"
	      "  [TIME] KIND ... STEP... OPTION...\n\n"
	      "  0.0    tcp fmc-1:49152 > ftd-1:8305 handshake data 300 1200 close\n"
	      "  +20ms  udp 10.20.0.1:40000 > 10.1.1.53:53 data dns-query dns-response\n"
	      "  07:30  tcp 198.51.100.66:50000 > ftd-1:1000 refused repeat 200 every 10ms "
	      "advance to-port 1\n\n"
	      "TIME is from the script's start (0.5, 20ms, 5m, 07:30:00), +T from the start of "
	      "the\n"
	      "statement before, `after T` from its end; without one the statement follows at "
	      "once.\n"
	      "Packets are written in the order of their times. A TCP connection may be spread "
	      "over\n"
	      "several statements: its sequence numbers go on.\n\nSettings:\n",
		out);
	setting_help(out);
	fputs("\nStatements:\n", out);
	statement_help(out);
	fputs("\nSteps, one after another; P and Q are payloads:\n", out);
	step_help(out);
	fputs("  ... times N [every T]            the step before, N times\n"
	      "  flags ... payload P             what that segment carries\n"
	      "\nOptions, for all packets of the statement:\n",
		out);
	option_help(out);
	fputs("\nEncapsulations, for `via`; ENDS is A>B, or A<>B, which turns with the packet:\n",
		out);
	encapsulation_help(out);
	fputs("\nPayloads, joined by +: N random bytes, \"text\\r\\n\", 0x00ff, or with arguments "
	      "in\n"
	      "parentheses, all optional:\n",
		out);
	payload_help(out);
}
