/* The store as a sensor tells it, with a clock that is set back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/leftovers.h"
#include "store/coverage.h"
#include "store/questions.h"
#include "store/segment_list.h"
#include "store/store.h"
#include "store/store_schema.h"

#define BEGAN_NS (490000 * STORE_HOUR_NS)
#define FLOWS 3000u
#define FRAMES 1000u

static char folder[] = "/tmp/portolan-test-store-XXXXXX";

/* The number is in its ports, so that no two are alike. */
static void tell_flow(struct store *s, unsigned number, uint64_t end_ns)
{
	struct stored_flow f;

	memset(&f, 0, sizeof(f));
	f.start_ns = end_ns - 1000000;
	f.end_ns = end_ns;
	f.version = 4;
	f.protocol = IPPROTO_TCP;
	f.has_ports = f.is_first = 1;
	f.address[0].byte[15] = 1;
	f.address[1].byte[15] = 9;
	f.port[0] = (uint16_t)(1024 + number);
	f.port[1] = 443;
	f.endpoint[0] = 1;
	f.packets[0] = f.all_packets[0] = 1;
	store_flow(s, &f);
}

/* An hour of flows and minutes. */
static void tell_hour(struct store *s, uint64_t from_ns, unsigned first)
{
	for (unsigned i = 0; i < FLOWS; i++)
		tell_flow(s, first + i, from_ns + i * (STORE_HOUR_NS / FLOWS));
	for (unsigned i = 0; i < 60; i++)
		store_minute(s, &(struct stored_minute){.minute_ns = from_ns + i * STORE_MINUTE_NS,
					.frames = FRAMES,
					.monitored = FRAMES});
	store_flush(s);
}

/* The clock is right for two hours, is set back by one, and goes on. */
static void tell_all(void)
{
	struct store_config config = {.folder = folder, .keeps_all = true};
	struct stored_endpoint e = {1, "ftd-1", "managed-device", "outbound",
		"managed-device/outbound/443/tcp", "", "expected"};
	struct store *s;
	unsigned unclean;

	assert_int_equal(store_open(&s, &config, &unclean), 0);
	assert_int_equal(store_start(s), 0);
	store_run(s, &(struct stored_run){"run", "host", "1", "site", "", BEGAN_NS, 0});
	store_endpoint(s, &e);
	for (unsigned i = 0; i < 4; i++) {
		static const unsigned hour[] = {0, 1, 1, 2};
		tell_hour(s, BEGAN_NS + hour[i] * STORE_HOUR_NS, i * FLOWS);
		nanosleep(&(struct timespec){.tv_nsec = 500000000}, NULL);
	}
	assert_int_equal(store_state(s).lost, 0);
	assert_int_equal(
		store_close(s, BEGAN_NS + 3 * STORE_HOUR_NS, "stopped", 10 * 1000000000ull), 0);
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

static void check_segments(void)
{
	static const unsigned want[] = {FLOWS, 2 * FLOWS, FLOWS};
	char path[SEGMENT_PATH_BYTES];
	struct segment_list l;

	assert_int_equal(segment_list_read(&l, folder), 0);
	assert_int_equal(l.count, 3);
	for (unsigned i = 0; i < 3; i++) {
		struct database d;
		segment_path(folder, l.file[i].hour_ns, path);
		assert_int_equal(database_open(&d, path, DATABASE_READ, &segment_kind), 0);
		assert_int_equal(number_in(&d, "SELECT count(*) FROM flow"), want[i]);
		assert_int_equal(
			number_in(&d, "SELECT count(DISTINCT initiator_port) FROM flow"), want[i]);
		database_close(&d);
	}
	segment_list_free(&l);
}

static void a_clock_that_is_set_back_loses_nothing_and_doubles_nothing(void **state)
{
	struct store_reader r;
	struct store_filter f = {.since_ns = 0};
	struct answer_table a = {.limit = 0};
	struct coverage c;

	(void)state;
	tell_all();
	check_segments();
	assert_int_equal(store_reader_open(&r, folder, 0), 0);
	assert_int_equal(number_in(&r.state, "SELECT sum(flows) FROM hourly"), 4 * FLOWS);
	assert_int_equal(number_in(&r.state, "SELECT flows FROM peer"), 4 * FLOWS);
	assert_int_equal(number_in(&r.state, "SELECT sum(frames) FROM minute"), 240 * FRAMES);
	assert_int_equal(number_in(&r.state, "SELECT count(*) FROM minute"), 180);
	assert_int_equal(
		number_in(&r.state, "SELECT count(*) FROM run WHERE ending = 'stopped'"), 1);
	f.since_ns = r.first_ns;
	f.until_ns = r.now_ns;
	assert_int_equal(ask_flows(&r, &f, &a), 0);
	assert_int_equal(answer_rows(&a), 4 * FLOWS);
	answer_fini(&a);
	assert_int_equal(coverage_read(&r, f.since_ns, f.until_ns, &c), 0);
	assert_true(coverage_share(&c) > 0.98 && coverage_share(&c) <= 1);
	assert_int_equal(c.frames, 240 * FRAMES);
	assert_int_equal(c.gaps, 0);
	store_reader_close(&r);
}

/* ---- a batch that fails ---- */

#define HOURS 7u /* more than may be open: some are committed before the batch is */
#define FAILING 5u

static void spoil(const char *path)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs("not a segment", f);
	fclose(f);
}

static void tell_failing_batch(struct store *s)
{
	store_run(s, &(struct stored_run){"run", "host", "1", "site", "", BEGAN_NS, 0});
	store_endpoint(s, &(struct stored_endpoint){
				  1, "ftd-1", "managed-device", "outbound", "", "", "expected"});
	for (unsigned i = 0; i < HOURS * 10; i++) /* and then the first hour again */
		tell_flow(s, i, BEGAN_NS + i / 10 * STORE_HOUR_NS + i);
	for (unsigned i = 0; i < 10; i++)
		tell_flow(s, HOURS * 10 + i, BEGAN_NS + 100 + i);
	tell_flow(s, HOURS * 10 + 10, BEGAN_NS + FAILING * STORE_HOUR_NS + 100);
	store_flush(s);
}

static int64_t flows_of_hour(unsigned hour, const char *what)
{
	char path[SEGMENT_PATH_BYTES], sql[96];
	struct database d;
	int64_t count;

	segment_path(folder, BEGAN_NS + hour * STORE_HOUR_NS, path);
	assert_int_equal(database_open(&d, path, DATABASE_READ, &segment_kind), 0);
	snprintf(sql, sizeof(sql), "SELECT count(%s) FROM flow", what);
	count = number_in(&d, sql);
	database_close(&d);
	return count;
}

static void a_batch_of_many_hours_that_fails_stores_no_flow_twice(void **state)
{
	struct store_config config = {.folder = folder, .keeps_all = true};
	char path[SEGMENT_PATH_BYTES];
	struct store *s;
	unsigned unclean;

	(void)state;
	leftover_remove(folder);
	assert_int_equal(store_open(&s, &config, &unclean), 0);
	segment_path(folder, BEGAN_NS + FAILING * STORE_HOUR_NS, path);
	spoil(path);
	tell_failing_batch(s);
	assert_int_equal(store_start(s), 0);
	while (store_state(s).error == 0)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(
		store_close(s, BEGAN_NS + HOURS * STORE_HOUR_NS, "stopped", 10 * 1000000000ull), 0);
	for (unsigned hour = 0; hour < HOURS; hour++) {
		int64_t want = hour == 0 ? 20 : hour == FAILING ? 11 : 10;
		assert_int_equal(flows_of_hour(hour, "*"), want);
		assert_int_equal(flows_of_hour(hour, "DISTINCT initiator_port"), want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clock_that_is_set_back_loses_nothing_and_doubles_nothing),
		cmocka_unit_test(a_batch_of_many_hours_that_fails_stores_no_flow_twice),
	};
	int failed;

	if (!mkdtemp(folder))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	leftover_remove(folder);
	return failed;
}
