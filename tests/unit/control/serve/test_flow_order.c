#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/record_fixture.h"
#include "serve/flow_order.h"

#define NOW (1000 * SECOND)

static struct record a_flow(uint64_t start_ns, uint64_t end_ns, uint64_t packets)
{
	return (struct record){.version = 4,
		.protocol = IPPROTO_TCP,
		.port = {40000, 443},
		.start_ns = start_ns,
		.end_ns = end_ns,
		.packets = {packets, 0},
		.bytes = {100 * packets, 0},
		.service = SERVICE_COUNT};
}

static bool is_first(enum flow_order o, const struct record *a, const struct record *b)
{
	struct flow_rank first = flow_rank_of(o, a, NOW), second = flow_rank_of(o, b, NOW);

	return flow_rank_is_less(&second, &first);
}

static void every_name_of_an_order_is_found(void **state)
{
	(void)state;
#define CHECK(member, text) assert_int_equal(flow_order_by_name(text), FLOW_ORDER_##member);
	FLOW_ORDER_LIST(CHECK)
#undef CHECK
	assert_int_equal(flow_order_by_name("size"), FLOW_ORDER_COUNT);
}

static void rates_are_those_since_the_start(void **state)
{
	struct record r = a_flow(NOW - 10 * SECOND, NOW - 4 * SECOND, 50);
	struct event_live live = flow_live(&r, NOW);

	(void)state;
	assert_int_equal(live.age_ns, 10 * SECOND);
	assert_int_equal(live.idle_ns, 4 * SECOND);
	assert_true(live.packets_per_second == 5.0);
	assert_true(live.bits_per_second == 4000.0);
}

static void a_flow_that_began_just_now_has_the_rate_of_a_second(void **state)
{
	struct record r = a_flow(NOW - 1000, NOW, 2);

	(void)state;
	assert_true(flow_live(&r, NOW).packets_per_second == 2.0);
	assert_true(flow_live(&r, NOW - 5 * SECOND).idle_ns == 0);
}

static void numbers_come_largest_first_and_times_latest_first(void **state)
{
	struct record old = a_flow(NOW - 100 * SECOND, NOW - 50 * SECOND, 90),
		      young = a_flow(NOW - 2 * SECOND, NOW - SECOND, 10);

	(void)state;
	assert_true(is_first(FLOW_ORDER_PACKETS, &old, &young));
	assert_true(is_first(FLOW_ORDER_BYTES, &old, &young));
	assert_true(is_first(FLOW_ORDER_PPS, &young, &old));
	assert_true(is_first(FLOW_ORDER_BITS, &young, &old));
	assert_true(is_first(FLOW_ORDER_AGE, &old, &young));
	assert_true(is_first(FLOW_ORDER_IDLE, &old, &young));
	assert_true(is_first(FLOW_ORDER_START, &young, &old));
	assert_true(is_first(FLOW_ORDER_LAST, &young, &old));
}

static void words_addresses_and_ports_come_in_their_order(void **state)
{
	struct record a = a_flow(0, 1, 1), b = a_flow(0, 1, 2);

	(void)state;
	a.address[0].byte[15] = a.address[1].byte[15] = 9;
	b.address[0].byte[14] = b.address[1].byte[14] = 1;
	b.port[0] = 40001;
	b.port[1] = 444;
	a.service = SERVICE_DNS;
	b.service = SERVICE_TLS;
	a.connection = CONNECTION_ATTEMPTED;
	b.connection = CONNECTION_ESTABLISHED;
	assert_true(is_first(FLOW_ORDER_SOURCE, &a, &b));
	assert_true(is_first(FLOW_ORDER_DESTINATION, &a, &b));
	assert_true(is_first(FLOW_ORDER_SOURCE_PORT, &a, &b));
	assert_true(is_first(FLOW_ORDER_PORT, &a, &b));
	assert_true(is_first(FLOW_ORDER_SERVICE, &a, &b));
	assert_true(is_first(FLOW_ORDER_CONNECTION, &a, &b));
}

static void the_gravest_verdict_comes_first(void **state)
{
	struct record a = a_flow(0, 1, 1), b = a_flow(0, 1, 2);

	(void)state;
	a.verdict = VERDICT_UNEXPECTED_PORT;
	b.verdict = VERDICT_PEER_NOT_ALLOWED;
	a.severity = 2;
	b.severity = 1;
	assert_true(is_first(FLOW_ORDER_VERDICT, &a, &b));
	assert_true(is_first(FLOW_ORDER_SEVERITY, &a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_name_of_an_order_is_found),
		cmocka_unit_test(rates_are_those_since_the_start),
		cmocka_unit_test(a_flow_that_began_just_now_has_the_rate_of_a_second),
		cmocka_unit_test(numbers_come_largest_first_and_times_latest_first),
		cmocka_unit_test(words_addresses_and_ports_come_in_their_order),
		cmocka_unit_test(the_gravest_verdict_comes_first),
	};

	return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
