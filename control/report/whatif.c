#include "report/whatif.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/format.h"
#include "base/hash_table.h"
#include "base/literal.h"
#include "policy/draft_verdict.h"
#include "policy/ruleset.h"
#include "protocol.h"
#include "store/questions.h"
#include "store/segment_words.h"
#include "store/store_schema.h"

/* Changes that are kept until they are sorted: more than that is no answer for a person. */
#define CHANGES_MAX 200000u

/* Findings that flows were seen of: more are judged by their rows and by what they were. */
#define FINDINGS_SEEN_MAX 1000000u

static const struct answer_column column[] = {
	{"appliance", ANSWER_TEXT, false},
	{"direction", ANSWER_TEXT, false},
	{"port", ANSWER_TEXT, false},
	{"peer", ANSWER_TEXT, false},
	{"was", ANSWER_TEXT, false},
	{"would_be", ANSWER_TEXT, false},
	{"flows", ANSWER_NUMBER, false},
	{"last", ANSWER_TIME, false},
	{"judged_by", ANSWER_TEXT, false},
};

/* An appliance's end of flows, as the store has it. Of a finding: of its own, with a number below
 * zero. */
struct draft_end {
	int64_t id;
	uint16_t appliance; /* of the draft, by its name */
	bool has_rows;
	UT_hash_handle hh;
	const char *name, *direction, *verdict; /* in `text` */
	char text[];
};

/* Compared with memcmp(): every byte is set. */
struct draft_key {
	int64_t end;
	struct address peer;
	uint16_t port;
	uint8_t version, protocol, would_be, zero[3];
};

struct draft_change {
	struct draft_key key;
	const struct draft_end *end;
	uint64_t flows, last_ns;
	bool is_of_rows;
	UT_hash_handle hh;
};

struct seen_finding {
	int64_t number;
	UT_hash_handle hh;
};

struct whatif {
	struct store_reader *reader;
	const struct store_filter *filter;
	const struct ruleset *draft;
	struct answer_table *answer;
	struct draft_end *end;
	struct draft_change *change;
	struct seen_finding *seen;
	uint64_t flows, unspoken_flows, unknown_flows, sums, unknown_sums;
	int64_t findings;
	uint64_t rows_from_ns; /* all flows since then that are kept have a row */
	int error;
};

/* ---- ends ---- */

static char *put_text(char *at, const char *text)
{
	return stpcpy(at, text) + 1;
}

/* The end with this number, made of the texts if it is not known; NULL: no memory. */
static struct draft_end *end_of(struct whatif *w, int64_t id, const char *const text[3])
{
	struct draft_end *e;
	char *at;

	HASH_FIND(hh, w->end, &id, sizeof(id), e);
	if (e)
		return e;
	e = heap_calloc(1, sizeof(*e) + strlen(text[0]) + strlen(text[1]) + strlen(text[2]) + 3);
	if (!e) {
		w->error = -ENOMEM;
		return NULL;
	}
	e->id = id;
	at = e->text;
	e->name = at;
	at = put_text(at, text[0]);
	e->direction = at;
	at = put_text(at, text[1]);
	e->verdict = at;
	put_text(at, text[2]);
	e->appliance = ruleset_appliance(w->draft, e->name);
	HASH_ADD(hh, w->end, id, sizeof(e->id), e);
	return e;
}

/* ---- changes ---- */

/* What was spoken makes a verdict graver, and sums do not know it. */
static bool changes(const char *was, const char *would_be, bool is_of_rows)
{
	return strcmp(was, would_be) != 0 && (is_of_rows || strcmp(was, "wrong-service") != 0 ||
						     strcmp(would_be, "expected") != 0);
}

static bool is_asked_for(
	const struct whatif *w, const struct draft_end *e, const struct draft_key *k)
{
	const struct store_filter *f = w->filter;
	char port[ENDPOINT_TEXT_BYTES];

	if (f->appliance && strcmp(f->appliance, e->name) != 0)
		return false;
	if (f->peers && !prefix_contains(f->peers, &k->peer, k->version))
		return false;
	if (f->verdict && strcmp(f->verdict, e->verdict) != 0)
		return false;
	if (!f->port)
		return true;
	format_port(k->protocol, k->port, port);
	return strncmp(port, f->port, strlen(f->port)) == 0 &&
	       strchr("/", port[strlen(f->port)]) != NULL;
}

static struct draft_change *change_of(
	struct whatif *w, const struct draft_end *e, const struct draft_key *k)
{
	struct draft_change *c;

	HASH_FIND(hh, w->change, k, sizeof(*k), c);
	if (c)
		return c;
	c = HASH_COUNT(w->change) < CHANGES_MAX ? heap_calloc(1, sizeof(*c)) : NULL;
	if (!c) {
		w->answer->has_missing = true;
		return NULL;
	}
	c->key = *k;
	c->end = e;
	HASH_ADD(hh, w->change, key, sizeof(c->key), c);
	return c;
}

/* Whether it is one. A sum has the flows that have rows, too. */
static bool note_change(struct whatif *w, const struct draft_end *e, const struct draft_key *k,
	uint64_t flows, uint64_t last_ns, bool is_of_rows)
{
	struct draft_change *c;

	if (!changes(e->verdict, verdict_name((enum verdict)k->would_be), is_of_rows) ||
		!is_asked_for(w, e, k))
		return false;
	c = change_of(w, e, k);
	if (!c)
		return false;
	c->is_of_rows |= is_of_rows;
	if (is_of_rows)
		c->flows += flows;
	else if (flows > c->flows)
		c->flows = flows;
	c->last_ns = last_ns > c->last_ns ? last_ns : c->last_ns;
	return true;
}

static struct draft_key key_of(
	const struct draft_end *e, const struct flow_tuple *f, unsigned end, unsigned would_be)
{
	struct draft_key k;

	memset(&k, 0, sizeof(k));
	k.end = e->id;
	k.peer = f->address[1 - end];
	k.port = f->port[1];
	k.version = f->version;
	k.protocol = f->protocol;
	k.would_be = (uint8_t)would_be;
	return k;
}

/* ---- flows that have rows ---- */

enum {
	ROW_END,
	ROW_ADDRESS,
	ROW_PORT = ROW_ADDRESS + 2,
	ROW_PROTOCOL = ROW_PORT + 2,
	ROW_ENDPOINT,
	ROW_SERVICE = ROW_ENDPOINT + 2,
	ROW_BASIS,
	ROW_FINDING
};

static const char rows_sql[] =
	"SELECT start_ns + duration_ns, initiator, responder, initiator_port, responder_port,"
	" protocol, initiator_end, responder_end, service, service_basis, finding FROM flow"
	" WHERE start_ns <= ?2 AND start_ns + duration_ns >= ?1";

/* The numbers of a segment's words: another version may have other lists. */
struct segment_spoken {
	uint8_t service[WORD_OWN], basis[WORD_OWN];
};

static int read_words(struct database *d, struct segment_spoken *spoken)
{
	struct sqlite3_stmt *s = NULL;
	int got = database_prepare(d, &s, "SELECT id, text FROM word WHERE id < 1000");

	memset(spoken, 0, sizeof(*spoken));
	while (got >= 0 && (got = database_row(d, s)) > 0) {
		int64_t id = row_number(s, 0);
		for (unsigned i = 0; i < SERVICE_COUNT && id >= WORD_SERVICE && id < WORD_OWN; i++)
			if (strcmp(row_text(s, 1), service_name((enum service)i)) == 0)
				spoken->service[id] = (uint8_t)(i + 1);
		for (unsigned i = 0; i <= SERVICE_RECOGNISED && id >= WORD_SERVICE_BASIS; i++)
			if (id < WORD_ENDING &&
				strcmp(row_text(s, 1), service_basis_name((enum service_basis)i)) ==
					0)
				spoken->basis[id] = (uint8_t)i;
	}
	database_finalize(&s);
	return got;
}

static int read_ends(struct whatif *w, struct database *d)
{
	struct sqlite3_stmt *s = NULL;
	int got = database_prepare(d, &s, "SELECT id, appliance, direction, verdict FROM endpoint");

	while (got >= 0 && w->error == 0 && (got = database_row(d, s)) > 0) {
		char text[2][32];
		snprintf(text[0], sizeof(text[0]), "%s", row_text(s, 2));
		snprintf(text[1], sizeof(text[1]), "%s", row_text(s, 3));
		end_of(w, row_number(s, 0),
			(const char *const[]){row_text(s, 1), text[0], text[1]});
	}
	database_finalize(&s);
	return got < 0 ? got : w->error;
}

static void read_address(struct sqlite3_stmt *s, unsigned end, struct flow_tuple *f)
{
	const void *bytes = row_bytes(s, ROW_ADDRESS + (int)end, sizeof(f->address[end].byte));
	int64_t number;

	if (bytes) {
		f->version = 6;
		memcpy(f->address[end].byte, bytes, sizeof(f->address[end].byte));
		return;
	}
	f->version = 4;
	number = row_number(s, ROW_ADDRESS + (int)end);
	for (unsigned i = 0; i < 4; i++)
		f->address[end].byte[12 + i] = (uint8_t)(number >> (24 - 8 * i));
}

/* By its address, as the draft has it; a client of DHCP that has none yet by its name. */
static uint16_t appliance_at(
	const struct whatif *w, const struct flow_tuple *f, unsigned end, const struct draft_end *e)
{
	uint16_t found = inventory_find(w->draft->policy->inventory, &f->address[end], f->version);

	return found == APPLIANCE_NONE && e ? e->appliance : found;
}

static void note_finding(struct whatif *w, int64_t number)
{
	struct seen_finding *seen;

	HASH_FIND(hh, w->seen, &number, sizeof(number), seen);
	if (seen || HASH_COUNT(w->seen) >= FINDINGS_SEEN_MAX)
		return;
	seen = heap_calloc(1, sizeof(*seen));
	if (!seen)
		return;
	seen->number = number;
	HASH_ADD(hh, w->seen, number, sizeof(seen->number), seen);
}

static void read_tuple(
	struct whatif *w, struct sqlite3_stmt *s, struct flow_tuple *f, struct draft_end *end[2])
{
	memset(f, 0, sizeof(*f));
	f->protocol = (uint8_t)row_number(s, ROW_PROTOCOL);
	for (unsigned i = 0; i < 2; i++) {
		int64_t id = row_number(s, ROW_ENDPOINT + (int)i);
		HASH_FIND(hh, w->end, &id, sizeof(id), end[i]);
		read_address(s, i, f);
		f->port[i] = (uint16_t)row_number(s, ROW_PORT + (int)i);
		f->appliance[i] = appliance_at(w, f, i, end[i]);
	}
}

static bool judge_flow_end(struct whatif *w, struct sqlite3_stmt *s, const struct flow_tuple *f,
	struct draft_end *e, unsigned end, unsigned would_be)
{
	struct draft_key k = key_of(e, f, end, would_be);

	e->has_rows = true;
	w->unknown_flows += f->appliance[end] == APPLIANCE_NONE;
	return f->appliance[end] != APPLIANCE_NONE &&
	       note_change(w, e, &k, 1, (uint64_t)row_number(s, ROW_END), true);
}

static void judge_flow_row(
	struct whatif *w, struct sqlite3_stmt *s, const struct segment_spoken *spoken)
{
	int64_t service = row_number(s, ROW_SERVICE), basis = row_number(s, ROW_BASIS);
	struct draft_end *end[2];
	struct flow_tuple f;
	struct verdict_pair j;
	unsigned spoke = service > 0 && service < WORD_OWN ? spoken->service[service] : 0;
	unsigned known = basis > 0 && basis < WORD_OWN ? spoken->basis[basis] : 0;
	bool is_changed = false;

	read_tuple(w, s, &f, end);
	if (known == SERVICE_RECOGNISED && !spoke)
		known = SERVICE_UNVERIFIED; /* by a name that this version does not have */
	j = draft_verdict(w->draft->policy, &f, (enum service_basis)known,
		(enum service)(spoke ? spoke - 1 : 0));
	w->flows++;
	for (unsigned i = 0; i < 2; i++)
		if (end[i])
			is_changed |= judge_flow_end(w, s, &f, end[i], i, j.end_verdict[i]);
	w->unspoken_flows += is_changed && known == SERVICE_UNVERIFIED;
	if (!row_is_null(s, ROW_FINDING))
		note_finding(w, row_number(s, ROW_FINDING));
}

static int read_segment(void *context, struct database *d, const struct store_filter *f)
{
	struct whatif *w = context;
	struct segment_spoken spoken;
	struct sqlite3_stmt *s = NULL;
	int got = read_words(d, &spoken);

	if (got >= 0)
		got = read_ends(w, d);
	if (got >= 0)
		got = database_prepare(d, &s, rows_sql);
	if (got >= 0) {
		bind_number(s, 1, (int64_t)f->since_ns);
		bind_number(s, 2, (int64_t)f->until_ns);
	}
	while (got >= 0 && w->error == 0 && (got = database_row(d, s)) > 0)
		judge_flow_row(w, s, &spoken);
	database_finalize(&s);
	return got < 0 ? got : w->error;
}

/* ---- what has none: sums and findings ---- */

enum {
	SUM_APPLIANCE,
	SUM_DIRECTION,
	SUM_PORT,
	SUM_PEER,
	SUM_VERDICT,
	SUM_FLOWS,
	SUM_LAST,
	SUM_FIRST,
	SUM_END,
	SUM_FINDING
};

/* A rule's id is role/direction/port/transport, and a feature where several share the port. */
static const char sums_sql[] =
	"SELECT e.appliance, e.direction, substr(e.rule, length(e.role || e.direction) + 3), "
	"p.peer, e.verdict, p.flows, p.last_ns, p.first_ns, e.id, NULL"
	" FROM peer p JOIN endpoint e ON e.id = p.endpoint"
	" WHERE e.rule != '' AND p.last_ns >= ?1 AND p.first_ns <= ?2"
	" AND (?3 IS NULL OR e.appliance = ?3)"
	" UNION ALL SELECT appliance, direction, port, peer, verdict, flows, last_ns, first_ns, 0, "
	"id"
	" FROM finding WHERE family = 'flow' AND verdict IN ('unexpected-port', "
	"'unexpected-protocol')"
	" AND state != 'withdrawn' AND last_ns >= ?1 AND first_ns <= ?2"
	" AND (?3 IS NULL OR appliance = ?3)";

/* `443/tcp`, with a feature behind it maybe, or a protocol without ports. False: it is neither. */
static bool read_port(const char *text, struct flow_tuple *f)
{
	enum transport transport;
	char port[32];
	size_t first = strcspn(text, "/");
	size_t length = text[first] ? first + 1 + strcspn(text + first + 1, "/") : first;

	snprintf(port, sizeof(port), "%.*s", (int)(length < 31 ? length : 31), text);
	if (literal_port_transport(port, &f->port[1], &transport) == 0) {
		f->protocol = transport == TRANSPORT_TCP ? IPPROTO_TCP : IPPROTO_UDP;
		return true;
	}
	for (unsigned number = 0; number < 256; number++) {
		const char *name = protocol_name((uint8_t)number);
		if (name && strcmp(name, port) == 0 && !protocol_has_ports((uint8_t)number)) {
			f->protocol = (uint8_t)number;
			return true;
		}
	}
	return false;
}

/* An address of the appliance, of the peer's version where it has one. */
static void own_address(const struct appliance_text *a, unsigned version, struct address *address)
{
	struct prefix p;

	for (size_t i = 0; i < a->addresses; i++)
		if (literal_prefix(a->address[i], &p) == 0 && p.version == version)
			*address = p.address;
}

/* Whether rows have said it already. */
static bool has_rows(const struct whatif *w, struct sqlite3_stmt *s, const struct draft_end *e)
{
	const struct seen_finding *seen;
	int64_t number;

	if (row_is_null(s, SUM_FINDING))
		return e->has_rows && (uint64_t)row_number(s, SUM_FIRST) >= w->rows_from_ns;
	number = finding_number(row_text(s, SUM_FINDING));
	HASH_FIND(hh, w->seen, &number, sizeof(number), seen);
	return seen != NULL;
}

static void judge_sum(struct whatif *w, struct sqlite3_stmt *s, const struct draft_end *e)
{
	unsigned end = strcmp(e->direction, "outbound") != 0, version;
	const struct inventory *inventory = w->draft->policy->inventory;
	struct flow_tuple f;
	struct draft_key k;

	memset(&f, 0, sizeof(f));
	version = literal_address(row_text(s, SUM_PEER), &f.address[1 - end]);
	if (e->appliance == APPLIANCE_NONE || !version || !read_port(row_text(s, SUM_PORT), &f)) {
		w->unknown_sums++;
		return;
	}
	f.version = (uint8_t)version;
	f.port[0] = 49152; /* any: a client's */
	f.appliance[end] = e->appliance;
	f.appliance[1 - end] = inventory_find(inventory, &f.address[1 - end], f.version);
	own_address(&w->draft->appliance[e->appliance], version, &f.address[end]);
	w->sums++;
	k = key_of(e, &f, end, policy_judge(w->draft->policy, &f).end_verdict[end]);
	note_change(w, e, &k, (uint64_t)row_number(s, SUM_FLOWS), (uint64_t)row_number(s, SUM_LAST),
		false);
}

static int read_sums(struct whatif *w)
{
	struct database *d = &w->reader->state;
	struct sqlite3_stmt *s = NULL;
	int got = database_prepare(d, &s, sums_sql);

	if (got == 0) {
		bind_number(s, 1, (int64_t)w->filter->since_ns);
		bind_number(s, 2, (int64_t)w->filter->until_ns);
		bind_text(s, 3, w->filter->appliance);
	}
	while (got >= 0 && w->error == 0 && (got = database_row(d, s)) > 0) {
		int64_t id = row_is_null(s, SUM_FINDING) ? row_number(s, SUM_END) : --w->findings;
		char text[3][512];
		const struct draft_end *e;
		snprintf(text[0], sizeof(text[0]), "%s", row_text(s, SUM_APPLIANCE));
		snprintf(text[1], sizeof(text[1]), "%s", row_text(s, SUM_DIRECTION));
		snprintf(text[2], sizeof(text[2]), "%s", row_text(s, SUM_VERDICT));
		e = end_of(w, id, (const char *const[]){text[0], text[1], text[2]});
		if (e && !has_rows(w, s, e))
			judge_sum(w, s, e);
	}
	database_finalize(&s);
	return got < 0 ? got : w->error;
}

/* ---- the answer ---- */

static int in_order(const struct draft_change *a, const struct draft_change *b)
{
	int order = strcmp(a->end->name, b->end->name);

	order = order ? order : strcmp(a->end->direction, b->end->direction);
	order = order ? order : (int)a->key.protocol - (int)b->key.protocol;
	order = order ? order : (int)a->key.port - (int)b->key.port;
	order = order ? order : memcmp(&a->key.peer, &b->key.peer, sizeof(a->key.peer));
	return order ? order : strcmp(a->end->verdict, b->end->verdict);
}

static void put_change(struct answer_table *a, const struct draft_change *c)
{
	char port[ENDPOINT_TEXT_BYTES], peer[ADDRESS_TEXT_BYTES];

	format_port(c->key.protocol, c->key.port, port);
	format_address(&c->key.peer, c->key.version, peer);
	answer_text(a, c->end->name);
	answer_text(a, c->end->direction);
	answer_text(a, port);
	answer_text(a, peer);
	answer_text(a, c->end->verdict);
	answer_text(a, verdict_name((enum verdict)c->key.would_be));
	answer_number(a, (int64_t)c->flows);
	answer_number(a, (int64_t)c->last_ns);
	answer_text(a, c->is_of_rows ? "flows" : "sums");
}

static void put_notes(const struct whatif *w)
{
	struct answer_table *a = w->answer;

	answer_note(a,
		"stored flows that %s classified one by one, with the detected protocol: %llu",
		w->draft->name, (unsigned long long)w->flows);
	if (w->unspoken_flows)
		answer_note(a,
			"of %llu flows that change the protocol was not detected: they may be "
			"wrong-service",
			(unsigned long long)w->unspoken_flows);
	if (w->sums)
		answer_note(a,
			"sums of an appliance, port and peer for flows that are not stored, whose "
			"service was not classified: %llu",
			(unsigned long long)w->sums);
	if (w->unknown_flows || w->unknown_sums)
		answer_note(a,
			"%llu flows and %llu sums could not be classified: scans, or appliances "
			"that "
			"the draft does not have",
			(unsigned long long)w->unknown_flows, (unsigned long long)w->unknown_sums);
}

static void forget(struct whatif *w)
{
	struct draft_change *c, *next_change;
	struct draft_end *e, *next_end;
	struct seen_finding *f, *next_finding;

	HASH_ITER(hh, w->change, c, next_change)
	{
		HASH_DEL(w->change, c);
		free(c);
	}
	HASH_ITER(hh, w->end, e, next_end)
	{
		HASH_DEL(w->end, e);
		free(e);
	}
	HASH_ITER(hh, w->seen, f, next_finding)
	{
		HASH_DEL(w->seen, f);
		free(f);
	}
}

/* Segments are removed oldest first: what came since the oldest one has its rows. */
static uint64_t rows_from_ns(const struct store_reader *r, const struct store_filter *f)
{
	uint64_t oldest_ns = r->segments.count ? r->segments.file[0].hour_ns : UINT64_MAX;

	return f->since_ns >= oldest_ns ? 0 : oldest_ns;
}

int whatif_ask(struct store_reader *r, const struct store_filter *f, const struct ruleset *draft,
	struct answer_table *a)
{
	struct whatif w = {.reader = r, .filter = f, .draft = draft, .answer = a};
	int error;

	answer_begin(a, column, sizeof(column) / sizeof(column[0]));
	error = store_reader_segments(r, f, a, read_segment, &w);
	w.rows_from_ns = a->has_missing ? UINT64_MAX : rows_from_ns(r, f);
	if (error == 0)
		error = read_sums(&w);
	HASH_SORT(w.change, in_order);
	for (const struct draft_change *c = w.change; c && error == 0; c = c->hh.next)
		if (answer_wants(a))
			put_change(a, c);
	put_notes(&w);
	forget(&w);
	return error < 0 ? error : a->error;
}
