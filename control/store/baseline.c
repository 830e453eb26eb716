#include "store/baseline.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/format.h"
#include "base/heap.h"
#include "base/text_hash.h"
#include "store/database.h"
#include "store/store_schema.h"

#define SECOND_NS 1000000000ull
#define HOUR_NS STORE_HOUR_NS
#define DAY_NS STORE_DAY_NS

/* A sensor looks again at peers of so long: longer than one is told late. */
#define RECENT_NS DAY_NS

/* What is usual is read from at most so much before. */
#define USUAL_NS (7 * DAY_NS)

/* The records of an hour have come so long after it: TCP that is idle is told an hour later. */
#define SETTLED_NS (HOUR_NS + HOUR_NS / 4)

/* Silence is judged over so many hours that the row usually carries so many packets in them: less
 * than a tenth of that is no chance. */
#define USUAL_PACKETS 30
#define QUIET_HOURS_MAX 24

/* A row speaks by itself where it carried something in nine of ten hours, a day of them at least:
 * sessions of people do not. */
#define USED_OF_TEN 9
#define HOURS_MIN 24

static const char *const names[] = {
#define BASELINE_NAME(name, text, words) text,
	BASELINE_LIST(BASELINE_NAME)
#undef BASELINE_NAME
};

static const char *const words[] = {
#define BASELINE_WORDS(name, text, words) words,
	BASELINE_LIST(BASELINE_WORDS)
#undef BASELINE_WORDS
};

const char *baseline_name(enum baseline_kind k)
{
	return names[k];
}

/* One evaluation. */
struct judgement {
	struct baseline *baseline;
	struct database *database;
	uint64_t now_ns, learned_ns; /* the store's learning time is over */
	struct baseline_finding **last;
	unsigned found;
	int error;
};

void baseline_findings_free(struct baseline_finding *f)
{
	while (f) {
		struct baseline_finding *next = f->next;
		free(f->appliance);
		free(f->rule);
		free(f->direction);
		free(f->peer);
		free(f);
		f = next;
	}
}

/* ---- findings ---- */

static uint64_t add_text(uint64_t hash, const char *text)
{
	return text_hash(hash, text, strlen(text) + 1);
}

/* The hour in which it began, and a hash of what it is about. */
static void make_id(struct baseline_finding *f)
{
	uint64_t hash = add_text(TEXT_HASH_START, names[f->kind]);
	time_t second = (time_t)(f->first_ns / SECOND_NS);
	struct tm tm;
	size_t used;

	hash = add_text(hash, f->appliance);
	hash = add_text(hash, f->direction);
	hash = add_text(hash, f->rule);
	hash = add_text(hash, f->peer);
	gmtime_r(&second, &tm);
	used = strftime(f->id, sizeof(f->id), "%Y%m%dT%H", &tm);
	snprintf(f->id + used, sizeof(f->id) - used, "-%016llx", (unsigned long long)hash);
}

struct about {
	enum baseline_kind kind;
	const char *appliance, *direction, *rule, *peer;
	uint64_t first_ns, last_ns, flows;
};

static struct baseline_finding *new_finding(struct judgement *e, const struct about *a)
{
	struct baseline_finding *f = heap_calloc(1, sizeof(*f));

	if (f) {
		f->kind = a->kind;
		f->first_ns = a->first_ns;
		f->last_ns = a->last_ns;
		f->flows = a->flows;
		f->appliance = heap_strdup(a->appliance);
		f->direction = heap_strdup(a->direction);
		f->rule = heap_strdup(a->rule);
		f->peer = heap_strdup(a->peer);
	}
	if (f && f->appliance && f->direction && f->rule && f->peer) {
		make_id(f);
		return f;
	}
	baseline_findings_free(f);
	e->error = -ENOMEM;
	return NULL;
}

/* Whether the store has it, as ended if that is asked: 1, 0 or a negative errno. */
static int is_stored(struct judgement *e, const char *id, bool as_ended)
{
	struct sqlite3_stmt *s = NULL;
	int64_t one;
	int got = database_prepare(e->database, &s,
		"SELECT 1 FROM finding WHERE id = ?1 AND (NOT ?2 OR state = 'ended')");

	if (got == 0) {
		bind_text(s, 1, id);
		bind_number(s, 2, as_ended);
		got = database_number(e->database, s, &one);
	}
	database_finalize(&s);
	return got;
}

static bool has_room(const struct judgement *e)
{
	return e->error == 0 && e->found < BASELINE_FOUND_MAX;
}

/* Takes it, unless it was told before. */
static void add_untold(struct judgement *e, struct baseline_finding *f)
{
	int stored = f && has_room(e) ? is_stored(e, f->id, f->ends) : 1;

	if (stored == 0) {
		*e->last = f;
		e->last = &f->next;
		e->found++;
		return;
	}
	if (stored < 0)
		e->error = stored;
	baseline_findings_free(f);
}

static const char *row_or(const char *rule)
{
	return *rule ? rule : "an undocumented port";
}

/* ---- peers ---- */

/* Rows on which a new peer is told: where an appliance fetches, is managed, or would be steered
 * from. The learning time of an appliance that came later begins with its first flow. */
#define LEARNED                                                                                    \
	" AND p.first_ns > ?1 AND p.first_ns > ?2 + (SELECT min(q.first_ns) FROM endpoint f"       \
	" JOIN peer q ON q.endpoint = f.id WHERE f.appliance = e.appliance)"

static const char new_peer_sql[] =
	"SELECT e.appliance, e.direction, e.rule, p.peer, p.first_ns, p.last_ns, p.flows"
	" FROM peer p JOIN endpoint e ON e.id = p.endpoint"
	" WHERE p.first_ns >= ?3 AND e.direction = 'outbound'"
	" AND e.verdict IN ('expected', 'implied')"
	" AND (e.rule LIKE '%/outbound/80/tcp%' OR e.rule LIKE '%/outbound/443/tcp%'"
	"  OR e.rule LIKE '%/outbound/22/tcp%' OR e.rule LIKE '%/outbound/8305/tcp%'"
	"  OR e.rule LIKE '%/outbound/8989/tcp%')" LEARNED
	" AND NOT EXISTS(SELECT 1 FROM endpoint g JOIN peer o ON o.endpoint = g.id"
	"  AND o.peer = p.peer WHERE g.appliance = e.appliance AND g.rule = e.rule"
	"  AND g.direction = e.direction AND o.first_ns < p.first_ns)"
	" ORDER BY e.appliance, e.rule, p.first_ns, p.peer";

static const char regular_sql[] =
	"SELECT e.appliance, e.direction, e.rule, p.peer, p.first_ns, p.last_ns, p.flows,"
	" p.gap_sum / p.gaps,"
	" max(p.gap_squares / p.gaps - (p.gap_sum / p.gaps) * (p.gap_sum / p.gaps), 0)"
	" FROM peer p JOIN endpoint e ON e.id = p.endpoint"
	" WHERE p.last_ns >= ?3 AND" STORE_STARTED_TCP LEARNED " AND" STORE_REGULAR_PEER
	" ORDER BY p.first_ns, e.appliance, e.rule, p.peer";

static struct about about_of(struct sqlite3_stmt *s, enum baseline_kind kind)
{
	return (struct about){
		.kind = kind,
		.appliance = row_text(s, 0),
		.direction = row_text(s, 1),
		.rule = row_text(s, 2),
		.peer = row_text(s, 3),
		.first_ns = (uint64_t)row_number(s, 4),
		.last_ns = (uint64_t)row_number(s, 5),
		.flows = (uint64_t)row_number(s, 6),
	};
}

/* How many peers of a row and a day were seen so far. */
struct day {
	char row[512];
	uint64_t day;
	unsigned peers;
};

static void count_peer(struct day *d, const struct about *a)
{
	uint64_t day = a->first_ns / DAY_NS;
	char row[sizeof(d->row)];

	snprintf(row, sizeof(row), "%.300s %.200s", a->appliance, a->rule);
	if (d->day != day || strcmp(d->row, row) != 0)
		*d = (struct day){.day = day};
	memcpy(d->row, row, sizeof(row));
	d->peers++;
}

static void take_new_peer(struct judgement *e, struct sqlite3_stmt *s, struct day *day)
{
	struct about a = about_of(s, BASELINE_NEW_PEER);
	struct baseline_finding *f;
	bool many;

	count_peer(day, &a);
	if (day->peers > BASELINE_PEERS_A_DAY + 1)
		return;
	many = day->peers > BASELINE_PEERS_A_DAY;
	if (many) {
		a.peer = "several";
		a.first_ns -= a.first_ns % DAY_NS; /* one a day, whichever came first */
	}
	f = new_finding(e, &a);
	if (f && many) {
		f->several_peers = true;
		snprintf(f->message, sizeof(f->message),
			"%.200s: more than %u new peers within a day on %.120s; "
			"`portolan triage new` lists them",
			f->appliance, BASELINE_PEERS_A_DAY, f->rule);
	} else if (f) {
		snprintf(f->message, sizeof(f->message), "%.200s: %s: %.60s on %.120s",
			f->appliance, words[f->kind], f->peer, f->rule);
	}
	add_untold(e, f);
}

static void take_regular(struct judgement *e, struct sqlite3_stmt *s)
{
	struct about a = about_of(s, BASELINE_REGULAR);
	struct baseline_finding *f = new_finding(e, &a);
	double mean = row_real(s, 7), jitter = 100 * sqrt(row_real(s, 8)) / mean;

	if (f)
		snprintf(f->message, sizeof(f->message),
			"%.200s: %s: %.60s on %.120s, every %.0f s (jitter %.0f %%), %llu times",
			f->appliance, words[f->kind], f->peer, row_or(f->rule), mean, jitter,
			(unsigned long long)f->flows);
	add_untold(e, f);
}

static void find_peers(struct judgement *e, const char *sql, bool is_regular)
{
	uint64_t recent_ns =
		e->now_ns > RECENT_NS && !e->baseline->is_replay ? e->now_ns - RECENT_NS : 0;
	struct day day = {.peers = 0};
	struct sqlite3_stmt *s = NULL;
	int got = e->error ? e->error : database_prepare(e->database, &s, sql);

	if (got == 0) {
		bind_number(s, 1, (int64_t)e->learned_ns);
		bind_number(s, 2, (int64_t)e->baseline->learn_ns);
		bind_number(s, 3, (int64_t)recent_ns);
	}
	while (got >= 0 && has_room(e) && (got = database_row(e->database, s)) > 0) {
		if (is_regular)
			take_regular(e, s);
		else
			take_new_peer(e, s, &day);
	}
	database_finalize(&s);
	if (got < 0)
		e->error = got;
}

/* ---- silence: what the store says ---- */

/* The hours of a window in which somebody listened all the time, with no doubt of the mirror in
 * more than a tenth of it. */
#define LISTENED                                                                                   \
	"WITH RECURSIVE hours(hour) AS (SELECT ?1 UNION ALL SELECT hour + 3600000000000"           \
	" FROM hours WHERE hour + 3600000000000 < ?2), listened AS (SELECT hour FROM hours WHERE"  \
	" EXISTS(SELECT 1 FROM run WHERE began_ns <= hour + 60000000000"                           \
	"  AND seen_ns >= hour + 3540000000000)"                                                   \
	" AND (SELECT count(*) FROM minute WHERE in_doubt AND minute_ns >= hour"                   \
	"  AND minute_ns < hour + 3600000000000) <= 6)"

static const char listened_sql[] = LISTENED " SELECT count(*) FROM listened";

#define PACKETS "h.packets_sent + h.packets_received"

/* What rows carried in a window that ends with an hour, and in that hour. */
static const char rows_sql[] =
	LISTENED " SELECT e.appliance, e.direction, e.rule,"
		 " count(DISTINCT CASE WHEN h.hour_ns < ?2 THEN h.hour_ns END),"
		 " sum(CASE WHEN h.hour_ns < ?2 THEN " PACKETS " ELSE 0 END),"
		 " sum(CASE WHEN h.hour_ns = ?2 THEN " PACKETS " ELSE 0 END), max(h.last_ns)"
		 " FROM hourly h JOIN endpoint e ON e.id = h.endpoint"
		 " WHERE h.hour_ns >= ?1 AND h.hour_ns <= ?2"
		 " AND (h.hour_ns = ?2 OR h.hour_ns IN (SELECT hour FROM listened))"
		 " AND e.rule != '' AND e.verdict IN ('expected', 'implied') GROUP BY 1, 2, 3 "
		 "ORDER BY 1, 2, 3";

/* What a row, or all rows of an appliance, carried in a window, and in how many hours. */
static const char carried_sql[] = "SELECT sum(" PACKETS "), count(DISTINCT h.hour_ns)"
				  " FROM hourly h JOIN endpoint e ON e.id = h.endpoint"
				  " WHERE h.hour_ns >= ?1 AND h.hour_ns < ?2 AND e.appliance = ?3"
				  " AND (?4 = '' OR (e.direction = ?4 AND e.rule = ?5))";

/* The only number of a statement about a window; 0: there is none. */
static uint64_t number_of(struct judgement *e, const char *sql, uint64_t from_ns, uint64_t to_ns)
{
	struct sqlite3_stmt *s = NULL;
	int64_t value = 0;
	int got = database_prepare(e->database, &s, sql);

	if (got == 0) {
		bind_number(s, 1, (int64_t)from_ns);
		bind_number(s, 2, (int64_t)to_ns);
		got = database_number(e->database, s, &value);
	}
	database_finalize(&s);
	if (got < 0)
		e->error = got;
	return (uint64_t)value;
}

/* Whole hours of a window that were listened to. */
static uint64_t listened_hours(struct judgement *e, uint64_t from_ns, uint64_t to_ns)
{
	return number_of(e, listened_sql, from_ns, to_ns);
}

struct carried {
	uint64_t packets, hours;
};

/* `direction` "": all rows of the appliance. */
static struct carried carried_by(struct judgement *e, const struct about *a, const char *direction,
	uint64_t from_ns, uint64_t to_ns)
{
	struct carried c = {.packets = 0};
	struct sqlite3_stmt *s = NULL;
	int got = database_prepare(e->database, &s, carried_sql);

	if (got == 0) {
		bind_number(s, 1, (int64_t)from_ns);
		bind_number(s, 2, (int64_t)to_ns);
		bind_text(s, 3, a->appliance);
		bind_text(s, 4, direction);
		bind_text(s, 5, a->rule);
	}
	while (got >= 0 && (got = database_row(e->database, s)) > 0)
		c = (struct carried){(uint64_t)row_number(s, 0), (uint64_t)row_number(s, 1)};
	database_finalize(&s);
	if (got < 0)
		e->error = got;
	return c;
}

static uint64_t usual_from(uint64_t to_ns)
{
	return to_ns > USUAL_NS ? to_ns - USUAL_NS : 0;
}

/* ---- silence: what is open ---- */

/* A row, or an appliance, that is silent. */
struct baseline_quiet {
	struct baseline_quiet *next;
	struct baseline_finding *finding; /* as it was told; owned */
	double usual;			  /* packets an hour */
};

static void quiet_free(struct baseline_quiet *q)
{
	baseline_findings_free(q->finding);
	free(q);
}

void baseline_fini(struct baseline *b)
{
	while (b->quiet) {
		struct baseline_quiet *next = b->quiet->next;
		quiet_free(b->quiet);
		b->quiet = next;
	}
}

/* Of this row, or all of its appliance. */
static bool is_open(const struct baseline *b, const struct about *a)
{
	for (const struct baseline_quiet *q = b->quiet; q; q = q->next)
		if (strcmp(q->finding->appliance, a->appliance) == 0 &&
			(q->finding->kind == BASELINE_NOT_SEEN ||
				(strcmp(q->finding->direction, a->direction) == 0 &&
					strcmp(q->finding->rule, a->rule) == 0)))
			return true;
	return false;
}

static void open_quiet(struct judgement *e, const struct about *a, double usual)
{
	struct baseline_quiet *q = heap_calloc(1, sizeof(*q));
	struct baseline_finding *f = q ? new_finding(e, a) : NULL;

	if (!f) {
		free(q);
		e->error = -ENOMEM;
		return;
	}
	*q = (struct baseline_quiet){e->baseline->quiet, f, usual};
	e->baseline->quiet = q;
}

static const char open_sql[] =
	"SELECT appliance, coalesce(direction, ''), coalesce(rule, ''), '', first_ns, last_ns, 0,"
	" verdict FROM finding WHERE family = 'baseline' AND state != 'ended'"
	" AND verdict IN ('quiet-row', 'appliance-not-seen')";

/* What an earlier run told, and what has not ended since. */
static void load_open(struct judgement *e)
{
	struct sqlite3_stmt *s = NULL;
	int got = database_prepare(e->database, &s, open_sql);

	while (got >= 0 && e->error == 0 && (got = database_row(e->database, s)) > 0) {
		bool all = strcmp(row_text(s, 7), names[BASELINE_NOT_SEEN]) == 0;
		struct about a = about_of(s, all ? BASELINE_NOT_SEEN : BASELINE_QUIET);
		struct carried before = carried_by(e, &a, a.direction, usual_from(a.first_ns),
			a.first_ns - a.first_ns % HOUR_NS);
		open_quiet(e, &a, before.hours ? (double)before.packets / (double)before.hours : 0);
	}
	database_finalize(&s);
	if (got < 0)
		e->error = got;
}

/* ---- silence: an hour ---- */

/* A row in the hour that is judged. */
struct quiet_row {
	struct about about;
	uint64_t hour_ns, hours, packets, last_ns; /* of the window before it; its last packet */
	double usual;				   /* packets in an hour that has some */
};

static void tell_quiet(struct judgement *e, const struct quiet_row *r, uint64_t hours)
{
	struct about a = r->about;
	uint64_t from_ns = r->hour_ns + HOUR_NS - hours * HOUR_NS;
	struct carried all = carried_by(e, &a, "", from_ns, r->hour_ns + HOUR_NS);
	char since[TIME_TEXT_BYTES];
	struct baseline_finding *f;

	a.first_ns = r->last_ns < from_ns ? r->last_ns : from_ns;
	a.last_ns = r->last_ns;
	if (all.packets == 0) {
		a.kind = BASELINE_NOT_SEEN;
		a.direction = a.rule = "";
	}
	open_quiet(e, &a, r->usual);
	f = new_finding(e, &a);
	if (!f)
		return;
	format_time_short(r->last_ns, since);
	if (a.kind == BASELINE_NOT_SEEN)
		snprintf(f->message, sizeof(f->message),
			"%.200s: %s: nothing since %s UTC; it is down, or the mirror does not show "
			"it",
			f->appliance, words[a.kind], since);
	else
		snprintf(f->message, sizeof(f->message),
			"%.200s: %s: %.120s, usually %.0f packets an hour, last on %s UTC",
			f->appliance, words[a.kind], f->rule, r->usual, since);
	add_untold(e, f);
}

static void judge_row(struct judgement *e, const struct quiet_row *r, uint64_t listened)
{
	uint64_t hours = (uint64_t)ceil(USUAL_PACKETS / r->usual), from_ns;

	if (r->hours * 10 < listened * USED_OF_TEN || is_open(e->baseline, &r->about))
		return;
	hours = hours < 1 ? 1 : hours;
	if (hours > QUIET_HOURS_MAX)
		return;
	from_ns = r->hour_ns + HOUR_NS - hours * HOUR_NS;
	if (listened_hours(e, from_ns, r->hour_ns + HOUR_NS) < hours)
		return;
	if ((double)carried_by(e, &r->about, r->about.direction, from_ns, r->hour_ns + HOUR_NS)
				.packets *
			10 <
		r->usual * (double)hours)
		tell_quiet(e, r, hours);
}

static void judge_hour(struct judgement *e, uint64_t hour_ns)
{
	uint64_t from_ns = usual_from(hour_ns), listened = listened_hours(e, from_ns, hour_ns);
	struct sqlite3_stmt *s = NULL;
	int got;

	if (listened < HOURS_MIN || listened_hours(e, hour_ns, hour_ns + HOUR_NS) == 0)
		return;
	got = database_prepare(e->database, &s, rows_sql);
	if (got == 0) {
		bind_number(s, 1, (int64_t)from_ns);
		bind_number(s, 2, (int64_t)hour_ns);
	}
	while (got >= 0 && has_room(e) && (got = database_row(e->database, s)) > 0) {
		struct quiet_row r = {.hour_ns = hour_ns,
			.hours = (uint64_t)row_number(s, 3),
			.packets = (uint64_t)row_number(s, 4),
			.last_ns = (uint64_t)row_number(s, 6)};
		r.about = (struct about){.kind = BASELINE_QUIET,
			.appliance = row_text(s, 0),
			.direction = row_text(s, 1),
			.rule = row_text(s, 2),
			.peer = ""};
		r.usual = r.hours ? (double)r.packets / (double)r.hours : 0;
		if (r.hours && (double)row_number(s, 5) * 10 < r.usual)
			judge_row(e, &r, listened);
	}
	database_finalize(&s);
	if (got < 0)
		e->error = got;
}

static void end_quiet(struct judgement *e, const struct baseline_quiet *q, uint64_t hour_ns)
{
	struct about a = {.kind = q->finding->kind,
		.appliance = q->finding->appliance,
		.direction = q->finding->direction,
		.rule = q->finding->rule,
		.peer = "",
		.first_ns = q->finding->first_ns,
		.last_ns = hour_ns};
	struct baseline_finding *f = new_finding(e, &a);

	if (!f)
		return;
	f->ends = true;
	snprintf(f->message, sizeof(f->message), "over: %.200s: %s%s%.120s", f->appliance,
		words[f->kind], *f->rule ? ": " : "", f->rule);
	add_untold(e, f);
}

/* What is silent speaks again. */
static void judge_open(struct judgement *e, uint64_t hour_ns)
{
	struct baseline_quiet **at = &e->baseline->quiet;

	while (*at && has_room(e)) {
		struct baseline_quiet *q = *at;
		struct about a = {.appliance = q->finding->appliance, .rule = q->finding->rule};
		struct carried now =
			carried_by(e, &a, q->finding->direction, hour_ns, hour_ns + HOUR_NS);
		if (hour_ns < q->finding->first_ns || now.packets == 0 ||
			(double)now.packets * 10 < q->usual) {
			at = &q->next;
			continue;
		}
		end_quiet(e, q, hour_ns);
		*at = q->next;
		quiet_free(q);
	}
}

/* The next hour that has something in it or in the days before: between captures of different years
 * there is nothing to judge. */
static uint64_t next_hour(struct judgement *e, uint64_t hour_ns)
{
	uint64_t last_ns = e->now_ns - e->now_ns % HOUR_NS;
	uint64_t used_ns =
		number_of(e, "SELECT min(hour_ns) FROM hourly WHERE hour_ns BETWEEN ?1 AND ?2",
			usual_from(hour_ns), last_ns);

	if (used_ns == 0)
		return last_ns;
	return used_ns > hour_ns ? used_ns : hour_ns;
}

static void find_silence(struct judgement *e)
{
	struct baseline *b = e->baseline;
	uint64_t settled_ns = b->is_replay ? HOUR_NS : HOUR_NS + SETTLED_NS;

	if (!b->hour_ns) {
		b->hour_ns = b->is_replay ? e->learned_ns : e->now_ns;
		b->hour_ns -= b->hour_ns % HOUR_NS;
		load_open(e);
	}
	while (has_room(e) && b->hour_ns + settled_ns <= e->now_ns) {
		uint64_t hour_ns = next_hour(e, b->hour_ns);
		if (hour_ns > b->hour_ns) {
			b->hour_ns = hour_ns;
			continue;
		}
		judge_open(e, b->hour_ns);
		if (b->hour_ns >= e->learned_ns)
			judge_hour(e, b->hour_ns);
		if (has_room(e))
			b->hour_ns += HOUR_NS;
	}
}

/* ---- evaluation ---- */

int baseline_evaluate(struct baseline *b, struct database *database, uint64_t now_ns,
	struct baseline_finding **found)
{
	struct judgement e = {.baseline = b, .database = database, .now_ns = now_ns, .last = found};
	struct sqlite3_stmt *s = NULL;
	int64_t first_ns = 0;
	int got =
		database_prepare(database, &s, "SELECT min(began_ns) FROM run WHERE began_ns > 0");

	*found = NULL;
	if (got == 0)
		got = database_number(database, s, &first_ns);
	database_finalize(&s);
	if (got < 0 || first_ns <= 0)
		return got < 0 ? got : 0;
	e.learned_ns = (uint64_t)first_ns + b->learn_ns;
	if (e.learned_ns > now_ns)
		return 0;
	find_peers(&e, new_peer_sql, false);
	find_peers(&e, regular_sql, true);
	if (e.error == 0)
		find_silence(&e);
	return e.error;
}
