#include "report/whatif.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/literal.h"
#include "policy/ruleset.h"
#include "protocol.h"
#include "store/questions.h"

static const struct answer_column column[] = {
	{"appliance", ANSWER_TEXT, false},
	{"direction", ANSWER_TEXT, false},
	{"port", ANSWER_TEXT, false},
	{"peer", ANSWER_TEXT, false},
	{"was", ANSWER_TEXT, false},
	{"would_be", ANSWER_TEXT, false},
	{"flows", ANSWER_NUMBER, false},
	{"last", ANSWER_TIME, false},
};

enum { APPLIANCE, DIRECTION, PORT, PEER, VERDICT, FLOWS, LAST };

/* A rule's id is role/direction/port/transport, and a feature where several share the port. */
static const char sql[] =
	"SELECT e.appliance, e.direction, substr(e.rule, length(e.role || e.direction) + 3), "
	"p.peer,"
	" e.verdict, p.flows, p.last_ns FROM peer p JOIN endpoint e ON e.id = p.endpoint"
	" WHERE e.rule != '' AND p.last_ns >= ?1 AND p.first_ns <= ?2"
	" AND (?3 IS NULL OR e.appliance = ?3)"
	" UNION ALL SELECT appliance, direction, port, peer, verdict, flows, last_ns FROM finding"
	" WHERE family = 'flow' AND verdict IN ('unexpected-port', 'unexpected-protocol')"
	" AND state != 'withdrawn' AND last_ns >= ?1 AND first_ns <= ?2"
	" AND (?3 IS NULL OR appliance = ?3) ORDER BY 1, 2, 3, 4";

static uint16_t appliance_called(const struct ruleset *c, const char *name)
{
	for (size_t i = 0; i < c->appliances; i++)
		if (strcmp(c->appliance[i].name, name) == 0)
			return (uint16_t)i;
	return APPLIANCE_NONE;
}

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

/* The verdict of the appliance's end; NULL: the other policy does not have it, or the peer is none
 * of one host. */
static const char *judge(const struct ruleset *c, struct sqlite3_stmt *s)
{
	unsigned end = strcmp(row_text(s, DIRECTION), "outbound") != 0;
	uint16_t appliance = appliance_called(c, row_text(s, APPLIANCE));
	struct flow_tuple f;
	unsigned version;

	memset(&f, 0, sizeof(f));
	version = literal_address(row_text(s, PEER), &f.address[1 - end]);
	if (appliance == APPLIANCE_NONE || !version || !read_port(row_text(s, PORT), &f))
		return NULL;
	f.version = (uint8_t)version;
	f.port[0] = 49152; /* any: a client's */
	f.appliance[end] = appliance;
	f.appliance[1 - end] = inventory_find(c->policy->inventory, &f.address[1 - end], f.version);
	own_address(&c->appliance[appliance], version, &f.address[end]);
	return verdict_name((enum verdict)policy_judge(c->policy, &f).end_verdict[end]);
}

/* What was spoken makes a verdict graver, and is not known to a policy alone. */
static bool changes(const char *was, const char *would_be)
{
	return strcmp(was, would_be) != 0 &&
	       !(strcmp(was, "wrong-service") == 0 && strcmp(would_be, "expected") == 0);
}

static void put_row(struct answer_table *a, struct sqlite3_stmt *s, const char *would_be)
{
	for (int i = APPLIANCE; i <= VERDICT; i++)
		answer_text(a, row_text(s, i));
	answer_text(a, would_be);
	answer_number(a, row_number(s, FLOWS));
	answer_number(a, row_number(s, LAST));
}

int whatif_ask(struct store_reader *r, const struct store_filter *f, const struct ruleset *c,
	struct answer_table *a)
{
	struct sqlite3_stmt *s = NULL;
	unsigned unknown = 0, judged = 0;
	int got = database_prepare(&r->state, &s, sql);

	answer_begin(a, column, sizeof(column) / sizeof(column[0]));
	if (got == 0) {
		bind_number(s, 1, (int64_t)f->since_ns);
		bind_number(s, 2, (int64_t)f->until_ns);
		bind_text(s, 3, f->appliance);
	}
	while (got >= 0 && (got = database_row(&r->state, s)) > 0) {
		const char *would_be = judge(c, s);
		judged += would_be != NULL;
		unknown += would_be == NULL;
		if (would_be && changes(row_text(s, VERDICT), would_be) && answer_wants(a))
			put_row(a, s, would_be);
	}
	database_finalize(&s);
	answer_note(a,
		"%u rows of appliance, port and peer were judged by %s; what was spoken was not",
		judged, c->name);
	if (unknown)
		answer_note(a, "%u could not be: scans, or appliances that the draft does not have",
			unknown);
	return got < 0 ? got : a->error;
}
