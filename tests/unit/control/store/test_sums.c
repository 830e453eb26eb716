/* Sums over flows: by hour, by peer, and the gaps between starts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <netinet/in.h>

#include "store/store_schema.h"
#include "store/sums.h"

#define START_NS (1000 * STORE_HOUR_NS)

static struct stored_flow flow(uint64_t start_ns, uint64_t end_ns, uint64_t packets)
{
	struct stored_flow f;

	memset(&f, 0, sizeof(f));
	f.start_ns = start_ns;
	f.end_ns = end_ns;
	f.version = 4;
	f.protocol = IPPROTO_TCP;
	f.is_first = 1;
	f.packets[0] = f.all_packets[0] = packets;
	f.bytes[0] = f.all_bytes[0] = 100 * packets;
	f.address[1].byte[15] = 9;
	return f;
}

static uint64_t packets_of_all(const struct sums *all, enum sum_kind kind)
{
	uint64_t sum = 0;

	for (const struct sum *s = all->first[kind]; s; s = s->hh.next)
		sum += s->packets[0];
	return sum;
}

static void a_long_flow_is_spread_over_its_hours_and_nothing_is_lost(void **state)
{
	struct sums all = {.error = 0};
	struct stored_flow f = flow(START_NS + 7, START_NS + 5 * STORE_HOUR_NS + 13, 1000003);

	(void)state;
	sums_add_end(&all, &f, 0, 1);
	assert_int_equal(HASH_COUNT(all.first[SUM_HOUR]), 6);
	assert_int_equal(packets_of_all(&all, SUM_HOUR), 1000003);
	sums_clear(&all);
}

static void a_flow_without_duration_is_in_one_hour(void **state)
{
	struct sums all = {.error = 0};
	struct stored_flow f = flow(START_NS, START_NS, 3);

	(void)state;
	sums_add_end(&all, &f, 0, 1);
	assert_int_equal(HASH_COUNT(all.first[SUM_HOUR]), 1);
	assert_int_equal(packets_of_all(&all, SUM_HOUR), 3);
	assert_int_equal(all.first[SUM_HOUR]->flows, 1);
	sums_clear(&all);
}

static void a_part_of_a_flow_lies_behind_what_was_told_before(void **state)
{
	struct sums all = {.error = 0};
	struct stored_flow f = flow(START_NS, START_NS + 3 * STORE_HOUR_NS, 30);

	(void)state;
	f.booked_ns = START_NS + 2 * STORE_HOUR_NS;
	f.is_first = 0;
	sums_add_end(&all, &f, 0, 1);
	assert_int_equal(HASH_COUNT(all.first[SUM_HOUR]), 1);
	assert_int_equal(all.first[SUM_HOUR]->key.time_ns, START_NS + 2 * STORE_HOUR_NS);
	assert_int_equal(all.first[SUM_HOUR]->flows, 0);
	sums_clear(&all);
}

static void gaps_are_those_of_the_starts_in_order(void **state)
{
	static const unsigned order[] = {4, 0, 2, 1, 3};
	struct sums all = {.error = 0};
	struct sum_gaps g;

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		struct stored_flow f =
			flow(START_NS + order[i] * 600000000000ull, START_NS + STORE_DAY_NS, 1);
		sums_add_end(&all, &f, 0, 1);
	}
	g = sum_gaps(all.first[SUM_PEER]);
	assert_int_equal(g.gaps, 4);
	assert_true(g.sum > 2399.9 && g.sum < 2400.1);
	assert_true(g.squares > 1439999 && g.squares < 1440001);
	assert_int_equal(g.first_ns, START_NS);
	sums_clear(&all);
}

static void one_side_counts_where_it_carries_data(void **state)
{
	struct sums all = {.error = 0};
	struct stored_flow one = flow(START_NS, START_NS, 8), syns = one;

	(void)state;
	syns.all_bytes[0] = 8 * 52; /* nobody answered */
	sums_add_sides(&all, &one);
	sums_add_sides(&all, &syns);
	assert_int_equal(all.first[SUM_SIDES]->packets[0], 0);
	assert_int_equal(all.first[SUM_SIDES]->packets[1], 1);
	sums_clear(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_long_flow_is_spread_over_its_hours_and_nothing_is_lost),
		cmocka_unit_test(a_flow_without_duration_is_in_one_hour),
		cmocka_unit_test(a_part_of_a_flow_lies_behind_what_was_told_before),
		cmocka_unit_test(gaps_are_those_of_the_starts_in_order),
		cmocka_unit_test(one_side_counts_where_it_carries_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
