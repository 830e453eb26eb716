/* Baseline findings: what is told of peers and of silence, and what decides nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/baseline.h"
#include "store/database.h"
#include "store/store_schema.h"

#define SECOND_NS 1000000000ull
#define HOUR_NS STORE_HOUR_NS
#define DAY_NS STORE_DAY_NS
#define START_NS (20000 * DAY_NS)
#define DAYS 10

/* A store in which one sensor has listened for ten days; learned are seven. */
static struct {
	char folder[64], path[96];
	struct database database;
	struct baseline baseline;
	struct baseline_finding *found;
} world;

static void sql(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void sql(const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	assert_int_equal(database_run(&world.database, text), 0);
}

static int begin(void **state)
{
	(void)state;
	snprintf(world.folder, sizeof(world.folder), "/tmp/test-baseline-XXXXXX");
	if (!mkdtemp(world.folder))
		return -1;
	snprintf(world.path, sizeof(world.path), "%s/state.db", world.folder);
	if (database_open(&world.database, world.path, DATABASE_WRITE, &state_kind) < 0)
		return -1;
	world.baseline = (struct baseline){.learn_ns = 7 * DAY_NS, .is_replay = true};
	sql("INSERT INTO run(kind, began_ns, seen_ns) VALUES('run', %llu, %llu)", START_NS,
		START_NS + DAYS * DAY_NS);
	return 0;
}

static int end(void **state)
{
	char path[128];

	(void)state;
	baseline_findings_free(world.found);
	world.found = NULL;
	baseline_fini(&world.baseline);
	database_close(&world.database);
	for (unsigned i = 0; i < 3; i++) {
		static const char *const more[] = {"", "-wal", "-shm"};
		snprintf(path, sizeof(path), "%s%s", world.path, more[i]);
		unlink(path);
	}
	return rmdir(world.folder);
}

static void endpoint(int id, const char *appliance, const char *direction, const char *rule)
{
	sql("INSERT INTO endpoint VALUES(%d, '%s', 'managed-device', '%s', '%s', '', 'expected')",
		id, appliance, direction, rule);
}

static void peer(int endpoint, const char *name, uint64_t first_ns)
{
	sql("INSERT INTO peer VALUES(%d, '%s', %llu, %llu, 1, 9, 900, %llu, 0, 0, 0)", endpoint,
		name, (unsigned long long)first_ns, (unsigned long long)first_ns,
		(unsigned long long)first_ns);
}

/* Packets in each hour from one to another, counted from the start. */
static void carried(int endpoint, unsigned from, unsigned to, unsigned packets)
{
	for (unsigned h = from; h < to; h++)
		sql("INSERT OR REPLACE INTO hourly VALUES(%llu, %d, 1, %u, 100, 0, 0, %llu, %llu)",
			START_NS + h * HOUR_NS, endpoint, packets, START_NS + h * HOUR_NS,
			START_NS + h * HOUR_NS + HOUR_NS / 2);
}

static unsigned evaluate(void)
{
	unsigned count = 0;

	baseline_findings_free(world.found);
	assert_int_equal(baseline_evaluate(&world.baseline, &world.database,
				 START_NS + DAYS * DAY_NS, &world.found),
		0);
	for (const struct baseline_finding *f = world.found; f; f = f->next)
		count++;
	return count;
}

/* As the store does with what it is told of. */
static void store_found(void)
{
	for (const struct baseline_finding *f = world.found; f; f = f->next)
		sql("INSERT OR REPLACE INTO finding VALUES('%s', 'baseline', '%s', NULL, 1, %llu, "
		    "%llu,"
		    " 0, '%s', '%s', '%s', NULL, '%s', NULL, '%s', 1, 1, 0, '', '', '', 0, 0)",
			f->id, f->ends ? "ended" : "new", (unsigned long long)f->first_ns,
			(unsigned long long)f->last_ns, f->appliance, f->peer, f->direction,
			baseline_name(f->kind), f->rule);
}

#define OUTBOUND_443 "managed-device/outbound/443/tcp"
#define OUTBOUND_514 "managed-device/outbound/514/udp"

static void a_new_peer_is_told_once_and_only_after_the_learning_time(void **state)
{
	(void)state;
	endpoint(1, "ftd-1", "outbound", OUTBOUND_443);
	peer(1, "192.0.2.1", START_NS + HOUR_NS);
	peer(1, "192.0.2.2", START_NS + 6 * DAY_NS);
	peer(1, "192.0.2.3", START_NS + 8 * DAY_NS);
	assert_int_equal(evaluate(), 1);
	assert_int_equal(world.found->kind, BASELINE_NEW_PEER);
	assert_string_equal(world.found->peer, "192.0.2.3");
	store_found();
	assert_int_equal(evaluate(), 0);
}

static void what_comes_in_or_on_other_rows_is_no_new_peer(void **state)
{
	(void)state;
	endpoint(1, "ftd-1", "inbound", "managed-device/inbound/443/tcp");
	endpoint(2, "ftd-1", "outbound", "managed-device/outbound/53/udp");
	peer(1, "192.0.2.1", START_NS + HOUR_NS);
	peer(1, "192.0.2.3", START_NS + 8 * DAY_NS);
	peer(2, "192.0.2.3", START_NS + 8 * DAY_NS);
	assert_int_equal(evaluate(), 0);
}

static void an_appliance_that_came_later_is_learned_for_as_long(void **state)
{
	(void)state;
	endpoint(1, "ftd-9", "outbound", OUTBOUND_443);
	peer(1, "192.0.2.1", START_NS + 8 * DAY_NS);
	peer(1, "192.0.2.2", START_NS + 9 * DAY_NS);
	assert_int_equal(evaluate(), 0);
}

static void many_new_peers_of_a_day_are_one_finding_more(void **state)
{
	char name[32];

	(void)state;
	endpoint(1, "ftd-1", "outbound", OUTBOUND_443);
	peer(1, "192.0.2.1", START_NS + HOUR_NS);
	for (unsigned i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "198.51.100.%u", i);
		peer(1, name, START_NS + 8 * DAY_NS + i * SECOND_NS);
	}
	assert_int_equal(evaluate(), BASELINE_PEERS_A_DAY + 1);
	store_found();
	assert_int_equal(evaluate(), 0);
}

static void regular_connections_to_a_new_peer_are_told_with_their_period(void **state)
{
	(void)state;
	endpoint(1, "ftd-1", "outbound", "");
	peer(1, "192.0.2.1", START_NS + HOUR_NS);
	peer(1, "192.0.2.9", START_NS + 8 * DAY_NS);
	sql("UPDATE peer SET flows = 11, gaps = 10, gap_sum = 3000, gap_squares = 902500"
	    " WHERE peer = '192.0.2.9'");
	assert_int_equal(evaluate(), 1);
	assert_int_equal(world.found->kind, BASELINE_REGULAR);
	assert_non_null(strstr(world.found->message, "every 300 s (jitter 5 %), 11 times"));
	sql("UPDATE peer SET gap_squares = 1200000 WHERE peer = '192.0.2.9'");
	assert_int_equal(evaluate(), 0);
}

/* Another row keeps the appliance in sight. */
static void speak(unsigned to_hour)
{
	endpoint(1, "ftd-1", "outbound", OUTBOUND_514);
	endpoint(2, "ftd-1", "outbound", OUTBOUND_443);
	carried(1, 0, to_hour, 6);
	carried(2, 0, DAYS * 24, 500);
}

static void a_row_that_falls_silent_is_told_and_told_again_when_it_speaks(void **state)
{
	(void)state;
	speak(200);
	carried(1, 220, DAYS * 24, 6);
	assert_int_equal(evaluate(), 2);
	assert_int_equal(world.found->kind, BASELINE_QUIET);
	assert_string_equal(world.found->rule, OUTBOUND_514);
	assert_int_equal(world.found->first_ns, START_NS + 199 * HOUR_NS + HOUR_NS / 2);
	assert_false(world.found->ends);
	assert_true(world.found->next->ends);
	assert_string_equal(world.found->id, world.found->next->id);
	assert_int_equal(world.found->next->last_ns, START_NS + 220 * HOUR_NS);
}

static void silence_goes_on_over_a_restart(void **state)
{
	(void)state;
	speak(200);
	assert_int_equal(evaluate(), 1);
	store_found();
	baseline_fini(&world.baseline);
	world.baseline = (struct baseline){.learn_ns = 7 * DAY_NS, .is_replay = true};
	assert_int_equal(evaluate(), 0);
	carried(1, 230, DAYS * 24, 6);
	baseline_fini(&world.baseline);
	world.baseline = (struct baseline){.learn_ns = 7 * DAY_NS, .is_replay = true};
	assert_int_equal(evaluate(), 1);
	assert_true(world.found->ends);
}

static void hours_in_which_nobody_listened_decide_nothing(void **state)
{
	(void)state;
	speak(200);
	sql("DELETE FROM hourly WHERE hour_ns >= %llu", START_NS + 200 * HOUR_NS);
	sql("UPDATE run SET seen_ns = %llu", START_NS + 200 * HOUR_NS);
	assert_int_equal(evaluate(), 0);
}

static void hours_with_a_mirror_in_doubt_decide_nothing(void **state)
{
	(void)state;
	speak(200);
	for (unsigned m = 200 * 60; m < DAYS * 24 * 60; m += 5)
		sql("INSERT INTO minute VALUES(%llu, 1, 1, 1, 1, 0, 0, 0, 0, 1)",
			START_NS + m * STORE_MINUTE_NS);
	assert_int_equal(evaluate(), 0);
}

static void sessions_of_people_are_no_row_that_speaks_by_itself(void **state)
{
	(void)state;
	speak(0);
	for (unsigned day = 0; day < DAYS - 1; day++)
		carried(1, day * 24 + 8, day * 24 + 18, 400);
	assert_int_equal(evaluate(), 0);
}

static void a_few_packets_less_are_no_silence(void **state)
{
	(void)state;
	speak(200);
	carried(1, 200, DAYS * 24, 1);
	assert_int_equal(evaluate(), 0);
}

static void an_appliance_that_is_not_seen_at_all_is_one_finding(void **state)
{
	(void)state;
	speak(200);
	endpoint(3, "ftd-2", "outbound", OUTBOUND_514);
	carried(3, 0, DAYS * 24, 60);
	sql("DELETE FROM hourly WHERE endpoint < 3 AND hour_ns >= %llu", START_NS + 200 * HOUR_NS);
	assert_int_equal(evaluate(), 1);
	assert_int_equal(world.found->kind, BASELINE_NOT_SEEN);
	assert_string_equal(world.found->appliance, "ftd-1");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_peer_is_told_once_and_only_after_the_learning_time),
		TEST(what_comes_in_or_on_other_rows_is_no_new_peer),
		TEST(an_appliance_that_came_later_is_learned_for_as_long),
		TEST(many_new_peers_of_a_day_are_one_finding_more),
		TEST(regular_connections_to_a_new_peer_are_told_with_their_period),
		TEST(a_row_that_falls_silent_is_told_and_told_again_when_it_speaks),
		TEST(silence_goes_on_over_a_restart),
		TEST(hours_in_which_nobody_listened_decide_nothing),
		TEST(hours_with_a_mirror_in_doubt_decide_nothing),
		TEST(sessions_of_people_are_no_row_that_speaks_by_itself),
		TEST(a_few_packets_less_are_no_silence),
		TEST(an_appliance_that_is_not_seen_at_all_is_one_finding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
