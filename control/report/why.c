#include "report/why.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/format.h"
#include "base/plain_text.h"
#include "base/terminal.h"
#include "report/answer_print.h"
#include "store/coverage.h"
#include "store/store_reader.h"

#define TEXT_BYTES 1024
#define HOUR_NS 3600000000000ull

enum {
	ID,
	FAMILY,
	STATE,
	REASON,
	SEVERITY,
	FIRST,
	LAST,
	APPLIANCE,
	PEER,
	DIRECTION,
	PORT,
	VERDICT,
	CONNECTION,
	RULE,
	FLOWS,
	MEMBERS,
	INCONCLUSIVE,
	MESSAGE,
	POLICY,
	DOCUMENT,
	PACKETS,
	BYTES,
	SAME_BEGINNING
};

#define FINDING_COLUMNS                                                                            \
	"id, family, state, reason, severity, first_ns, last_ns, appliance, peer, direction,"      \
	" port, verdict, connection, rule, flows, members, inconclusive, message, policy, "        \
	"document, packets, bytes"

struct why {
	struct store_reader *reader;
	struct sqlite3_stmt *finding; /* on its row */
	const struct terminal_style *style;
	FILE *out;
};

static const char *text(const struct why *w, int column)
{
	return row_text(w->finding, column);
}

static void when(uint64_t ns, char shown[TIME_TEXT_BYTES])
{
	format_time_short(ns, shown);
}

static void say(const struct why *w, const char *head, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void say(const struct why *w, const char *head, const char *format, ...)
{
	char line[TEXT_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	plain_text(line);
	fprintf(w->out, "%s%-12s%s%s\n", w->style->bold, head, w->style->plain, line);
}

static bool is_of_family(const struct why *w, const char *family)
{
	return strcmp(text(w, FAMILY), family) == 0;
}

/* --- what, who, when -------------------------------------------------------------------- */

static void say_what(const struct why *w)
{
	static const char *const word[] = {"not an alert", "LOW", "MEDIUM", "HIGH"};
	int64_t severity = row_number(w->finding, SEVERITY);

	say(w, "what", "%s, severity %s, %s%s%s%s%s", text(w, VERDICT),
		word[severity < 0 || severity > 3 ? 0 : severity], text(w, STATE),
		*text(w, REASON) ? ": " : "", text(w, REASON), *text(w, CONNECTION) ? "; " : "",
		text(w, CONNECTION));
	if (row_number(w->finding, INCONCLUSIVE))
		say(w, "", "inconclusive: the mirror was degraded");
}

static void say_who(const struct why *w)
{
	const char *port = text(w, PORT);

	if (!*port && !*text(w, APPLIANCE))
		say(w, "who", "no appliance: the whole site");
	else if (!*port)
		say(w, "who", "%s %s%s%s", text(w, APPLIANCE), text(w, RULE),
			*text(w, PEER) ? " with " : "", text(w, PEER));
	else
		say(w, "who", "%s %s %s %s %s", text(w, APPLIANCE), text(w, DIRECTION),
			strcmp(port, "several") == 0 ? "several ports" : port,
			strcmp(text(w, DIRECTION), "outbound") == 0 ? "to" : "from", text(w, PEER));
}

/* What was told of before its flows ended has no sums. */
static void say_how_often(const struct why *w)
{
	char flows[32], packets[32], bytes[32], carried[80] = "";
	int64_t members = row_number(w->finding, MEMBERS);

	format_number((uint64_t)row_number(w->finding, FLOWS), flows);
	format_number((uint64_t)row_number(w->finding, PACKETS), packets);
	format_bytes((uint64_t)row_number(w->finding, BYTES), bytes);
	if (row_number(w->finding, PACKETS))
		snprintf(carried, sizeof(carried), ", %s packets, %s", packets, bytes);
	if (members > 1)
		say(w, "how often", "%s flows, %lld ports or peers%s", flows, (long long)members,
			carried);
	else if (row_number(w->finding, FLOWS))
		say(w, "how often", "%s flow%s%s", flows, strcmp(flows, "1") == 0 ? "" : "s",
			carried);
}

static void say_when(const struct why *w)
{
	char first[TIME_TEXT_BYTES], last[TIME_TEXT_BYTES];

	when((uint64_t)row_number(w->finding, FIRST), first);
	when((uint64_t)row_number(w->finding, LAST), last);
	if (strcmp(first, last) == 0)
		say(w, "when", "%s UTC", first);
	else
		say(w, "when", "%s to %s UTC", first, last);
	say_how_often(w);
}

/* --- why, from the document of its gravest flow ----------------------------------------- */

static const char *member(const json_t *object, const char *path)
{
	char name[64];
	const char *at = path;

	while (object && *at) {
		size_t length = strcspn(at, ".");
		snprintf(name, sizeof(name), "%.*s", (int)length, at);
		object = json_object_get(object, name);
		at += length + (at[length] == '.');
	}
	return json_string_value(object) ? json_string_value(object) : "";
}

static void say_nearest(const struct why *w, const json_t *end)
{
	const json_t *nearest = json_object_get(end, "nearest"), *near, *word;
	char how[TEXT_BYTES];
	size_t i, k, used;

	json_array_foreach(nearest, i, near)
	{
		how[0] = '\0';
		used = 0;
		json_array_foreach(json_object_get(near, "differs"), k, word)
		{
			if (used < sizeof(how))
				used += (size_t)snprintf(how + used, sizeof(how) - used, "%s%s",
					k ? ", " : "",
					json_string_value(word) ? json_string_value(word) : "?");
		}
		say(w, i == 0 ? "near" : "", "%s (differs: %s)", member(near, "rule"), how);
	}
}

static void say_evidence(const struct why *w, const json_t *document)
{
	const char *basis = member(document, "portolan.initiator_basis");
	static const char *const guess[] = {"memory", "policy", "port", "first-packet", "syn-ack"};
	bool is_guess = false;

	for (size_t i = 0; i < sizeof(guess) / sizeof(guess[0]); i++)
		is_guess |= strcmp(basis, guess[i]) == 0;
	if (*basis)
		say(w, "who began", "%s started it: evidence %s%s", member(document, "source.ip"),
			basis, is_guess ? ", a guess" : ", seen");
	if (*member(document, "network.protocol"))
		say(w, "protocol", "%s (%s)", member(document, "network.protocol"),
			member(document, "portolan.service.basis"));
	if (*member(document, "threat.technique.id.0"))
		say(w, "technique", "%s", member(document, "threat.technique.id.0"));
}

static void say_why(const struct why *w, const json_t *document)
{
	const json_t *ends = json_object_get(json_object_get(document, "portolan"), "endpoints");
	const json_t *end;
	size_t i;

	say(w, "why", "%s", text(w, MESSAGE));
	json_array_foreach(ends, i, end)
	{
		if (*member(end, "interface"))
			say(w, "interface", "%s of %s", member(end, "interface"),
				member(end, "appliance"));
		say_nearest(w, end);
	}
	say_evidence(w, document);
}

/* --- is it new -------------------------------------------------------------------------- */

static struct sqlite3_stmt *ask(const struct why *w, const char *sql)
{
	struct sqlite3_stmt *s = NULL;

	if (database_prepare(&w->reader->state, &s, sql) < 0)
		return NULL;
	bind_text(s, 1, text(w, ID));
	bind_text(s, 2, text(w, APPLIANCE));
	bind_text(s, 3, text(w, PEER));
	bind_text(s, 4, text(w, POLICY));
	bind_number(s, 5, row_number(w->finding, FIRST));
	return s;
}

static void say_new(const struct why *w)
{
	struct sqlite3_stmt *s =
		ask(w, "SELECT min(p.first_ns), count(*), sum(p.flows), sum(e.rule != '')"
		       " FROM peer p JOIN endpoint e ON e.id = p.endpoint"
		       " WHERE e.appliance = ?2 AND p.peer = ?3");
	uint64_t first_ns = (uint64_t)row_number(w->finding, FIRST), seen_ns;
	char seen[TIME_TEXT_BYTES], began[TIME_TEXT_BYTES];

	when(w->reader->first_ns, began);
	if (*text(w, PEER) && s && database_row(&w->reader->state, s) > 0 && row_number(s, 0)) {
		seen_ns = (uint64_t)row_number(s, 0);
		when(seen_ns, seen);
		if (seen_ns < first_ns)
			say(w, "new", "the port is; this peer has been seen with %s since %s",
				text(w, APPLIANCE), seen);
		else
			say(w, "new",
				"yes: this peer was not seen with %s before (the store begins %s)",
				text(w, APPLIANCE), began);
	}
	database_finalize(&s);
}

/* --- its life, notes, packets ------------------------------------------------------------ */

static void say_life(const struct why *w)
{
	struct sqlite3_stmt *s = ask(w, "SELECT at_ns, state, flows FROM finding_told WHERE "
					"finding = ?1 ORDER BY at_ns LIMIT 20");
	char at[TIME_TEXT_BYTES];
	bool is_first = true;

	while (s && database_row(&w->reader->state, s) > 0) {
		long long flows = row_number(s, 2);

		when((uint64_t)row_number(s, 0), at);
		if (flows > 0)
			say(w, is_first ? "told" : "", "%s  %s, %lld flow%s", at, row_text(s, 1),
				flows, flows == 1 ? "" : "s");
		else
			say(w, is_first ? "told" : "", "%s  %s", at, row_text(s, 1));
		is_first = false;
	}
	database_finalize(&s);
}

static void say_notes(const struct why *w)
{
	struct sqlite3_stmt *s = ask(w,
		"SELECT at_ns, author, text FROM note WHERE finding = ?1 UNION ALL"
		" SELECT at_ns, author, 'acknowledged' FROM acknowledgement WHERE finding = ?1"
		" ORDER BY 1");
	char at[TIME_TEXT_BYTES];

	while (s && database_row(&w->reader->state, s) > 0) {
		when((uint64_t)row_number(s, 0), at);
		say(w, "note", "%s  %s: %s", at, row_text(s, 1), row_text(s, 2));
	}
	database_finalize(&s);
}

static void say_packets(const struct why *w)
{
	struct sqlite3_stmt *s = ask(
		w, "SELECT file, packets, bytes FROM evidence WHERE finding = ?1 ORDER BY file");
	unsigned files = 0;

	while (s && database_row(&w->reader->state, s) > 0) {
		say(w, files++ ? "" : "packets",
			"%lld in %s: portolan triage pcap %s --store %s --output FILE",
			(long long)row_number(s, 1), row_text(s, 0), text(w, ID),
			w->reader->folder);
	}
	if (!files)
		say(w, "packets", "%s",
			is_of_family(w, "relation")
				? "none of its own: it is told from several flows, or from missing "
				  "ones"
			: is_of_family(w, "baseline")
				? "none are kept of flows that are in order"
				: "none were kept: evidence was off, or has made room since");
	database_finalize(&s);
}

/* --- policy, and what would document it -------------------------------------------------- */

static void say_policy(const struct why *w, const json_t *document)
{
	const char *profile = member(document, "portolan.profile");

	say(w, "policy", "%.19s%s%s", text(w, POLICY), *profile ? ", profile " : "", profile);
}

/* The number and transport of `443/tcp`. */
static void split_port(const char *port, char number[16], char transport[16])
{
	const char *slash = strchr(port, '/');

	snprintf(number, 16, "%.*s", (int)(slash ? slash - port : 0), port);
	snprintf(transport, 16, "%s", slash ? slash + 1 : "");
}

static const json_t *judged_end(const struct why *w, const json_t *document)
{
	const json_t *ends = json_object_get(json_object_get(document, "portolan"), "endpoints");
	const json_t *end;
	size_t i;

	json_array_foreach(ends, i, end)
	{
		if (strcmp(member(end, "verdict"), text(w, VERDICT)) == 0)
			return end;
	}
	return json_array_get(ends, 0);
}

/* Where no line of the site documents it. */
static const char *advice(const struct why *w)
{
	static const struct {
		const char *verdict, *text;
	} advices[] = {
		{"enabled-feature-silent",
			"features: {NAME: {enabled: false}}, if this deployment does not use it"},
		{"disabled-feature-in-use",
			"features: {NAME: {enabled: true}}, if it is to be used"},
		{"fell-silent", "none: find out why it stopped"},
		{"quiet-row", "none: find out why it stopped"},
		{"appliance-not-seen", "none: is it down, or does the mirror not show it?"},
		{"new-peer", "none is needed: the port is documented; is this peer known?"},
		{"regular-connections",
			"none is needed: the port is documented; is this peer known?"},
	};

	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		if (strcmp(text(w, VERDICT), advices[i].verdict) == 0)
			return advices[i].text;
	return *text(w, PEER) ? "none would: look at the two hosts"
			      : "none would: look at the appliance";
}

/* The line of the site that would make it expected, if a person decides that it is. */
static void say_line(const struct why *w, const json_t *document)
{
	const json_t *end = judged_end(w, document);
	const char *verdict = text(w, VERDICT);
	const char *feature =
		json_string_value(json_array_get(json_object_get(end, "features"), 0));
	char number[16], transport[16];

	split_port(text(w, PORT), number, transport);
	if (strcmp(verdict, "unexpected-port") == 0 && *number)
		say(w, "site line",
			"extra_rules: [{role: %s, direction: %s, port: %s, transport: %s, "
			"feature: NAME, description: WHY}]",
			member(end, "role"), member(end, "direction"), number, transport);
	else if (strcmp(verdict, "feature-disabled") == 0 && feature)
		say(w, "site line", "features: {%s: {enabled: true}}", feature);
	else if (strcmp(verdict, "peer-not-allowed") == 0 && feature &&
		 strcmp(feature, "appliance-communications") == 0)
		say(w, "site line", "appliances: an entry with the address %s", text(w, PEER));
	else if (strcmp(verdict, "peer-not-allowed") == 0 && feature)
		say(w, "site line", "features: {%s: {peers: [%s]}}", feature, text(w, PEER));
	else if (strcmp(verdict, "unexpected-protocol") == 0)
		say(w, "site line", "protocols: {not_covered: [%s]}", text(w, PORT));
	else
		say(w, "site line", "%s", advice(w));
}

/* --- trust ------------------------------------------------------------------------------ */

static int say_trust(const struct why *w)
{
	uint64_t first_ns = (uint64_t)row_number(w->finding, FIRST);
	uint64_t last_ns = (uint64_t)row_number(w->finding, LAST) + HOUR_NS;
	struct coverage c;
	int error;

	first_ns = first_ns > HOUR_NS ? first_ns - HOUR_NS : 0;
	first_ns = first_ns > w->reader->first_ns ? first_ns : w->reader->first_ns;
	last_ns = last_ns < w->reader->now_ns ? last_ns : w->reader->now_ns;
	error = coverage_read(w->reader, first_ns, last_ns, &c);
	if (error == 0)
		coverage_print(&c, "trust       ", w->style, w->out);
	return error;
}

/* Of findings that are not of flows, no flow has the id. */
static void say_next(const struct why *w)
{
	bool is_of_flows = *text(w, PORT) != '\0';
	const char *folder = w->reader->folder;

	if (is_of_flows)
		say(w, "next", "portolan triage flows %s --store %s", text(w, ID), folder);
	else if (*text(w, APPLIANCE))
		say(w, "next", "portolan triage timeline --appliance %s --store %s",
			text(w, APPLIANCE), folder);
	else
		say(w, "next", "portolan triage matrix --store %s", folder);
	if (*text(w, PEER) && strcmp(text(w, PEER), "several") != 0)
		say(w, "", "portolan triage findings --peer %s --store %s", text(w, PEER), folder);
}

/* --- all of it ---------------------------------------------------------------------------- */

static int open_finding(struct store_reader *r, const char *id, struct sqlite3_stmt **s)
{
	int got = database_prepare(&r->state, s,
		"SELECT " FINDING_COLUMNS ", (SELECT count(*) FROM finding WHERE"
		" substr(id, 1, length(?1)) = ?1) FROM finding WHERE substr(id, 1, length(?1)) = ?1"
		" ORDER BY id != ?1 LIMIT 1");

	if (got < 0)
		return got;
	bind_text(*s, 1, id);
	got = database_row(&r->state, *s);
	if (got == 0)
		return -ENOENT;
	if (got > 0 && row_number(*s, SAME_BEGINNING) > 1 && strcmp(row_text(*s, ID), id) != 0)
		return -EEXIST;
	return got < 0 ? got : 0;
}

int why_find(struct store_reader *r, const char *id, char whole[WHY_ID_BYTES])
{
	struct sqlite3_stmt *s = NULL;
	int error = open_finding(r, id, &s);

	if (error == 0)
		snprintf(whole, WHY_ID_BYTES, "%s", row_text(s, ID));
	database_finalize(&s);
	return error;
}

int why_print(struct store_reader *r, const char *id, const struct terminal_style *style, FILE *out)
{
	struct why w = {.reader = r, .style = style, .out = out};
	json_t *document = NULL;
	int error = open_finding(r, id, &w.finding);

	if (error == 0) {
		document = json_loads(text(&w, DOCUMENT), 0, NULL);
		fprintf(out, "%sfinding %s%s\n", style->bold, text(&w, ID), style->plain);
		say_what(&w);
		say_who(&w);
		say_when(&w);
		say_why(&w, document);
		say_new(&w);
		say_packets(&w);
		say_policy(&w, document);
		say_line(&w, document);
		say_life(&w);
		say_notes(&w);
		error = say_trust(&w);
		say_next(&w);
	}
	json_decref(document);
	database_finalize(&w.finding);
	return error;
}
