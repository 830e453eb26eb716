#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/literal.h"
#include "protocol.h"
#include "store/questions.h"
#include "store/store_schema.h"

static const struct answer_column column[] = {
	{"start", ANSWER_TIME, false},
	{"duration", ANSWER_DURATION, false},
	{"initiator", ANSWER_TEXT, false},
	{"responder", ANSWER_TEXT, false},
	{"transport", ANSWER_TEXT, false},
	{"appliance", ANSWER_TEXT, false},
	{"verdict", ANSWER_TEXT, false},
	{"connection", ANSWER_TEXT, false},
	{"service", ANSWER_TEXT, false},
	{"packets", ANSWER_NUMBER, false},
	{"bytes_sent", ANSWER_BYTES, false},
	{"bytes_received", ANSWER_BYTES, false},
	{"name", ANSWER_TEXT, true},
	{"rule", ANSWER_TEXT, true},
	{"initiator_basis", ANSWER_TEXT, true},
	{"severity", ANSWER_SEVERITY, true},
	{"ending", ANSWER_TEXT, true},
	{"finding", ANSWER_TEXT, true},
	{"vlan", ANSWER_NUMBER, true},
	{"history", ANSWER_TEXT, true},
};

#define VERDICT 6
#define FINDING 17
#define FINDING_RAW 22

/* clang-format off */
#define WORD(column) "(SELECT text FROM word WHERE id = f." column ")"

static const char details[] =
	"SELECT f.start_ns, f.duration_ns, v.initiator, v.responder, f.protocol,"
	" coalesce(i.appliance || CASE WHEN r.appliance IS NULL THEN '' ELSE ' > ' || r.appliance"
	" END, r.appliance), "
	WORD("verdict") ", " WORD("connection") ", " WORD("service") ","
	" f.packets_sent + f.packets_received, f.bytes_sent, f.bytes_received, "
	WORD("name") ", coalesce(nullif(i.rule, ''), r.rule), " WORD("basis") ", f.severity, "
	WORD("ending") ", printf('%%016x', f.finding), f.vlan, " WORD("history") ","
	" f.initiator_port, f.responder_port, f.finding"
	" FROM flow f JOIN flows v ON v.id = f.rowid LEFT JOIN endpoint i ON i.id = f.initiator_end"
	" LEFT JOIN endpoint r ON r.id = f.responder_end"
	" WHERE f.rowid IN (%s) ORDER BY f.start_ns DESC";
/* clang-format on */

/* Rows of the flows that are asked for: the newest ones, as many as are wanted. */
static const char rows[] =
	"SELECT rowid FROM flow WHERE start_ns <= ?2 AND start_ns + duration_ns >= ?1"
	" AND (?3 IS NULL OR initiator_end IN (SELECT id FROM endpoint WHERE appliance = ?3)"
	"  OR responder_end IN (SELECT id FROM endpoint WHERE appliance = ?3))"
	" AND (?4 IS NULL OR responder_port = ?4) AND (?5 IS NULL OR protocol = ?5)"
	" AND (?6 IS NULL OR verdict = (SELECT id FROM word WHERE text = ?6))%s"
	" ORDER BY start_ns DESC LIMIT ?9";

static const char of_peer[] = " AND (initiator BETWEEN ?7 AND ?8 OR responder BETWEEN ?7 AND ?8)";
static const char of_finding[] = " AND finding = ?7";

static void last_address(const struct prefix *p, struct address *last)
{
	unsigned first_bit = p->version == 4 ? 96 + p->length : p->length;

	*last = p->address;
	for (unsigned bit = first_bit; bit < 128; bit++)
		last->byte[bit / 8] |= (uint8_t)(0x80u >> bit % 8);
}

static int64_t ipv4_number(const struct address *a)
{
	return (int64_t)a->byte[12] << 24 | (int64_t)a->byte[13] << 16 | (int64_t)a->byte[14] << 8 |
	       a->byte[15];
}

static void bind_peers(struct sqlite3_stmt *s, const struct prefix *p, struct address *last)
{
	last_address(p, last);
	if (p->version == 4) {
		bind_number(s, 7, ipv4_number(&p->address));
		bind_number(s, 8, ipv4_number(last));
	} else {
		bind_bytes(s, 7, p->address.byte, sizeof(p->address.byte));
		bind_bytes(s, 8, last->byte, sizeof(last->byte));
	}
}

/* `443/tcp`, or the name of a protocol without ports. */
static int bind_port(struct sqlite3_stmt *s, const char *port)
{
	enum transport transport;
	uint16_t number;

	bind_null(s, 4);
	bind_null(s, 5);
	if (!port)
		return 0;
	if (literal_port(port, &number) == 0) {
		bind_number(s, 4, number);
		return 0;
	}
	if (literal_port_transport(port, &number, &transport) < 0)
		return -EINVAL;
	bind_number(s, 4, number);
	bind_number(s, 5, transport == TRANSPORT_TCP ? 6 : 17);
	return 0;
}

static void put_end(struct answer_table *a, struct sqlite3_stmt *s, int address, int port)
{
	char text[80];

	if (row_is_null(s, port))
		snprintf(text, sizeof(text), "%s", row_text(s, address));
	else
		snprintf(text, sizeof(text),
			strchr(row_text(s, address), ':') ? "[%s]:%d" : "%s:%d",
			row_text(s, address), (int)row_number(s, port));
	answer_text(a, text);
}

struct reading {
	struct store_reader *reader;
	struct sqlite3_stmt *id; /* of a finding by its number */
	struct answer_table *answer;
};

/* A finding that was never told by itself has no row of its own. */
static void put_finding(const struct reading *reading, const char *number)
{
	bool is_known = false;

	bind_text(reading->id, 1, number);
	while (database_row(&reading->reader->state, reading->id) > 0) {
		if (!is_known)
			answer_text(reading->answer, row_text(reading->id, 0));
		is_known = true;
	}
	if (!is_known)
		answer_text(reading->answer, number);
}

static void put_row(struct reading *reading, struct sqlite3_stmt *s)
{
	struct answer_table *a = reading->answer;
	const char *transport = protocol_name((uint8_t)row_number(s, 4));

	answer_number(a, row_number(s, 0));
	answer_number(a, row_number(s, 1));
	put_end(a, s, 2, 20);
	put_end(a, s, 3, 21);
	answer_text(a, transport ? transport : row_text(s, 4));
	for (int i = 5; i < (int)a->columns; i++)
		if (i == FINDING && !row_is_null(s, FINDING_RAW))
			put_finding(reading, row_text(s, i));
		else if (i == FINDING)
			answer_text(a, NULL);
		else if (column[i].type == ANSWER_TEXT)
			answer_text(a, row_text(s, i));
		else
			answer_number(a, row_number(s, i));
}

static int read_segment(void *context, struct database *d, const struct store_filter *f)
{
	struct reading *reading = context;
	struct answer_table *a = reading->answer;
	size_t wanted = a->limit ? a->limit - answer_rows(a) + 1 : 0;
	struct sqlite3_stmt *s = NULL;
	char which[1024], sql[4096];
	struct address last;
	int got;

	snprintf(which, sizeof(which), rows, f->finding ? of_finding : f->peers ? of_peer : "");
	snprintf(sql, sizeof(sql), details, which);
	got = database_prepare(d, &s, sql);
	if (got < 0)
		return got;
	bind_number(s, 1, (int64_t)f->since_ns);
	bind_number(s, 2, (int64_t)f->until_ns);
	bind_text(s, 3, f->appliance);
	got = bind_port(s, f->port);
	bind_text(s, 6, f->verdict);
	if (f->finding)
		bind_number(s, 7, finding_number(f->finding));
	else if (f->peers)
		bind_peers(s, f->peers, &last);
	bind_number(s, 9, wanted ? (int64_t)wanted : -1);
	while (got >= 0 && (got = database_row(d, s)) > 0)
		if (answer_wants(a))
			put_row(reading, s);
	database_finalize(&s);
	return got < 0 ? got : a->error ? a->error : a->more ? 1 : 0;
}

/* Flows that are in order lie in segments only where the site says `flows: all`: what was seen and
 * is not stored is said, else an answer without them reads as if there had been none. */
static const char unstored_sql[] =
	"SELECT p.peer FROM peer p JOIN endpoint e ON e.id = p.endpoint"
	" WHERE p.last_ns >= ?1 AND p.first_ns <= ?2 AND (?3 IS NULL OR e.appliance = ?3)"
	" AND (?4 IS NULL OR e.rule LIKE '%/' || ?4 OR e.rule LIKE '%/' || ?4 || '/%')"
	" AND e.verdict IN ('expected', 'implied', 'not-covered')"
	" AND (?5 IS NULL OR e.verdict = ?5)";

static bool has_unflagged(const struct answer_table *a)
{
	for (size_t row = 0; row < answer_rows(a); row++)
		if (strcmp(answer_text_at(a, row, VERDICT), "expected") == 0)
			return true;
	return false;
}

static int tell_unstored(
	struct store_reader *r, const struct store_filter *f, struct answer_table *a)
{
	static const struct answer_column peer[] = {{"peer", ANSWER_TEXT, false}};
	struct answer_table seen = {.limit = 1};
	int error;

	if (f->finding || has_unflagged(a))
		return 0;
	answer_begin(&seen, peer, 1);
	error = ask_state(r, f, &seen, unstored_sql, 0);
	if (error == 0 && answer_rows(&seen) > 0)
		answer_note(a, "only flagged flows are listed: there were others in order, of "
			       "which this store has sums alone (store: {flows: all} keeps each)");
	answer_fini(&seen);
	return error;
}

int ask_flows(struct store_reader *r, const struct store_filter *f, struct answer_table *a)
{
	struct reading reading = {.reader = r, .answer = a};
	int error = database_prepare(
		&r->state, &reading.id, "SELECT id FROM finding WHERE substr(id, -16) = ?1");

	answer_begin(a, column, sizeof(column) / sizeof(column[0]));
	if (error == 0)
		error = store_reader_segments(r, f, a, read_segment, &reading);
	database_finalize(&reading.id);
	return error == 0 ? tell_unstored(r, f, a) : error;
}
