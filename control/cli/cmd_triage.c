/* `portolan triage`: questions to the event store (DESIGN 12). */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/errors.h"
#include "base/fold.h"
#include "base/heap.h"
#include "base/literal.h"
#include "base/suggest.h"
#include "base/terminal.h"
#include "base/when.h"
#include "cli/cli.h"
#include "config/settings.h"
#include "policy/ruleset.h"
#include "report/answer_print.h"
#include "report/store_report.h"
#include "report/whatif.h"
#include "report/why.h"
#include "sink/evidence_reader.h"
#include "store/coverage.h"
#include "store/filter_check.h"
#include "store/notes.h"
#include "store/questions.h"

enum {
	STORE,
	SITE,
	SINCE,
	UNTIL,
	AT,
	APPLIANCE,
	PEER,
	PORT,
	VERDICT,
	STATE,
	OUTSIDE,
	LIMIT,
	FORMAT,
	DEADLINE,
	EVIDENCE,
	OUTPUT
};

static const struct cli_option options[] = {
	[STORE] = {"store", "DIR", "the event store (else the one of --site)", NULL},
	[SITE] = {"site", "FILE", "the deployment, whose store is asked; whatif: the draft", NULL},
	[SINCE] = {"since", "TIME",
		"from then on: 2h, 02:00, yesterday, 2026-03-02T06:00:00Z (UTC)", NULL},
	[UNTIL] = {"until", "TIME", "up to then", NULL},
	[AT] = {"at", "TIME", "channels: as they stood then", NULL},
	[APPLIANCE] = {"appliance", "NAME", "of this appliance only", NULL},
	[PEER] = {"peer", "ADDRESS", "with this peer or network only", NULL},
	[PORT] = {"port", "PORT", "on this responder's port only, such as 443/tcp", NULL},
	[VERDICT] = {"verdict", "VERDICT", "with this verdict only", NULL},
	[STATE] = {"state", "STATE",
		"findings: new, raised, repeated, scan, withdrawn, ended, open, acknowledged; "
		"matrix: never, used, violated",
		"new|raised|repeated|scan|withdrawn|ended|open|acknowledged|never|used|violated"},
	[OUTSIDE] = {"outside", "NETWORK", "peers outside of this network only", NULL},
	[LIMIT] = {"limit", "N", "so many rows at most; 0: all (100)", NULL},
	[FORMAT] = {"format", "FORMAT",
		"table, json, csv or markdown (table); timeline: html too, a page for a ticket",
		"table|json|csv|markdown|html"},
	[DEADLINE] = {"deadline", "TIME", "give what was read after this time (10s)", NULL},
	[EVIDENCE] = {"evidence", "DIR", "pcap: the folder of packets (as the store says)", NULL},
	[OUTPUT] = {"output", "FILE", "pcap: where to (standard output)", NULL},
	{0},
};

struct triage {
	const struct cli_request *request;
	const char *folder;
	struct settings *settings; /* of --site */
	struct ruleset *ruleset;
	struct store_reader reader;
	struct store_filter filter;
	struct prefix peers, outside;
	uint64_t deadline_ns;
	size_t limit;
	enum answer_format format;
	bool is_page;		    /* --format html */
	char finding[WHY_ID_BYTES]; /* whole id of the one that is asked about */
};

/* ---- what is asked for ---- */

static int fail(const struct triage *t, int error)
{
	const char *why = t->reader.state.why;

	errors_say("triage: %s: %s", t->folder,
		error == -ENOMEM ? "no more memory"
		: *why		 ? why
				 : strerror(-error));
	return EXIT_FAILED;
}

static int find_folder(struct triage *t)
{
	const struct cli_request *r = t->request;

	t->folder = r->value[STORE];
	if (r->value[SITE]) {
		t->ruleset = cli_ruleset(r->value[SITE], NULL, &t->settings);
		if (!t->ruleset)
			return EXIT_MISUSED;
	}
	if (!t->folder && t->ruleset) {
		t->folder = t->settings->store.path;
		if (!t->folder)
			return cli_misuse("triage", "%s has no store: {path: DIR}", r->value[SITE]);
	}
	return t->folder ? EXIT_DONE
			 : cli_misuse("triage", "no store given: --store DIR or --site FILE");
}

static int read_time(const struct triage *t, int option, uint64_t otherwise_ns, uint64_t *time_ns)
{
	const char *text = t->request->value[option];

	*time_ns = otherwise_ns;
	if (!text || when_read(text, t->reader.now_ns, time_ns) == 0)
		return EXIT_DONE;
	return cli_misuse(
		"triage", "--%s: found '%s'; want %s", options[option].name, text, WHEN_WANT);
}

static int read_prefix(const struct triage *t, int option, struct prefix *p)
{
	const char *text = t->request->value[option];

	if (!text)
		return EXIT_DONE;
	if (literal_prefix(text, p) != 0)
		return cli_misuse("triage",
			"--%s: found '%s'; want an address or a network such as "
			"10.1.0.0/16",
			options[option].name, text);
	return EXIT_DONE;
}

static int read_window(struct triage *t)
{
	struct store_filter *f = &t->filter;
	int status = read_time(t, SINCE, t->reader.first_ns, &f->since_ns);

	if (status == EXIT_DONE)
		status = read_time(t, UNTIL, t->reader.now_ns, &f->until_ns);
	if (status == EXIT_DONE)
		status = read_time(t, AT, 0, &f->at_ns);
	if (status == EXIT_DONE && f->since_ns > f->until_ns)
		status = cli_misuse("triage", "--since is later than --until");
	return status;
}

/* Names that this store does not know would find nothing, which would read as if all were well. */
static int check_names(struct triage *t)
{
	char why[FILTER_CHECK_BYTES];
	int error = filter_check(&t->reader, &t->filter, why);

	if (error == -EINVAL)
		return cli_misuse("triage", "%s", why);
	return error < 0 ? fail(t, error) : EXIT_DONE;
}

static bool has_word(const char *words_with_blanks, const char *word)
{
	size_t length = strlen(word);

	for (const char *w = words_with_blanks; *w; w += strspn(w, " ")) {
		size_t bytes = strcspn(w, " ");

		if (bytes == length && memcmp(w, word, length) == 0)
			return true;
		w += bytes;
	}
	return false;
}

/* A filter that a question does not look at would make its answer say more than it does. */
static int check_filters(const struct triage *t, const char *name, const char *filters)
{
	static const int filter[] = {AT, APPLIANCE, PEER, PORT, VERDICT, STATE, OUTSIDE};
	const char *state = t->request->value[STATE];
	bool is_of_matrix = state && has_word("never used violated", state);

	for (size_t i = 0; i < sizeof(filter) / sizeof(filter[0]); i++)
		if (t->request->value[filter[i]] && !has_word(filters, options[filter[i]].name))
			return cli_misuse("triage", "%s does not look at --%s", name,
				options[filter[i]].name);
	if (state && is_of_matrix != (strcmp(name, "matrix") == 0))
		return cli_misuse("triage", "%s: --state %s is of %s", name, state,
			is_of_matrix ? "matrix" : "findings");
	return EXIT_DONE;
}

static int read_filter(struct triage *t)
{
	const struct cli_request *r = t->request;
	struct store_filter *f = &t->filter;
	int status = read_window(t);

	f->appliance = r->value[APPLIANCE];
	f->peer = r->value[PEER];
	f->port = r->value[PORT];
	f->verdict = r->value[VERDICT];
	f->state = r->value[STATE];
	if (status == EXIT_DONE)
		status = read_prefix(t, PEER, &t->peers);
	if (status == EXIT_DONE)
		status = read_prefix(t, OUTSIDE, &t->outside);
	f->peers = r->value[PEER] ? &t->peers : NULL;
	f->outside = &t->outside;
	f->outsides = r->value[OUTSIDE] ? 1 : 0;
	return status;
}

static int read_form(struct triage *t)
{
	static const char *const format[] = {"table", "json", "csv", "markdown"};
	const struct cli_request *r = t->request;
	const char *deadline = r->value[DEADLINE] ? r->value[DEADLINE] : "10s";
	long limit = 100;
	uint64_t ns = 0;

	if (r->value[LIMIT])
		limit = cli_number("triage", "limit", r->value[LIMIT], 0, 1000000000);
	if (limit < 0)
		return EXIT_MISUSED;
	t->limit = (size_t)limit;
	if (literal_duration_ns(deadline, &ns) < 0)
		return cli_misuse(
			"triage", "--deadline: found '%s'; want a duration such as 30s", deadline);
	t->deadline_ns = ns ? clock_steady_ns() + ns : 0;
	for (unsigned i = 0; r->value[FORMAT] && i < 4; i++)
		if (strcmp(r->value[FORMAT], format[i]) == 0)
			t->format = (enum answer_format)i;
	t->is_page = r->value[FORMAT] && strcmp(r->value[FORMAT], "html") == 0;
	return EXIT_DONE;
}

static int open_store(struct triage *t)
{
	if (store_reader_open(&t->reader, t->folder, t->deadline_ns) == 0)
		return EXIT_DONE;
	errors_say("triage: %s: %s", t->folder, t->reader.why);
	return EXIT_FAILED;
}

/* ---- tables ---- */

/* The report of the window, for a ticket. */
static int answer_page(struct triage *t)
{
	struct buffer page = {.length = 0};
	int error = store_report_write(&page, &t->reader, &t->filter);

	if (error == 0)
		fwrite(page.text, 1, page.length, stdout);
	buffer_fini(&page);
	return error < 0 ? fail(t, error) : cli_flush("triage");
}

/* `q` NULL: what the site would make of it. */
static int answer_question(struct triage *t, const struct question *q)
{
	struct terminal_style st =
		terminal_style_of(t->format == ANSWER_AS_TABLE && terminal_wants_colour(stdout));
	struct answer_table a = {.limit = t->limit};
	FILE *folded = t->format == ANSWER_AS_TABLE ? fold_open_terminal(stdout) : NULL;
	FILE *out = folded ? folded : stdout;
	struct coverage c;
	int error = q ? q->ask(&t->reader, &t->filter, &a)
		      : whatif_ask(&t->reader, &t->filter, t->ruleset, &a);

	t->reader.deadline_ns = 0; /* what is known is told */
	if (error == 0)
		error = coverage_read(&t->reader, t->filter.since_ns, t->filter.until_ns, &c);
	if (error == 0)
		error = answer_print(&a, &c, t->format, &st, fold_columns(stdout), out);
	answer_fini(&a);
	if (out != stdout)
		fclose(out);
	return error < 0 ? fail(t, error) : cli_flush("triage");
}

/* ---- questions about one finding ---- */

static int not_found(const struct triage *t, const char *id, int error)
{
	if (error == -ENOENT)
		errors_say("triage: %s has no finding '%s'; portolan triage findings lists them",
			t->folder, id);
	else if (error == -EEXIST)
		errors_say("triage: more than one finding begins with '%s'", id);
	else
		return fail(t, error);
	return EXIT_FAILED;
}

static int answer_why(struct triage *t, const char *id)
{
	struct cli_text text = cli_text_open();
	int error = why_print(&t->reader, id, &text.style, text.out);

	cli_text_close(&text);
	return error < 0 ? not_found(t, id, error) : cli_flush("triage");
}

static const char *author(void)
{
	const char *name = getlogin();

	name = name ? name : getenv("SUDO_USER");
	name = name ? name : getenv("USER");
	return name ? name : "unknown";
}

/* `text` NULL: an acknowledgement. */
static int write_down(struct triage *t, const char *id, const char *text)
{
	char whole[WHY_ID_BYTES], why[DATABASE_WHY_BYTES];
	int error = why_find(&t->reader, id, whole);

	if (error < 0)
		return not_found(t, id, error);
	error = note_write(t->folder, &(struct note){whole, author(), text, clock_wall_ns()}, why);
	if (error < 0) {
		errors_say("triage: %s: %s", t->folder, why);
		return EXIT_FAILED;
	}
	printf("%s %s\n", whole, text ? "noted" : "acknowledged");
	return cli_flush("triage");
}

/* ---- packets ---- */

/* The folder that the store names for a finding; the caller frees it. */
static char *evidence_folder_of(struct triage *t, const char *id)
{
	struct sqlite3_stmt *s = NULL;
	char *folder = NULL, *slash;

	if (t->request->value[EVIDENCE])
		return strdup(t->request->value[EVIDENCE]);
	if (database_prepare(&t->reader.state, &s,
		    "SELECT file FROM evidence WHERE finding = ?1 ORDER BY file LIMIT 1") < 0)
		return NULL;
	bind_text(s, 1, id);
	if (database_row(&t->reader.state, s) > 0)
		folder = strdup(row_text(s, 0));
	database_finalize(&s);
	slash = folder ? strrchr(folder, '/') : NULL;
	if (slash)
		*slash = '\0';
	return folder;
}

static int extract(const struct triage *t, const char *folder, const char *id)
{
	const char *path = t->request->value[OUTPUT];
	FILE *out = path ? fopen(path, "wbx") : stdout;
	struct evidence_extracted result;
	int error;

	if (!out) {
		errors_say("%s: %s", path, strerror(errno));
		return EXIT_FAILED;
	}
	error = evidence_extract(folder, id, out, &result);
	if (path && fclose(out) != 0 && error == 0)
		error = -errno;
	if (error < 0 && path)
		unlink(path);
	if (*result.reason)
		errors_say("triage: %s", result.reason);
	if (error == -ENOENT)
		errors_say("triage: %s has no packets of %s any more", folder, id);
	else if (error < 0)
		errors_say("triage: %s: %s", folder, strerror(-error));
	else
		errors_say("triage: %llu packets of %s", (unsigned long long)result.packets, id);
	return error < 0 ? EXIT_FAILED : EXIT_DONE;
}

static int answer_pcap(struct triage *t, const char *id)
{
	char whole[WHY_ID_BYTES];
	int error = why_find(&t->reader, id, whole), status;
	char *folder;

	if (error < 0)
		return not_found(t, id, error);
	if (!t->request->value[OUTPUT] && isatty(STDOUT_FILENO))
		return cli_misuse("triage", "pcap: packets are not for a terminal: --output FILE");
	folder = evidence_folder_of(t, whole);
	if (!folder) {
		errors_say("triage: no packets of %s were kept", whole);
		return EXIT_FAILED;
	}
	status = extract(t, folder, whole);
	free(folder);
	return status == EXIT_DONE ? cli_flush("triage") : status;
}

/* All words behind the id are the note. */
static int answer_note_of(struct triage *t)
{
	const struct cli_request *r = t->request;
	char text[2000] = "";
	size_t used = 0;

	for (size_t i = 2; i < r->arguments && used < sizeof(text); i++)
		used += (size_t)snprintf(
			text + used, sizeof(text) - used, "%s%s", i > 2 ? " " : "", r->argument[i]);
	if (!*text)
		return cli_misuse("triage", "note: want an id and a text");
	return write_down(t, r->argument[1], text);
}

/* Flows of a finding: its id may stand for the filters. */
static int take_finding(struct triage *t)
{
	const char *id = t->request->argument[1];
	int error = why_find(&t->reader, id, t->finding);

	t->filter.finding = t->finding;
	return error < 0 ? not_found(t, id, error) : EXIT_DONE;
}

/* What is no table: of one finding, or with another policy. */
#define WHATIF_FILTERS "appliance peer port verdict"
#define OTHER_QUESTION_LIST(X)                                                                     \
	X(why, "what is known of one finding, as a colleague would write it down", " ID", "")      \
	X(pcap, "the packets of a finding, where they were kept", " ID", "")                       \
	X(whatif, "what another --site would have said of what was seen", "", WHATIF_FILTERS)      \
	X(note, "writes down what you found out", " ID TEXT", "")                                  \
	X(ack, "says that somebody has looked at it", " ID", "")

#define QUESTION_WORD(name, what, argument, filters) {#name, &argument[sizeof(argument) > 1], what},
static const struct cli_word words[] = {
	QUESTION_LIST(QUESTION_WORD) OTHER_QUESTION_LIST(QUESTION_WORD){NULL, NULL, NULL}};

static int answer_whatif(struct triage *t)
{
	int status = check_filters(t, "whatif", WHATIF_FILTERS);

	if (status == EXIT_DONE && !t->ruleset)
		status = cli_misuse("triage", "whatif: want the draft: --site FILE");
	if (status == EXIT_DONE)
		status = check_names(t);
	return status == EXIT_DONE ? answer_question(t, NULL) : status;
}

/* The argument: a finding's id instead of filters, or the appliance that `reached` is about. */
static int ask(struct triage *t, const struct question *q, const char *argument)
{
	int status = check_filters(t, q->name, q->filters);
	bool takes_id = strcmp(q->name, "flows") == 0 || strcmp(q->name, "findings") == 0;

	if (status != EXIT_DONE)
		return status;
	if (t->is_page && strcmp(q->name, "timeline") != 0)
		return cli_misuse("triage", "%s: --format html is for timeline", q->name);
	if (argument && takes_id)
		status = take_finding(t);
	else if (argument && *q->argument)
		t->filter.appliance = argument;
	else if (argument)
		return cli_misuse("triage", "%s: unexpected argument '%s'", q->name, argument);
	if (status == EXIT_DONE)
		status = check_names(t);
	if (status != EXIT_DONE)
		return status;
	return t->is_page ? answer_page(t) : answer_question(t, q);
}

static int misuse_question(const char *name)
{
	const char *known[32];
	char want[SUGGEST_TEXT_BYTES];
	size_t count = 0;

	for (const struct cli_word *w = words; w->name && count < 32; w++)
		known[count++] = w->name;
	suggest_want(name, known, count, want);
	return cli_misuse("triage", "unknown question '%s'; want %s", name, want);
}

static int answer(struct triage *t)
{
	const struct cli_request *r = t->request;
	const char *name = r->argument[0], *argument = r->arguments > 1 ? r->argument[1] : NULL;

	if (strcmp(name, "why") == 0)
		return argument ? answer_why(t, argument) : cli_misuse("triage", "why: want an id");
	if (strcmp(name, "whatif") == 0)
		return answer_whatif(t);
	if (strcmp(name, "pcap") == 0)
		return argument ? answer_pcap(t, argument)
				: cli_misuse("triage", "pcap: want an id");
	if (strcmp(name, "ack") == 0)
		return argument ? write_down(t, argument, NULL)
				: cli_misuse("triage", "ack: want an id");
	if (strcmp(name, "note") == 0)
		return answer_note_of(t);
	for (const struct question *q = questions; q->name; q++)
		if (strcmp(q->name, name) == 0)
			return ask(t, q, argument);
	return misuse_question(name);
}

static int run(const struct cli_request *r)
{
	struct triage t = {.request = r};
	int status = find_folder(&t);

	if (status == EXIT_DONE)
		status = read_form(&t);
	if (status == EXIT_DONE)
		status = open_store(&t);
	if (status == EXIT_DONE) {
		status = read_filter(&t);
		if (status == EXIT_DONE)
			status = answer(&t);
		store_reader_close(&t.reader);
	}
	ruleset_close(t.ruleset);
	settings_free(t.settings);
	return status;
}

#define QUESTION_HELP(name, what, argument, filters) "  " #name argument ": " what "\n"

const struct cli_command cli_triage = {
	.name = "triage",
	.summary = "ask the event store what happened, and what could not be seen",
	.arguments = "QUESTION [ARGUMENT…]",
	.arguments_min = 1,
	.arguments_max = SIZE_MAX,
	.description =
		"Answers from what a sensor (site: store) or `replay --store` has remembered, "
		"with\n"
		"or without a running sensor. Every answer ends with what could not be seen in "
		"its\n"
		"window. Questions:\n" QUESTION_LIST(QUESTION_HELP) OTHER_QUESTION_LIST(
			QUESTION_HELP) "findings and flows take an ID, too.\n"
				       "Times are UTC; 2h is counted from the end of the store, or "
				       "from now beside a\n"
				       "running sensor. Examples:\n"
				       "  portolan triage findings --store DIR --since 02:00 "
				       "--until "
				       "04:00\n"
				       "  portolan triage channels --store DIR --at yesterday\n"
				       "  portolan triage new --store DIR --since 7d --format json",
	.options = options,
	.words = words,
	.run = run,
};
