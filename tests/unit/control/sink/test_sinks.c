#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "base/clock.h"
#include "config/settings.h"
#include "record/event.h"
#include "sink/message_queue.h"
#include "sink/sinks.h"

static json_int_t figure(const json_t *states, size_t i, const char *name)
{
	return json_integer_value(json_object_get(json_array_get(states, i), name));
}

static const char *text(const json_t *states, size_t i, const char *name)
{
	return json_string_value(json_object_get(json_array_get(states, i), name));
}

/* /dev/full simulates a full disk. */
static void sinks_never_wait_for_a_sink_that_stalls(void **state)
{
	char path[] = "/tmp/sinks-XXXXXX";
	struct sink_settings sink[] = {
		{.kind = SINK_JSON, .value = {[SINK_KEY_PATH] = (char *)"/dev/full"}},
		{.kind = SINK_JSON, .value = {[SINK_KEY_PATH] = path}, .flows = true},
	};
	struct output_settings outputs = {.sink = sink, .sinks = 2};
	struct sinks *sinks;
	struct event alert = {.kind = EVENT_ALERT, .json = "{}", .json_bytes = 2};
	struct event flow = {.kind = EVENT_FLOW, .json = "{}", .json_bytes = 2};
	json_t *states;
	uint64_t start_ns = clock_steady_ns();

	(void)state;
	close(mkstemp(path));
	assert_int_equal(sinks_open(&sinks, &outputs), 0);
	assert_int_equal(sinks_start(sinks), 0);
	assert_true(sinks_want_flows(sinks));
	for (unsigned i = 0; i < QUEUE_MESSAGES_MAX; i++)
		sinks_send(sinks, &alert);
	sinks_send(sinks, &flow);
	usleep(300000);
	for (unsigned i = 0; i < 100; i++)
		sinks_send(sinks, &alert);
	assert_true(clock_steady_ns() - start_ns < 2000000000);
	sinks_finish(sinks);
	assert_true(clock_steady_ns() - start_ns < 5000000000);
	states = sinks_states(sinks);
	assert_string_equal(text(states, 0, "name"), "/dev/full");
	assert_string_equal(text(states, 0, "state"), "retrying");
	assert_string_equal(text(states, 0, "last_error"), "No space left on device");
	assert_int_equal(figure(states, 0, "queued"), QUEUE_MESSAGES_MAX);
	assert_int_equal(figure(states, 0, "dropped"), 100);
	assert_string_equal(text(states, 1, "state"), "ok");
	assert_int_equal(figure(states, 1, "queued"), 0);
	assert_int_equal(figure(states, 1, "delivered") + figure(states, 1, "dropped"),
		QUEUE_MESSAGES_MAX + 101);
	json_decref(states);
	sinks_close(sinks);
	unlink(path);
}

static void sinks_bound_what_waits_in_bytes_too(void **state)
{
	struct message_queue b;
	char *big = calloc(1, 1 << 20);
	struct event *v = event_copy(&(struct event){.json = big, .json_bytes = 1 << 20});
	unsigned taken = 0;

	(void)state;
	assert_int_equal(message_queue_init(&b), 0);
	while (taken < 100 && message_queue_add(&b, v))
		taken++;
	assert_int_equal(taken, 16);
	message_queue_remove_first(&b);
	assert_true(message_queue_add(&b, v));
	event_drop(v);
	message_queue_fini(&b);
	free(big);
}

static void sinks_that_cannot_be_opened_say_so_at_once(void **state)
{
	struct sink_settings sink[] = {
		{.kind = SINK_JSON, .value = {[SINK_KEY_PATH] = (char *)"/tmp"}},
		{.kind = SINK_SYSLOG,
			.value = {[SINK_KEY_ADDRESS] = (char *)"tls://localhost:6514",
				[SINK_KEY_CA] = (char *)"/there/is/no/such/file"}},
	};
	struct output_settings outputs = {.sinks = 1};
	struct sinks *sinks;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		outputs.sink = &sink[i];
		assert_true(sinks_open(&sinks, &outputs) < 0);
		assert_null(sinks);
	}
	outputs.sinks = 0;
	assert_int_equal(sinks_open(&sinks, &outputs), 0);
	assert_null(sinks);
	sinks_send(sinks, &(struct event){.kind = EVENT_ALERT});
	sinks_reopen(sinks);
	sinks_close(sinks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sinks_never_wait_for_a_sink_that_stalls),
		cmocka_unit_test(sinks_bound_what_waits_in_bytes_too),
		cmocka_unit_test(sinks_that_cannot_be_opened_say_so_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
