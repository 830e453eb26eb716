#include "report/store_report.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "report/html_report.h"
#include "report/report_model.h"
#include "store/channel_bands.h"
#include "store/coverage.h"
#include "store/questions.h"
#include "store/store_schema.h"

#ifndef PORTOLAN_VERSION
#define PORTOLAN_VERSION "unknown"
#endif

#define FINDINGS_SHOWN 20000
#define TALKERS_SHOWN 60
#define BUCKETS_MAX 168

/* While the model is filled: all of its memory is the arena's. */
struct filling {
	struct arena *memory;
	struct store_reader *reader;
	const struct store_filter *filter;
	struct coverage coverage;
	struct report_model model;
	int error;
};

static struct sqlite3_stmt *ask(struct filling *f, const char *sql)
{
	struct sqlite3_stmt *s = NULL;
	int error = database_prepare(&f->reader->state, &s, sql);

	if (error < 0) {
		f->error = error;
		return NULL;
	}
	bind_number(s, 1, (int64_t)f->filter->since_ns);
	bind_number(s, 2, (int64_t)f->filter->until_ns);
	bind_text(s, 3, f->filter->appliance);
	return s;
}

static bool next(struct filling *f, struct sqlite3_stmt *s)
{
	int got = s ? database_row(&f->reader->state, s) : 0;

	if (got < 0)
		f->error = got;
	return got > 0;
}

static size_t count(struct filling *f, const char *sql)
{
	struct sqlite3_stmt *s = ask(f, sql);
	size_t n = next(f, s) ? (size_t)row_number(s, 0) : 0;

	database_finalize(&s);
	return n;
}

static const char *keep(struct filling *f, struct sqlite3_stmt *s, int column)
{
	return row_is_null(s, column) ? NULL : arena_text(f->memory, row_text(s, column));
}

/* --- coverage --------------------------------------------------------------------------- */

/* What was read: captures, or interfaces. */
static void fill_title(struct filling *f)
{
	struct sqlite3_stmt *s =
		ask(f, "SELECT group_concat(title, ', ') FROM (SELECT DISTINCT title FROM run"
		       " WHERE began_ns <= ?2 AND seen_ns >= ?1 AND title IS NOT NULL LIMIT 5)");

	if (next(f, s))
		f->model.title = keep(f, s, 0);
	database_finalize(&s);
}

static void fill_coverage(struct filling *f)
{
	const struct coverage *c = &f->coverage;
	struct sqlite3_stmt *s =
		ask(f, "SELECT sum(one), sum(both) FROM sides WHERE minute_ns BETWEEN ?1 AND ?2");
	const char **reason = arena_alloc(f->memory, (c->reasons + 1) * sizeof(*reason));
	double one = 0, both = 0;

	for (unsigned i = 0; i < c->reasons; i++)
		reason[i] = arena_text(f->memory, c->reason[i]);
	if (next(f, s)) {
		one = (double)row_number(s, 0);
		both = (double)row_number(s, 1);
	}
	database_finalize(&s);
	f->model.coverage = (struct report_coverage){.is_known = true,
		.up_share = coverage_share(c),
		.one_sided = one + both > 0 ? one / (one + both) : 0,
		.packets = c->frames,
		.lost = c->dropped,
		.reason = reason,
		.reasons = c->reasons};
	if (c->not_judged) {
		const char **line = arena_alloc(f->memory, sizeof(*line));
		line[0] = arena_format(f->memory,
			"%llu packets could not be classified: cut, "
			"malformed, or fragments without their first part",
			(unsigned long long)c->not_judged);
		f->model.not_judged = line;
		f->model.not_judged_lines = 1;
	}
}

/* --- findings ---------------------------------------------------------------------------- */

static const char *nearest_text(struct filling *f, const json_t *document)
{
	const json_t *ends = json_object_get(json_object_get(document, "portolan"), "endpoints");
	const json_t *end, *near;
	size_t i;

	json_array_foreach(ends, i, end)
	{
		near = json_array_get(json_object_get(end, "nearest"), 0);
		if (near && json_string_value(json_object_get(near, "rule")))
			return arena_text(
				f->memory, json_string_value(json_object_get(near, "rule")));
	}
	return NULL;
}

static void fill_finding(struct filling *f, struct sqlite3_stmt *s, struct report_finding *r)
{
	json_t *document = json_loads(row_text(s, 13), 0, NULL);
	bool is_settled = row_number(s, 12) || strcmp(row_text(s, 2), "withdrawn") == 0;

	*r = (struct report_finding){
		.id = keep(f, s, 0),
		.severity = (unsigned)row_number(s, 1),
		.state = row_number(s, 12) ? "acknowledged" : keep(f, s, 2),
		.is_settled = is_settled,
		.first_ns = (uint64_t)row_number(s, 3),
		.last_ns = (uint64_t)row_number(s, 4),
		.flows = (uint64_t)row_number(s, 5),
		.packets = (uint64_t)row_number(s, 17),
		.bytes = (uint64_t)row_number(s, 18),
		.appliance = keep(f, s, 6),
		.peer = keep(f, s, 7),
		.port = keep(f, s, 8),
		.direction = keep(f, s, 9),
		.verdict = keep(f, s, 10),
		.connection = keep(f, s, 11),
		.why = keep(f, s, 14),
		.nearest = nearest_text(f, document),
		.evidence = keep(f, s, 15),
		.no_evidence = "no packets were kept",
		.note = keep(f, s, 16),
	};
	json_decref(document);
}

static void fill_findings(struct filling *f)
{
	struct sqlite3_stmt *s = ask(f,
		"SELECT id, severity, state, first_ns, last_ns, flows, appliance, peer, "
		"port, direction,"
		" verdict, connection, a.finding IS NOT NULL, document, message,"
		" (SELECT packets || ' packets in ' || file FROM evidence e WHERE e.finding "
		"= f.id),"
		" (SELECT group_concat(author || ': ' || text, '; ') FROM note n WHERE "
		"n.finding = f.id), packets, bytes"
		" FROM finding f LEFT JOIN acknowledgement a ON a.finding = f.id"
		" WHERE last_ns >= ?1 AND first_ns <= ?2 AND severity > 0 AND appliance IS NOT NULL"
		" AND (?3 IS NULL OR appliance = ?3) ORDER BY severity DESC, last_ns DESC "
		"LIMIT 20000");
	struct report_finding *list =
		arena_alloc(f->memory, FINDINGS_SHOWN * sizeof(struct report_finding));
	size_t n = 0;

	while (n < FINDINGS_SHOWN && next(f, s))
		fill_finding(f, s, &list[n++]);
	database_finalize(&s);
	f->model.finding = list;
	f->model.findings = n;
	s = ask(f, "SELECT severity, count(*) FROM finding LEFT JOIN acknowledgement a"
		   " ON a.finding = id WHERE last_ns >= ?1 AND first_ns <= ?2 AND severity > 0 AND "
		   "appliance IS NOT NULL"
		   " AND a.finding IS NULL AND state != 'withdrawn' AND appliance IS NOT NULL"
		   " AND (?3 IS NULL OR appliance = ?3) GROUP BY severity");
	while (next(f, s))
		if (row_number(s, 0) <= 3)
			f->model.findings_total[row_number(s, 0)] = (uint64_t)row_number(s, 1);
	database_finalize(&s);
}

/* --- the matrix ---------------------------------------------------------------------------- */

/* The policy that was in force last in the window. */
static json_t *policy_of(struct filling *f)
{
	struct sqlite3_stmt *s = ask(f,
		"SELECT p.text, p.hash, p.profile FROM policy_change c JOIN policy p USING(hash)"
		" WHERE c.at_ns <= ?2 ORDER BY c.at_ns DESC LIMIT 1");
	json_t *policy = NULL;

	if (next(f, s)) {
		policy = json_loads(row_text(s, 0), 0, NULL);
		f->model.policy = keep(f, s, 1);
		f->model.site = arena_format(f->memory, "profile %s", row_text(s, 2));
	}
	database_finalize(&s);
	return policy;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static bool is_same_port(const json_t *a, const json_t *b)
{
	return json_integer_value(json_object_get(a, "port")) ==
		       json_integer_value(json_object_get(b, "port")) &&
	       strcmp(text_of(a, "role"), text_of(b, "role")) == 0 &&
	       strcmp(text_of(a, "direction"), text_of(b, "direction")) == 0 &&
	       strcmp(text_of(a, "transport"), text_of(b, "transport")) == 0;
}

/* Rules that share a port share a column: the port does not tell which of them was used. */
static void fill_rules(struct filling *f, const json_t *policy, bool *is_off)
{
	const json_t *rules = json_object_get(policy, "rules"), *rule, *last = NULL;
	struct report_rule *list =
		arena_alloc(f->memory, (json_array_size(rules) + 1) * sizeof(*list));
	size_t i, n = 0;

	json_array_foreach(rules, i, rule)
	{
		bool enabled = json_is_true(json_object_get(rule, "enabled"));
		if (last && is_same_port(last, rule)) {
			list[n - 1].features = arena_format(
				f->memory, "%s %s", list[n - 1].features, text_of(rule, "feature"));
			is_off[n - 1] &= !enabled;
			continue;
		}
		last = rule;
		is_off[n] = !enabled;
		list[n++] = (struct report_rule){
			.id = arena_text(f->memory, text_of(rule, "id")),
			.role = arena_text(f->memory, text_of(rule, "role")),
			.direction = arena_text(f->memory, text_of(rule, "direction")),
			.port = arena_format(f->memory, "%lld/%s",
				(long long)json_integer_value(json_object_get(rule, "port")),
				text_of(rule, "transport")),
			.features = arena_text(f->memory, text_of(rule, "feature")),
			.is_implied = strcmp(text_of(rule, "status"), "implied") == 0,
		};
	}
	f->model.matrix.rule = list;
	f->model.matrix.rules = n;
}

static void fill_appliances(struct filling *f)
{
	size_t n = 0,
	       room = count(f, "SELECT count(*) FROM appliance WHERE ?3 IS NULL OR name = ?3");
	struct report_appliance *list = arena_alloc(f->memory, (room + 1) * sizeof(*list));
	struct sqlite3_stmt *s = ask(f, "SELECT name, role FROM appliance"
					" WHERE ?3 IS NULL OR name = ?3 ORDER BY role DESC, name");

	for (; n < room && next(f, s); n++)
		list[n] = (struct report_appliance){keep(f, s, 0), keep(f, s, 1)};
	database_finalize(&s);
	f->model.matrix.appliance = list;
	f->model.matrix.appliances = n;
}

static size_t rule_at(const struct report_matrix *m, const char *id)
{
	size_t i = 0;

	while (i < m->rules && strcmp(m->rule[i].id, id) != 0)
		i++;
	return i;
}

static size_t appliance_at(const struct report_matrix *m, const char *name, size_t from)
{
	for (size_t k = 0; k < m->appliances; k++) {
		size_t i = (from + k) % m->appliances;
		if (strcmp(m->appliance[i].name, name) == 0)
			return i;
	}
	return m->appliances;
}

static void mark_cell(struct report_cell *c, const struct answer_table *a, size_t row)
{
	c->last_ns = (uint64_t)answer_number_at(a, row, 2);
	c->flows = (uint64_t)answer_number_at(a, row, 3);
	c->violations = (uint64_t)answer_number_at(a, row, 4);
	if (c->violations)
		c->state = REPORT_CELL_VIOLATION;
	else if (answer_number_at(a, row, 5))
		c->state = REPORT_CELL_USED;
	else if (c->last_ns)
		c->state = REPORT_CELL_SILENT;
}

static void mark_cells(struct filling *f, struct report_cell *cell)
{
	struct report_matrix *m = &f->model.matrix;
	struct answer_table a = {.limit = 0};
	int error = ask_cells(f->reader, f->filter, &a);
	size_t at = 0;

	for (size_t row = 0; m->appliances && row < answer_rows(&a); row++) {
		size_t rule = rule_at(m, answer_text_at(&a, row, 1));
		at = appliance_at(m, answer_text_at(&a, row, 0), at < m->appliances ? at : 0);
		if (at < m->appliances && rule < m->rules)
			mark_cell(&cell[at * m->rules + rule], &a, row);
	}
	if (error < 0 || a.has_missing)
		f->error = error < 0 ? error : -ETIMEDOUT;
	answer_fini(&a);
}

static void fill_cells(struct filling *f, const bool *is_off)
{
	struct report_matrix *m = &f->model.matrix;
	struct report_cell *cell =
		arena_alloc(f->memory, (m->appliances * m->rules + 1) * sizeof(*cell));

	for (size_t i = 0; i < m->appliances * m->rules; i++)
		if (strcmp(m->appliance[i / m->rules].role, m->rule[i % m->rules].role) == 0)
			cell[i].state = is_off[i % m->rules] ? REPORT_CELL_OFF : REPORT_CELL_NEVER;
	mark_cells(f, cell);
	m->cell = cell;
}

static void fill_matrix(struct filling *f)
{
	json_t *policy = policy_of(f);
	size_t rules = json_array_size(json_object_get(policy, "rules"));
	bool *is_off = arena_alloc(f->memory, (rules + 1) * sizeof(*is_off));

	fill_rules(f, policy, is_off);
	json_decref(policy);
	fill_appliances(f);
	fill_cells(f, is_off);
}

/* --- channels ---------------------------------------------------------------------------- */

static enum report_tone tone_of(enum channel_state state)
{
	if (state == CHANNEL_UP)
		return REPORT_TONE_GOOD;
	return state == CHANNEL_HALF ? REPORT_TONE_PARTLY : REPORT_TONE_BAD;
}

static void fill_channel(
	struct filling *f, const struct channel_bands *b, size_t pair, struct report_channel *c)
{
	struct report_band *list = arena_alloc(f->memory, (b->bands + 1) * sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; i < b->bands; i++)
		if (b->band[i].pair == pair)
			list[n++] = (struct report_band){b->band[i].from_ns, b->band[i].to_ns,
				tone_of(b->band[i].state), channel_state_title(b->band[i].state),
				b->band[i].reason ? arena_text(f->memory, b->band[i].reason)
						  : NULL};
	*c = (struct report_channel){.end = {arena_text(f->memory, b->pair[pair].one),
					     arena_text(f->memory, b->pair[pair].other)},
		.states = {list, n}};
}

static void fill_channels(struct filling *f)
{
	struct channel_bands bands;
	struct report_channel *list;

	f->error = channel_bands_read(f->reader, f->filter, &bands);
	list = arena_alloc(f->memory, (bands.pairs + 1) * sizeof(*list));
	for (size_t i = 0; i < bands.pairs && f->error == 0; i++)
		fill_channel(f, &bands, i, &list[i]);
	f->model.channel = list;
	f->model.channels = bands.pairs;
	channel_bands_free(&bands);
}

/* --- time -------------------------------------------------------------------------------- */

static enum report_class class_of(const char *verdict)
{
	if (strcmp(verdict, "expected") == 0)
		return REPORT_CLASS_EXPECTED;
	if (strcmp(verdict, "implied") == 0)
		return REPORT_CLASS_IMPLIED;
	return strcmp(verdict, "not-covered") == 0 ? REPORT_CLASS_NOT_COVERED
						   : REPORT_CLASS_FLAGGED;
}

#define TRAFFIC(table, time, unit)                                                                 \
	"SELECT h." time ", e.verdict, sum(h.packets_sent + h.packets_received)"                   \
	" FROM " table " h JOIN endpoint e ON e.id = h.endpoint"                                   \
	" WHERE h." time " > ?1 - " unit " AND h." time " <= ?2"                                   \
	" AND (?3 IS NULL OR e.appliance = ?3) GROUP BY 1, 2"

/* More hours than that are not read. */
#define TRAFFIC_DAYS_NS (28 * STORE_DAY_NS)

/* Whole hours, or whole days of a long window, as many to a bar as give at most 168 bars. */
static void fill_traffic(struct filling *f)
{
	bool is_long =
		f->reader->has_days && f->filter->until_ns - f->filter->since_ns > TRAFFIC_DAYS_NS;
	uint64_t unit_ns = is_long ? STORE_DAY_NS : STORE_HOUR_NS;
	uint64_t from_ns = f->filter->since_ns - f->filter->since_ns % unit_ns;
	uint64_t units = (f->filter->until_ns - from_ns) / unit_ns + 1;
	uint64_t width_ns = (units + BUCKETS_MAX - 1) / BUCKETS_MAX * unit_ns;
	size_t buckets = (size_t)((f->filter->until_ns - from_ns) / width_ns + 1);
	struct report_bucket *bucket = arena_alloc(f->memory, buckets * sizeof(*bucket));
	struct sqlite3_stmt *s = ask(f, is_long ? TRAFFIC("daily", "day_ns", "86400000000000")
						: TRAFFIC("hourly", "hour_ns", "3600000000000"));

	while (next(f, s)) {
		size_t at = (size_t)(((uint64_t)row_number(s, 0) - from_ns) / width_ns);
		if (at < buckets)
			bucket[at].packets[class_of(row_text(s, 1))] += (uint64_t)row_number(s, 2);
	}
	database_finalize(&s);
	f->model.traffic = (struct report_traffic){from_ns, width_ns, bucket, buckets};
}

/* Where nobody listened nothing is said; the rest is good, or in doubt by ten minutes. */
static void fill_mirror(struct filling *f)
{
	const struct coverage *c = &f->coverage;
	struct report_band *list = arena_alloc(f->memory, (2 * COVERAGE_GAPS + 2) * sizeof(*list));
	uint64_t at_ns = f->filter->since_ns;
	size_t n = 0;

	for (unsigned i = 0; i < c->gaps && i < COVERAGE_GAPS; i++) {
		if (c->gap[i].from_ns > at_ns)
			list[n++] = (struct report_band){at_ns, c->gap[i].from_ns,
				c->doubt_ns ? REPORT_TONE_DOUBT : REPORT_TONE_GOOD,
				c->doubt_ns ? "degraded at times" : "seen", NULL};
		list[n++] = (struct report_band){c->gap[i].from_ns, c->gap[i].to_ns,
			REPORT_TONE_NONE, "nobody listened", NULL};
		at_ns = c->gap[i].to_ns;
	}
	if (at_ns < f->filter->until_ns)
		list[n++] = (struct report_band){at_ns, f->filter->until_ns,
			c->doubt_ns ? REPORT_TONE_DOUBT : REPORT_TONE_GOOD,
			c->doubt_ns ? "degraded at times" : "seen",
			c->reasons ? f->model.coverage.reason[0] : NULL};
	f->model.mirror = (struct report_bands){list, n};
}

static enum report_mark_kind mark_of(const char *what)
{
	if (strcmp(what, "start") == 0)
		return REPORT_MARK_START;
	if (strcmp(what, "unclean") == 0)
		return REPORT_MARK_CRASH;
	return strcmp(what, "policy") == 0 ? REPORT_MARK_RELOAD : REPORT_MARK_STOP;
}

static void fill_marks(struct filling *f)
{
#define MARKS                                                                                      \
	"(SELECT began_ns AS at, 'start' AS what, title AS text FROM run UNION ALL"                \
	" SELECT seen_ns, ending, title FROM run WHERE ending IS NOT NULL UNION ALL"               \
	" SELECT at_ns, 'policy', substr(hash, 1, 19) FROM policy_change)"                         \
	" WHERE at > 0 AND at BETWEEN ?1 AND ?2"
	size_t n = 0, room = count(f, "SELECT count(*) FROM " MARKS);
	struct report_mark *list = arena_alloc(f->memory, (room + 1) * sizeof(*list));
	struct sqlite3_stmt *s = ask(f, "SELECT at, what, text FROM " MARKS " ORDER BY at");

	for (; n < room && next(f, s); n++)
		list[n] = (struct report_mark){
			(uint64_t)row_number(s, 0), mark_of(row_text(s, 1)), keep(f, s, 2)};
	database_finalize(&s);
	f->model.mark = list;
	f->model.marks = n;
}

/* --- who talks to whom --------------------------------------------------------------------- */

static void fill_talkers(struct filling *f)
{
#define TALKERS                                                                                    \
	" FROM peer p JOIN endpoint e ON e.id = p.endpoint WHERE p.last_ns >= ?1"                  \
	" AND p.first_ns <= ?2 AND (?3 IS NULL OR e.appliance = ?3)"
	struct report_talker *list = arena_alloc(f->memory, TALKERS_SHOWN * sizeof(*list));
	struct sqlite3_stmt *s = ask(f,
		"SELECT e.appliance, p.peer, nullif(e.rule, ''), e.direction, p.flows, p.bytes,"
		" e.verdict NOT IN ('expected', 'implied', 'not-covered')" TALKERS
		" ORDER BY 7 DESC, p.bytes DESC LIMIT 60");
	size_t n = 0;

	for (; n < TALKERS_SHOWN && next(f, s); n++)
		list[n] = (struct report_talker){.appliance = keep(f, s, 0),
			.peer = keep(f, s, 1),
			.port = row_is_null(s, 2) ? "no rule" : keep(f, s, 2),
			.direction = keep(f, s, 3),
			.flows = (uint64_t)row_number(s, 4),
			.bytes = (uint64_t)row_number(s, 5),
			.is_flagged = row_number(s, 6) != 0};
	database_finalize(&s);
	f->model.talker = list;
	f->model.talkers = n;
	f->model.talkers_left_out = count(f, "SELECT count(*)" TALKERS) - n;
}

/* --- all of it ------------------------------------------------------------------------------ */

static int fill(void *context)
{
	void (*const part[])(struct filling *) = {fill_title, fill_coverage, fill_findings,
		fill_matrix, fill_channels, fill_traffic, fill_mirror, fill_marks, fill_talkers};
	struct filling *f = context;

	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]) && f->error == 0; i++)
		part[i](f);
	return f->error;
}

int store_report_write(struct buffer *b, struct store_reader *r, const struct store_filter *filter)
{
	struct filling f = {.memory = arena_new(), .reader = r, .filter = filter};
	int error = f.memory ? coverage_read(r, filter->since_ns, filter->until_ns, &f.coverage)
			     : -ENOMEM;

	f.model = (struct report_model){.program = "portolan " PORTOLAN_VERSION,
		.generated_ns = clock_wall_ns(),
		.from_ns = filter->since_ns,
		.until_ns = filter->until_ns};
	if (error == 0)
		error = arena_try(f.memory, fill, &f);
	if (error == 0)
		error = html_report_write(b, &f.model);
	if (f.memory)
		arena_free(f.memory);
	return error;
}
