#include "store/coverage.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/format.h"
#include "store/store_schema.h"
#include "store/sum_window.h"

/* Less of the window, or more lost than that, and an absence proves nothing. */
#define UP_SHARE 0.999
#define LOSS_SHARE 0.001
#define TRUNCATED_SHARE 0.05

/* Of TCP flows with data within ten minutes: more are seen from one side than that. */
#define ONE_SIDED_SHARE 0.2
#define ONE_SIDED_FLOWS 5

static void add_reason(struct coverage *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add_reason(struct coverage *c, const char *format, ...)
{
	va_list args;

	if (c->reasons == COVERAGE_REASONS)
		return;
	va_start(args, format);
	vsnprintf(c->reason[c->reasons++], COVERAGE_REASON_BYTES, format, args);
	va_end(args);
}

static struct sqlite3_stmt *ask(struct store_reader *r, const char *sql, const struct coverage *c)
{
	struct sqlite3_stmt *s = NULL;

	if (database_prepare(&r->state, &s, sql) < 0)
		return NULL;
	bind_number(s, 1, (int64_t)c->since_ns);
	bind_number(s, 2, (int64_t)c->until_ns);
	return s;
}

static void add_gap(struct coverage *c, uint64_t from_ns, uint64_t to_ns)
{
	if (from_ns >= to_ns)
		return;
	if (c->gaps < COVERAGE_GAPS)
		c->gap[c->gaps] = (struct coverage_gap){from_ns, to_ns};
	c->gaps++;
}

/* Runs may overlap: several captures of one time. A run that goes on is up until now. */
static int read_runs(struct store_reader *r, struct coverage *c)
{
	struct sqlite3_stmt *s = ask(r,
		"SELECT began_ns, seen_ns, ending, warmup_ns FROM run WHERE began_ns > 0 AND"
		" began_ns < ?2 ORDER BY began_ns",
		c);
	uint64_t up_to_ns = c->since_ns, unclean = 0;
	int got = s ? 0 : -1;

	while (s && (got = database_row(&r->state, s)) > 0) {
		uint64_t from_ns = (uint64_t)row_number(s, 0), to_ns = (uint64_t)row_number(s, 1);
		if (row_is_null(s, 2) && r->is_running && r->now_ns > to_ns)
			to_ns = r->now_ns;
		if (to_ns < c->since_ns)
			continue;
		unclean += strcmp(row_text(s, 2), "unclean") == 0 && to_ns < c->until_ns;
		to_ns = to_ns < c->until_ns ? to_ns : c->until_ns;
		if (from_ns > up_to_ns) {
			add_gap(c, up_to_ns, from_ns);
			up_to_ns = from_ns;
		}
		if (to_ns > up_to_ns) {
			c->up_ns += to_ns - up_to_ns;
			up_to_ns = to_ns;
		}
	}
	add_gap(c, up_to_ns, c->until_ns);
	if (unclean)
		add_reason(c, "the sensor was killed or its machine went down, %llu times",
			(unsigned long long)unclean);
	database_finalize(&s);
	return got;
}

#define MINUTES(table, where)                                                                      \
	"SELECT sum(frames) AS frames, sum(monitored) AS monitored, sum(dropped) AS dropped,"      \
	" sum(truncated) AS truncated, sum(not_judged) AS not_judged, sum(in_doubt) AS in_doubt"   \
	" FROM " table " WHERE " where

static const char all_minutes_sql[] =
	MINUTES("minute", "minute_ns > ?1 - 60000000000 AND minute_ns < ?2");

/* Whole days, and the minutes at both ends. */
#define DAYS MINUTES("day", "day_ns >= ?3 AND day_ns < ?4")
#define BEFORE MINUTES("minute", "minute_ns > ?1 - 60000000000 AND minute_ns < ?3")
#define AFTER MINUTES("minute", "minute_ns >= ?4 AND minute_ns < ?2")

static const char minutes_sql[] =
	"SELECT sum(frames), sum(monitored), sum(dropped), sum(truncated), sum(not_judged),"
	" sum(in_doubt) FROM (" DAYS " UNION ALL " BEFORE " UNION ALL " AFTER ")";

static int read_minutes(struct store_reader *r, struct coverage *c)
{
	struct sqlite3_stmt *s = ask(r, r->has_days ? minutes_sql : all_minutes_sql, c);
	struct sum_window w = sum_window(c->since_ns, c->until_ns);
	int got = -1;

	if (s && r->has_days) {
		bind_number(s, 3, (int64_t)w.day_from_ns);
		bind_number(s, 4, (int64_t)w.day_to_ns);
	}
	if (s)
		got = database_row(&r->state, s);
	if (got > 0) {
		c->frames = (uint64_t)row_number(s, 0);
		c->monitored = (uint64_t)row_number(s, 1);
		c->dropped = (uint64_t)row_number(s, 2);
		c->truncated = (uint64_t)row_number(s, 3);
		c->not_judged = (uint64_t)row_number(s, 4);
		c->doubt_ns = (uint64_t)row_number(s, 5) * STORE_MINUTE_NS;
	}
	database_finalize(&s);
	return got < 0 ? got : 0;
}

/* Neighbouring windows of ten minutes in which too many flows show one side are one reason. */
static void add_one_sided(struct coverage *c, uint64_t from_ns, uint64_t to_ns)
{
	char from[TIME_TEXT_BYTES], to[TIME_TEXT_BYTES];

	if (from_ns == to_ns)
		return;
	format_time_short(from_ns, from);
	format_time_short(to_ns, to);
	c->doubt_ns += to_ns - from_ns;
	add_reason(
		c, "the mirror showed one side only of many TCP connections, %s to %s", from, to);
}

static int read_sides(struct store_reader *r, struct coverage *c)
{
	struct sqlite3_stmt *s = ask(r,
		"SELECT minute_ns / ?3, sum(both), sum(one) FROM sides"
		" WHERE minute_ns > ?1 - ?3 AND minute_ns < ?2"
		" GROUP BY 1 HAVING sum(one) >= ?4 ORDER BY 1",
		c);
	uint64_t from_ns = 0, to_ns = 0;
	int got = s ? 0 : -1;

	if (s) {
		bind_number(s, 3, (int64_t)STORE_SIDES_NS);
		bind_number(s, 4, ONE_SIDED_FLOWS);
	}

	while (s && (got = database_row(&r->state, s)) > 0) {
		uint64_t at_ns = (uint64_t)row_number(s, 0) * STORE_SIDES_NS;
		double both = (double)row_number(s, 1), one = (double)row_number(s, 2);
		if (one / (both + one) < ONE_SIDED_SHARE)
			continue;
		if (at_ns > to_ns + STORE_SIDES_NS) {
			add_one_sided(c, from_ns, to_ns);
			from_ns = at_ns;
		}
		to_ns = at_ns + STORE_SIDES_NS;
	}
	add_one_sided(c, from_ns, to_ns);
	database_finalize(&s);
	return got < 0 ? got : 0;
}

static int read_mirror(struct store_reader *r, struct coverage *c)
{
	struct sqlite3_stmt *s = ask(r,
		"SELECT DISTINCT what FROM mirror WHERE last_ns >= ?1 AND first_ns < ?2"
		" AND kind != 'appliance-never-seen' AND kind != 'duplicates' LIMIT 6",
		c);
	int got = s ? 0 : -1;

	while (s && (got = database_row(&r->state, s)) > 0)
		add_reason(c, "%.220s", row_text(s, 0));
	database_finalize(&s);
	return got < 0 ? got : 0;
}

static int read_lost(struct store_reader *r, struct coverage *c)
{
	struct sqlite3_stmt *s = ask(r,
		"SELECT sum(count) FROM lost WHERE what != 'peers' AND last_ns >= ?1 AND"
		" first_ns < ?2",
		c);
	int got = s ? database_row(&r->state, s) : -1;

	if (got > 0)
		c->lost = (uint64_t)row_number(s, 0);
	database_finalize(&s);
	return got < 0 ? got : 0;
}

static void judge(struct coverage *c)
{
	double all = (double)(c->frames + c->dropped);
	char number[2][32];

	if (coverage_share(c) < UP_SHARE)
		add_reason(c, "nobody listened during %.1f %% of the window",
			100 * (1 - coverage_share(c)));
	format_number(c->dropped, number[0]);
	format_number(c->not_judged, number[1]);
	if (all > 0 && (double)c->dropped / all > LOSS_SHARE)
		add_reason(c, "%s packets were lost by NIC and kernel (%.2f %%)", number[0],
			100 * (double)c->dropped / all);
	if (all > 0 && (double)c->truncated / all > TRUNCATED_SHARE)
		add_reason(c, "%.1f %% of the packets were cut short",
			100 * (double)c->truncated / all);
	if (all > 0 && (double)c->not_judged / all > LOSS_SHARE)
		add_reason(c, "%s packets could not be classified", number[1]);
	format_number(c->lost, number[0]);
	if (c->lost)
		add_reason(c, "the store itself lost %s flows and events", number[0]);
}

int coverage_read(struct store_reader *r, uint64_t since_ns, uint64_t until_ns, struct coverage *c)
{
	int (*const part[])(struct store_reader *, struct coverage *) = {
		read_runs, read_minutes, read_sides, read_mirror, read_lost};
	int error = 0;

	*c = (struct coverage){.since_ns = since_ns, .until_ns = until_ns};
	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]) && error >= 0; i++)
		error = part[i](r, c);
	judge(c);
	return error;
}

double coverage_share(const struct coverage *c)
{
	uint64_t window_ns = c->until_ns > c->since_ns ? c->until_ns - c->since_ns : 0;

	return window_ns ? (double)c->up_ns / (double)window_ns : c->up_ns || c->frames ? 1 : 0;
}
