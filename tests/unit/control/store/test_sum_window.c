/* Windows of whole weeks, whole days and hours: the same sums as of the hours alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/leftovers.h"
#include "store/coverage.h"
#include "store/questions.h"
#include "store/segment_list.h"
#include "store/state_writer.h"
#include "store/store_schema.h"
#include "store/sum_window.h"

#define BEGAN_NS (20454 * STORE_DAY_NS) /* 2026-01-01, a Thursday */
#define DAYS 40u
#define SPAN_NS (DAYS * STORE_DAY_NS)
#define ENDPOINTS 6
#define WINDOWS 400

static char folder[] = "/tmp/portolan-test-window-XXXXXX";
static uint64_t seed = 88172645463325252ull;

static uint64_t any(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

/* ---- places ---- */

static void a_window_has_whole_days_and_weeks_from_monday(void **state)
{
	uint64_t monday_ns = BEGAN_NS + 4 * STORE_DAY_NS;
	struct sum_window w = sum_window(BEGAN_NS + 1, BEGAN_NS + 20 * STORE_DAY_NS + 7);

	(void)state;
	assert_int_equal(sum_week_ns(monday_ns - 1), monday_ns - STORE_WEEK_NS);
	assert_int_equal(sum_week_ns(monday_ns), monday_ns);
	assert_int_equal(w.day_from_ns, BEGAN_NS + STORE_DAY_NS);
	assert_int_equal(w.day_to_ns, BEGAN_NS + 20 * STORE_DAY_NS);
	assert_int_equal(w.week_from_ns, monday_ns);
	assert_int_equal(w.week_to_ns, monday_ns + 2 * STORE_WEEK_NS);
}

static void the_parts_of_any_window_lie_in_order_within_it(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		uint64_t since = any(30 * STORE_DAY_NS), until = since + any(30 * STORE_DAY_NS);
		struct sum_window w = sum_window(since, until);
		assert_true(since <= w.day_from_ns && w.day_from_ns <= w.week_from_ns &&
			    w.week_from_ns <= w.week_to_ns && w.week_to_ns <= w.day_to_ns &&
			    w.day_to_ns <= until);
		if (w.day_from_ns < w.day_to_ns)
			assert_true(w.day_from_ns - since < STORE_DAY_NS &&
				    until - w.day_to_ns < STORE_DAY_NS);
		if (w.week_from_ns < w.week_to_ns)
			assert_true(w.week_from_ns == sum_week_ns(w.week_from_ns) &&
				    w.week_to_ns == sum_week_ns(w.week_to_ns));
	}
}

/* ---- answers ---- */

static struct stored_flow random_flow(void)
{
	struct stored_flow f;

	memset(&f, 0, sizeof(f));
	f.start_ns = BEGAN_NS + any(SPAN_NS);
	f.end_ns = f.start_ns + any(any(4) ? STORE_HOUR_NS : 3 * STORE_DAY_NS);
	if (any(8) == 0) /* to the nanosecond on the edge of an hour or a day */
		f.end_ns += STORE_DAY_NS - f.end_ns % STORE_DAY_NS;
	if (any(8) == 0)
		f.start_ns -= f.start_ns % STORE_HOUR_NS;
	f.version = 4;
	f.protocol = IPPROTO_TCP;
	f.is_first = 1;
	f.address[1].byte[15] = (uint8_t)any(9);
	for (unsigned side = 0; side < 2; side++) {
		f.packets[side] = f.all_packets[side] = any(1000);
		f.bytes[side] = f.all_bytes[side] = 100 * f.packets[side];
	}
	return f;
}

static void write_flows(struct state_writer *w)
{
	static const char *const verdict[] = {"expected", "unexpected-port"};
	int64_t id[ENDPOINTS];

	assert_int_equal(state_writer_begin(w), 0);
	for (unsigned i = 0; i < ENDPOINTS; i++) {
		char name[16];
		struct stored_endpoint e = {
			i + 1, name, "managed-device", "outbound", "", "", verdict[i % 2]};
		snprintf(name, sizeof(name), "ftd-%u", i / 2);
		id[i] = state_writer_endpoint(w, &e);
		assert_true(id[i] > 0);
	}
	for (unsigned i = 0; i < 3000; i++) {
		struct stored_flow f = random_flow();
		assert_int_equal(state_writer_flow(w, &f, (int64_t[2]){id[any(ENDPOINTS)], 0}), 0);
	}
	assert_int_equal(state_writer_commit(w), 0);
}

/* Some come twice, in doubt in one of their parts. */
static void write_minutes(struct state_writer *w)
{
	assert_int_equal(state_writer_begin(w), 0);
	assert_int_equal(
		state_writer_run(w, &(struct stored_run){"run", "", "", "", "", BEGAN_NS, 0}), 0);
	for (unsigned i = 0; i < 20000; i++) {
		struct stored_minute m = {
			.minute_ns = BEGAN_NS + any(SPAN_NS / STORE_MINUTE_NS) * STORE_MINUTE_NS,
			.frames = any(1000),
			.monitored = any(100),
			.dropped = any(5),
			.truncated = any(3),
			.not_judged = any(2),
			.in_doubt = any(4) == 0};
		assert_int_equal(state_writer_minute(w, &m), 0);
	}
	assert_int_equal(state_writer_commit(w), 0);
}

static int make_store(void **state)
{
	char why[DATABASE_WHY_BYTES];
	struct state_writer *w;
	unsigned unclean;

	(void)state;
	assert_int_equal(state_writer_open(&w, folder, NULL, why, &unclean), 0);
	for (unsigned i = 0; i < 3; i++)
		write_flows(w);
	write_minutes(w);
	state_writer_close(w);
	return 0;
}

static int64_t number_in(struct database *d, const char *sql)
{
	struct sqlite3_stmt *s = NULL;
	int64_t number = -1;

	assert_int_equal(database_prepare(d, &s, sql), 0);
	assert_int_equal(database_number(d, s, &number), 1);
	database_finalize(&s);
	return number;
}

static void check_same_answer(struct answer_table *a, struct answer_table *b)
{
	assert_int_equal(answer_rows(a), answer_rows(b));
	for (size_t row = 0; row < answer_rows(a); row++)
		for (size_t i = 0; i < a->columns; i++) {
			assert_string_equal(answer_text_at(a, row, i), answer_text_at(b, row, i));
			if (a->column[i].type != ANSWER_TEXT)
				assert_int_equal(
					answer_number_at(a, row, i), answer_number_at(b, row, i));
		}
	answer_fini(a);
	answer_fini(b);
}

static void check_window(struct store_reader *r, uint64_t since_ns, uint64_t until_ns)
{
	struct store_filter f = {.since_ns = since_ns, .until_ns = until_ns};
	struct answer_table a = {.limit = 0}, b = {.limit = 0}, n = {.limit = 0}, o = {.limit = 0};
	struct answer_table x = {.limit = 0}, y = {.limit = 0};
	struct coverage c, d;

	r->has_days = true;
	assert_int_equal(ask_matrix(r, &f, &a), 0);
	assert_int_equal(ask_new(r, &f, &n), 0);
	assert_int_equal(ask_cells(r, &f, &x), 0);
	assert_int_equal(coverage_read(r, since_ns, until_ns, &c), 0);
	r->has_days = false;
	assert_int_equal(ask_matrix(r, &f, &b), 0);
	assert_int_equal(ask_new(r, &f, &o), 0);
	assert_int_equal(ask_cells(r, &f, &y), 0);
	assert_int_equal(coverage_read(r, since_ns, until_ns, &d), 0);
	check_same_answer(&a, &b);
	check_same_answer(&n, &o);
	check_same_answer(&x, &y);
	assert_int_equal(c.frames, d.frames);
	assert_int_equal(c.monitored, d.monitored);
	assert_int_equal(c.dropped, d.dropped);
	assert_int_equal(c.truncated, d.truncated);
	assert_int_equal(c.not_judged, d.not_judged);
	assert_int_equal(c.doubt_ns, d.doubt_ns);
}

static void random_windows_answer_as_their_hours_alone_do(void **state)
{
	static const uint64_t grid[] = {1, STORE_MINUTE_NS, STORE_HOUR_NS, STORE_DAY_NS};
	struct store_reader r;

	(void)state;
	print_message("seed %llu\n", (unsigned long long)seed);
	assert_int_equal(store_reader_open(&r, folder, 0), 0);
	assert_true(r.has_days);
	check_window(&r, BEGAN_NS - STORE_DAY_NS, BEGAN_NS + SPAN_NS); /* in which all is new */
	for (unsigned i = 0; i < WINDOWS; i++) {
		uint64_t since = BEGAN_NS + any(SPAN_NS), until = since + any(SPAN_NS);
		since -= since % grid[any(4)];
		until -= until % grid[any(4)];
		check_window(&r, since, until > since ? until : since);
	}
	store_reader_close(&r);
}

/* Rows of which either table has another than what the hours make; 0: none. */
#define DIFFERENT(table, start)                                                                    \
	"SELECT (SELECT count(*) FROM (SELECT * FROM " table " EXCEPT " LONGER(                    \
		start) ")) +"                                                                      \
		       " (SELECT count(*) FROM (" LONGER(start) " EXCEPT SELECT * FROM " table     \
								"))"
#define LONGER(start)                                                                              \
	"SELECT " start ", endpoint, sum(flows), sum(packets_sent), sum(bytes_sent),"              \
	" sum(packets_received), sum(bytes_received), min(first_ns), max(last_ns)"                 \
	" FROM hourly GROUP BY 1, 2"
#define DAY "hour_ns - hour_ns % 86400000000000"
#define WEEK "hour_ns - (hour_ns + 259200000000000) % 604800000000000"

static const char different_minutes[] =
	"SELECT count(*) FROM (SELECT * FROM day EXCEPT SELECT minute_ns - minute_ns % "
	"86400000000000, run, sum(frames), sum(bytes), sum(monitored), sum(flagged), sum(dropped),"
	" sum(truncated), sum(not_judged), sum(in_doubt) FROM minute GROUP BY 1, 2)";

static void check_longer_sums(void)
{
	struct store_reader r;

	assert_int_equal(store_reader_open(&r, folder, 0), 0);
	assert_true(number_in(&r.state, "SELECT count(*) FROM daily") > DAYS);
	assert_true(number_in(&r.state, "SELECT count(*) FROM day") >= DAYS);
	assert_int_equal(number_in(&r.state, DIFFERENT("daily", DAY)), 0);
	assert_int_equal(number_in(&r.state, DIFFERENT("weekly", WEEK)), 0);
	assert_int_equal(number_in(&r.state, different_minutes), 0);
	store_reader_close(&r);
}

static void days_and_weeks_are_the_sums_of_their_hours(void **state)
{
	(void)state;
	check_longer_sums();
}

/* ---- a store of version 1 ---- */

static const char as_version_1[] =
	"DROP TABLE daily; DROP TABLE weekly; DROP TABLE day; DROP INDEX finding_by_appliance; "
	"DROP INDEX told_by_time;"
	"DROP INDEX connection_by_first; DROP INDEX connection_by_last; DELETE FROM sides;"
	"INSERT INTO sides VALUES(600000000000, 5, 1), (660000000000, 7, 0), (1200000000000, 1, 2);"
	"PRAGMA user_version=1";

static void open_state(struct database *d, enum database_mode mode)
{
	char path[SEGMENT_PATH_BYTES];

	state_path(folder, path);
	assert_int_equal(database_open(d, path, mode, &state_kind), 0);
}

static void an_older_store_answers_from_its_hours(void **state)
{
	struct store_filter f = {.since_ns = BEGAN_NS, .until_ns = BEGAN_NS + SPAN_NS};
	struct answer_table a = {.limit = 0};
	struct store_reader r;
	struct coverage c;
	struct database d;

	(void)state;
	open_state(&d, DATABASE_EXTEND);
	assert_int_equal(database_run(&d, as_version_1), 0);
	database_close(&d);
	assert_int_equal(store_reader_open(&r, folder, 0), 0);
	assert_false(r.has_days);
	assert_int_equal(ask_matrix(&r, &f, &a), 0);
	assert_int_equal(answer_rows(&a), ENDPOINTS / 2);
	assert_int_equal(coverage_read(&r, f.since_ns, f.until_ns, &c), 0);
	assert_true(c.frames > 0);
	answer_fini(&a);
	store_reader_close(&r);
}

static void a_note_leaves_an_older_store_to_its_writer(void **state)
{
	struct database d;

	(void)state;
	open_state(&d, DATABASE_EXTEND);
	assert_int_equal(d.version, 1);
	assert_int_equal(number_in(&d, "PRAGMA user_version"), 1);
	database_close(&d);
}

static void a_writer_brings_an_older_store_up_to_date(void **state)
{
	struct database d;

	(void)state;
	open_state(&d, DATABASE_WRITE);
	assert_int_equal(number_in(&d, "PRAGMA user_version"), STATE_DAYS_VERSION);
	assert_int_equal(
		number_in(&d, "SELECT both FROM sides WHERE minute_ns = 600000000000"), 12);
	assert_int_equal(number_in(&d, "SELECT count(*) FROM sides"), 2);
	database_close(&d);
	check_longer_sums();
	random_windows_answer_as_their_hours_alone_do(state);
}

static int remove_store(void **state)
{
	(void)state;
	leftover_remove(folder);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_window_has_whole_days_and_weeks_from_monday),
		cmocka_unit_test(the_parts_of_any_window_lie_in_order_within_it),
		cmocka_unit_test(days_and_weeks_are_the_sums_of_their_hours),
		cmocka_unit_test(random_windows_answer_as_their_hours_alone_do),
		cmocka_unit_test(an_older_store_answers_from_its_hours),
		cmocka_unit_test(a_note_leaves_an_older_store_to_its_writer),
		cmocka_unit_test(a_writer_brings_an_older_store_up_to_date),
	};

	if (!mkdtemp(folder))
		return 1;
	return cmocka_run_group_tests(tests, make_store, remove_store);
}
