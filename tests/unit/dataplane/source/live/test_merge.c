/* Interfaces with packets of given times, and a clock that is set by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "source/live/merge.h"

#define HOLD 20
#define NOW 1000000

static struct merge_queue queue[3];

static struct merge merge_of(size_t queues)
{
	memset(queue, 0, sizeof(queue));
	for (size_t i = 0; i < queues; i++)
		queue[i].exhausted = 1;
	return (struct merge){.queue = queue, .queues = queues, .now_ns = NOW, .hold_ns = HOLD};
}

static void add(size_t interface, uint64_t time_ns)
{
	*merge_queue_add(&queue[interface]) =
		(struct packet){.time_ns = time_ns, .interface = (uint16_t)interface};
}

static void expect_packet(struct merge *m, size_t interface, uint64_t time_ns)
{
	const struct packet *p = merge_take(m);

	assert_non_null(p);
	assert_int_equal(p->interface, interface);
	assert_int_equal(p->time_ns, time_ns);
}

static void packets_of_two_interfaces_go_out_by_time(void **state)
{
	struct merge m = merge_of(2);

	(void)state;
	add(0, NOW - 90);
	add(0, NOW - 70);
	add(1, NOW - 80);
	add(1, NOW - 60);
	expect_packet(&m, 0, NOW - 90);
	expect_packet(&m, 1, NOW - 80);
	expect_packet(&m, 0, NOW - 70);
	expect_packet(&m, 1, NOW - 60);
	assert_null(merge_take(&m));
	assert_int_equal(merge_held_ns(&m), MERGE_NOTHING_HELD);
}

static void of_equal_times_the_first_interface_comes_first(void **state)
{
	struct merge m = merge_of(3);

	(void)state;
	for (size_t i = 3; i-- > 0;)
		add(i, NOW - 50);
	expect_packet(&m, 0, NOW - 50);
	expect_packet(&m, 1, NOW - 50);
	expect_packet(&m, 2, NOW - 50);
}

static void an_idle_interface_holds_a_packet_for_the_latency_and_no_longer(void **state)
{
	struct merge m = merge_of(3);

	(void)state;
	add(0, NOW - 5);
	assert_null(merge_take(&m));
	assert_int_equal(merge_held_ns(&m), HOLD - 5);
	m.now_ns += HOLD - 6;
	assert_null(merge_take(&m));
	assert_int_equal(merge_held_ns(&m), 1);
	m.now_ns += 1;
	expect_packet(&m, 0, NOW - 5);
}

static void what_is_waited_for_goes_out_before(void **state)
{
	struct merge m = merge_of(2);

	(void)state;
	add(0, NOW - 5);
	assert_null(merge_take(&m));
	add(1, NOW - 7);
	expect_packet(&m, 1, NOW - 7);
	assert_null(merge_take(&m));
	add(1, NOW - 4);
	expect_packet(&m, 0, NOW - 5);
}

static void a_ring_that_may_have_more_is_read_before_anything_goes_out(void **state)
{
	struct merge m = merge_of(2);

	(void)state;
	add(0, NOW - 500);
	queue[1].exhausted = 0;
	assert_null(merge_take(&m));
	add(1, NOW - 600);
	expect_packet(&m, 1, NOW - 600);
	assert_null(merge_take(&m));
}

static void an_interface_keeps_its_own_order_where_its_times_step_back(void **state)
{
	struct merge m = merge_of(2);

	(void)state;
	add(0, NOW - 50);
	add(0, NOW - 90);
	add(0, NOW - 40);
	add(1, NOW - 60);
	add(1, NOW - 45);
	expect_packet(&m, 1, NOW - 60);
	expect_packet(&m, 0, NOW - 50);
	expect_packet(&m, 0, NOW - 90);
	expect_packet(&m, 1, NOW - 45);
	expect_packet(&m, 0, NOW - 40);
}

static void a_time_far_ahead_of_the_clock_waits_for_nothing_and_keeps_nothing_waiting(void **state)
{
	struct merge m = merge_of(2);

	(void)state;
	add(0, NOW + 86400);
	add(0, NOW - 30);
	add(1, NOW - 40);
	expect_packet(&m, 0, NOW + 86400);
	expect_packet(&m, 1, NOW - 40);
	expect_packet(&m, 0, NOW - 30);
	queue[1].exhausted = 0;
	add(0, NOW + HOLD + 1);
	expect_packet(&m, 0, NOW + HOLD + 1);
}

static void a_clock_that_was_set_back_holds_nothing(void **state)
{
	struct merge m = merge_of(2);

	(void)state;
	add(0, NOW - 5);
	assert_null(merge_take(&m));
	m.now_ns -= 3600;
	expect_packet(&m, 0, NOW - 5);
}

static void at_the_end_everything_goes_out(void **state)
{
	struct merge m = merge_of(2);

	(void)state;
	add(0, NOW - 1);
	add(0, NOW + 2);
	queue[1].exhausted = 0;
	assert_null(merge_take(&m));
	merge_end(&m);
	expect_packet(&m, 0, NOW - 1);
	expect_packet(&m, 0, NOW + 2);
	assert_int_equal(merge_held_ns(&m), MERGE_NOTHING_HELD);
}

/* Two rings with blocks of different sizes, read as a source reads them. */
static void two_rings_are_merged_without_loss_and_within_the_latency(void **state)
{
	struct merge m = merge_of(2);
	const struct packet *p;
	uint64_t read_to[2] = {0, 0}, last = 0;
	unsigned got = 0;

	(void)state;
	for (m.now_ns = 0; m.now_ns < 3000 + 2 * HOLD; m.now_ns++) {
		for (size_t i = 0; i < 2; i++) {
			uint64_t block = i ? 7 : 13, ready = m.now_ns / block * block;

			if (!merge_queue_is_empty(&queue[i]))
				continue;
			merge_queue_clear(&queue[i]);
			for (; read_to[i] < ready && read_to[i] < 3000; read_to[i]++)
				if (read_to[i] % 2 == i)
					add(i, read_to[i]);
			queue[i].exhausted = 1;
		}
		while ((p = merge_take(&m))) {
			assert_true(p->time_ns >= last);
			assert_true(m.now_ns <= p->time_ns + HOLD);
			last = p->time_ns;
			got++;
		}
	}
	assert_int_equal(got, 3000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_of_two_interfaces_go_out_by_time),
		cmocka_unit_test(of_equal_times_the_first_interface_comes_first),
		cmocka_unit_test(an_idle_interface_holds_a_packet_for_the_latency_and_no_longer),
		cmocka_unit_test(what_is_waited_for_goes_out_before),
		cmocka_unit_test(a_ring_that_may_have_more_is_read_before_anything_goes_out),
		cmocka_unit_test(an_interface_keeps_its_own_order_where_its_times_step_back),
		cmocka_unit_test(
			a_time_far_ahead_of_the_clock_waits_for_nothing_and_keeps_nothing_waiting),
		cmocka_unit_test(a_clock_that_was_set_back_holds_nothing),
		cmocka_unit_test(at_the_end_everything_goes_out),
		cmocka_unit_test(two_rings_are_merged_without_loss_and_within_the_latency),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
