#include "run/diff_flows.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/finding.h"
#include "base/errors.h"
#include "base/exit_status.h"
#include "base/format.h"
#include "base/hash_table.h"
#include "base/heap.h"
#include "base/plain_text.h"
#include "base/row_lines.h"
#include "policy/ruleset.h"
#include "run/replay.h"

/* So many peers of a group have lines of their own; of more these are the examples. */
#define PEERS_SHOWN 3

/* The initiator may differ between two policies: the smaller end comes first. */
struct diff_flow_key {
	struct address address[2];
	uint64_t start_ns;
	uint16_t port[2];
	uint8_t protocol, version, zero[2];
};

struct diff_flow {
	struct diff_flow_key key;
	struct finding_key finding; /* as the first ruleset has it */
	UT_hash_handle hh;
};

struct diff_span {
	uint64_t flows, first_ns, last_ns;
};

struct diff_peer {
	struct finding_key key; /* of the group, with the peer */
	struct diff_span span;
	UT_hash_handle hh;
};

/* The finding's key has the verdict that becomes of it. Which ruleset's numbers it has follows from
 * the verdicts: of two groups with the same key both have the same. */
struct diff_group_key {
	struct finding_key finding; /* without a peer */
	uint8_t was;
};

struct diff_group {
	struct diff_group_key key;
	const char *appliance;
	struct diff_span span;
	struct diff_peer *peer;
	UT_hash_handle hh;
};

struct comparison {
	const struct diff_side *before, *after;
	struct diff_flow *flow;
	struct diff_group *group;
	size_t flows, changed, overflowed, unmatched, lines;
	bool as_json;
	unsigned columns; /* of a line of the table; 0: as it is */
	FILE *out;
};

/* ---- gathering ---- */

static struct diff_flow_key key_of(const struct record *r)
{
	int order = memcmp(&r->address[0], &r->address[1], sizeof(r->address[0]));
	unsigned first = order < 0 || (order == 0 && r->port[0] <= r->port[1]) ? 0 : 1;
	struct diff_flow_key k;

	memset(&k, 0, sizeof(k));
	for (unsigned i = 0; i < 2; i++) {
		k.address[i] = r->address[i ^ first];
		k.port[i] = r->port[i ^ first];
	}
	k.start_ns = r->start_ns;
	k.protocol = r->protocol;
	k.version = r->version;
	return k;
}

static void add_flow(void *context, const struct record *r)
{
	struct comparison *c = context;
	struct diff_flow *f;

	if (r->kind != RECORD_ENDED)
		return;
	f = c->flows < DIFF_FLOWS_MAX ? heap_calloc(1, sizeof(*f)) : NULL;
	if (!f) {
		c->overflowed++;
		return;
	}
	f->key = key_of(r);
	f->finding = finding_key_of(r);
	HASH_ADD(hh, c->flow, key, sizeof(f->key), f);
	c->flows++;
}

static void span_add(struct diff_span *s, const struct record *r)
{
	s->first_ns = s->flows == 0 || r->start_ns < s->first_ns ? r->start_ns : s->first_ns;
	s->last_ns = r->end_ns > s->last_ns ? r->end_ns : s->last_ns;
	s->flows++;
}

/* What the flow is called: by the side that flags it, the later one if both do. */
static struct diff_group_key group_key_of(
	const struct finding_key *was, const struct finding_key *is, bool *is_of_before)
{
	struct diff_group_key k;

	*is_of_before = !verdict_is_flagged((enum verdict)is->verdict) &&
			verdict_is_flagged((enum verdict)was->verdict);
	memset(&k, 0, sizeof(k));
	k.finding = *is_of_before ? *was : *is;
	k.finding.verdict = is->verdict;
	k.was = was->verdict;
	return k;
}

/* NULL: no memory. */
static struct diff_group *group_of(struct comparison *c, struct diff_group_key k, bool is_of_before)
{
	const struct diff_side *side = is_of_before ? c->before : c->after;
	struct diff_group *g;

	k.finding = finding_key_without_peer(k.finding);
	HASH_FIND(hh, c->group, &k, sizeof(k), g);
	if (g)
		return g;
	g = heap_calloc(1, sizeof(*g));
	if (!g)
		return NULL;
	g->key = k;
	g->appliance = side->ruleset->appliance[k.finding.appliance].name;
	HASH_ADD(hh, c->group, key, sizeof(g->key), g);
	return g;
}

static struct diff_peer *peer_of(struct diff_group *g, const struct finding_key *k)
{
	struct diff_peer *p;

	HASH_FIND(hh, g->peer, k, sizeof(*k), p);
	if (p)
		return p;
	p = heap_calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->key = *k;
	HASH_ADD(hh, g->peer, key, sizeof(p->key), p);
	return p;
}

static void compare(void *context, const struct record *r)
{
	struct comparison *c = context;
	struct finding_key is = finding_key_of(r);
	struct diff_flow_key flow_key = key_of(r);
	struct diff_group_key k;
	struct diff_group *g;
	struct diff_peer *p;
	struct diff_flow *f;
	bool is_of_before;

	if (r->kind != RECORD_ENDED)
		return;
	HASH_FIND(hh, c->flow, &flow_key, sizeof(flow_key), f);
	c->unmatched += f == NULL;
	if (!f || f->finding.verdict == is.verdict)
		return;
	c->changed++;
	k = group_key_of(&f->finding, &is, &is_of_before);
	g = group_of(c, k, is_of_before);
	p = g ? peer_of(g, &k.finding) : NULL;
	if (!p) {
		c->overflowed++;
		return;
	}
	span_add(&g->span, r);
	span_add(&p->span, r);
}

/* ---- printing ---- */

/* The most flows first; what has as many keeps its order. */
static int by_flows(const struct diff_span *a, const struct diff_span *b)
{
	return (a->flows < b->flows) - (a->flows > b->flows);
}

static int peers_by_flows(const struct diff_peer *a, const struct diff_peer *b)
{
	return by_flows(&a->span, &b->span);
}

/* What becomes gravest first. */
static int groups_by_verdict(const struct diff_group *a, const struct diff_group *b)
{
	int graver = (int)b->key.finding.verdict - (int)a->key.finding.verdict;

	return graver ? graver : by_flows(&a->span, &b->span);
}

enum { CELLS = 8, INDENT = 2 };

/* The width of each, negative where it begins at its left, and the gap before it. */
static const int cell_width[CELLS] = {-20, -8, -12, -36, 9, -19, -19, -39};
static const int cell_gap[CELLS] = {INDENT, 1, 1, 1, 1, 2, 2, 2};

static void print_cells(const struct comparison *c, const char *const cell[CELLS])
{
	int width[CELLS];
	bool begins[CELLS + 1] = {[CELLS] = true};

	for (size_t i = 0; i < CELLS; i++)
		width[i] = abs(cell_width[i]) + (i ? 0 : INDENT);
	row_lines(width, CELLS, c->columns, begins);
	for (size_t i = 0; i < CELLS; i++) {
		int gap = begins[i] && i ? ROW_INDENT : cell_gap[i];
		bool is_last = begins[i + 1] && cell_width[i] < 0;
		fprintf(c->out, "%s%*s%*s", begins[i] && i ? "\n" : "", gap, "",
			is_last ? 0 : cell_width[i], cell[i]);
	}
	fputc('\n', c->out);
}

static void print_line(const struct comparison *c, const struct diff_group *g,
	const struct diff_span *s, const char *peers)
{
	const struct finding_key *k = &g->key.finding;
	char port[ENDPOINT_TEXT_BYTES], first[TIME_TEXT_BYTES], last[TIME_TEXT_BYTES], change[64],
		flows[32];

	format_port(k->protocol, k->port, port);
	format_time_short(s->first_ns, first);
	format_time_short(s->last_ns, last);
	format_number(s->flows, flows);
	snprintf(change, sizeof(change), "%s -> %s", verdict_name((enum verdict)g->key.was),
		verdict_name((enum verdict)k->verdict));
	print_cells(c, (const char *const[CELLS]){g->appliance,
			       direction_name((enum direction)k->direction), port, change, flows,
			       first, last, peers});
}

/* `examples`: taken over. */
static void print_object(const struct comparison *c, const struct diff_group *g,
	const struct diff_span *s, size_t peers, json_t *examples)
{
	const struct finding_key *k = &g->key.finding;
	char port[ENDPOINT_TEXT_BYTES], first[TIME_TEXT_BYTES], last[TIME_TEXT_BYTES];
	json_t *line;

	format_port(k->protocol, k->port, port);
	format_time(s->first_ns, first);
	format_time(s->last_ns, last);
	line = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:I, s:o}", "what", "flows",
		"appliance", g->appliance, "direction",
		direction_name((enum direction)k->direction), "port", port, "was",
		verdict_name((enum verdict)g->key.was), "would_be",
		verdict_name((enum verdict)k->verdict), "flows", (json_int_t)s->flows, "first",
		first, "last", last, "peers", (json_int_t)peers, "examples", examples);
	json_dumpf(line, c->out, JSON_COMPACT | JSON_ENSURE_ASCII);
	fputc('\n', c->out);
	json_decref(line);
}

static void print_peer(struct comparison *c, const struct diff_group *g, const struct diff_peer *p)
{
	char address[ADDRESS_TEXT_BYTES];

	c->lines++;
	format_address(&p->key.peer, p->key.version, address);
	if (c->as_json)
		print_object(c, g, &p->span, 1, json_pack("[s]", address));
	else
		print_line(c, g, &p->span, address);
}

static void print_many(struct comparison *c, const struct diff_group *g, size_t peers)
{
	char address[ADDRESS_TEXT_BYTES], text[64 + PEERS_SHOWN * (ADDRESS_TEXT_BYTES + 2)];
	int used = snprintf(text, sizeof(text), "%zu peers:", peers);
	json_t *examples = json_array();
	const struct diff_peer *p = g->peer;

	c->lines++;
	for (unsigned i = 0; i < PEERS_SHOWN && p; i++, p = p->hh.next) {
		format_address(&p->key.peer, p->key.version, address);
		used += snprintf(
			text + used, sizeof(text) - (size_t)used, "%s %s", i ? "," : "", address);
		json_array_append_new(examples, json_string(address));
	}
	if (c->as_json) {
		print_object(c, g, &g->span, peers, examples);
		return;
	}
	json_decref(examples);
	print_line(c, g, &g->span, text);
}

static void print_group(struct comparison *c, struct diff_group *g)
{
	size_t peers = HASH_COUNT(g->peer);

	HASH_SORT(g->peer, peers_by_flows);
	if (peers > PEERS_SHOWN) {
		print_many(c, g, peers);
		return;
	}
	for (const struct diff_peer *p = g->peer; p; p = p->hh.next)
		print_peer(c, g, p);
}

static void print_total(const struct comparison *c, const char *capture)
{
	json_t *line;

	if (!c->as_json) {
		fprintf(c->out, "  %zu of %zu flows change their verdict, in %zu groups\n",
			c->changed, c->flows, c->lines);
		if (c->unmatched)
			fprintf(c->out, "  %zu flows begin otherwise under the other policy\n",
				c->unmatched);
		return;
	}
	line = json_pack("{s:s, s:s%, s:I, s:I, s:I, s:I}", "what", "total", "capture", capture,
		strlen(capture), "flows", (json_int_t)c->flows, "changed", (json_int_t)c->changed,
		"groups", (json_int_t)c->lines, "unmatched", (json_int_t)c->unmatched);
	json_dumpf(line, c->out, JSON_COMPACT | JSON_ENSURE_ASCII);
	fputc('\n', c->out);
	json_decref(line);
}

static void print_groups(struct comparison *c)
{
	if (!c->as_json && c->group)
		print_cells(c, (const char *const[CELLS]){"APPLIANCE", "DIR", "PORT", "VERDICT",
				       "FLOWS", "FIRST (UTC)", "LAST", "PEER"});
	HASH_SORT(c->group, groups_by_verdict);
	for (struct diff_group *g = c->group; g; g = g->hh.next)
		print_group(c, g);
}

/* ---- the comparison ---- */

static int run_source(
	const struct diff_side *side, const char *capture, record_taker *take, struct comparison *c)
{
	struct replay p = {
		.ruleset = side->ruleset,
		.settings = side->settings,
		.capture = &capture,
		.captures = 1,
		.take = take,
		.context = c,
	};

	if (replay_run(&p) < 0)
		return EXIT_FAILED;
	return p.failures || p.interrupted ? EXIT_FAILED : EXIT_DONE;
}

static void forget(struct comparison *c)
{
	struct diff_flow *f, *next_flow;
	struct diff_group *g, *next_group;
	struct diff_peer *p, *next_peer;

	HASH_ITER(hh, c->flow, f, next_flow)
	{
		HASH_DEL(c->flow, f);
		free(f);
	}
	HASH_ITER(hh, c->group, g, next_group)
	{
		HASH_ITER(hh, g->peer, p, next_peer)
		{
			HASH_DEL(g->peer, p);
			free(p);
		}
		HASH_DEL(c->group, g);
		free(g);
	}
}

int diff_flows_print(const struct diff_side *before, const struct diff_side *after,
	const char *capture, const struct diff_print *print, FILE *out)
{
	struct comparison c = {.before = before,
		.after = after,
		.as_json = print->as_json,
		.columns = print->columns,
		.out = out};
	char title[4096];
	int status;

	snprintf(title, sizeof(title), "%s", capture);
	plain_text(title);
	if (!c.as_json)
		fprintf(out, "%s:\n", title);
	status = run_source(before, capture, add_flow, &c);
	status |= run_source(after, capture, compare, &c);
	print_groups(&c);
	print_total(&c, title);
	if (c.overflowed) {
		errors_say("diff: %zu flows beyond %u were not compared", c.overflowed,
			DIFF_FLOWS_MAX);
		status = EXIT_FAILED;
	}
	forget(&c);
	return status;
}
