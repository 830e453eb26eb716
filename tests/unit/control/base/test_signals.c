#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/signals.h"

#define SIGNALS 1000

static atomic_uint taken;
static atomic_bool is_over;

/* Another thread than the one that is signalled, as in a sensor with workers. */
static void *take(void *unused)
{
	(void)unused;
	while (!atomic_load(&is_over))
		if (signals_reload_requested())
			atomic_fetch_add(&taken, 1);
	return NULL;
}

static void signals_are_each_taken_once(void **state)
{
	pthread_t thread;

	(void)state;
	signals_watch_reload();
	assert_false(signals_reload_requested());
	assert_int_equal(pthread_create(&thread, NULL, take, NULL), 0);
	for (unsigned i = 0; i < SIGNALS; i++) {
		raise(SIGHUP);
		while (atomic_load(&taken) == i)
			;
	}
	atomic_store(&is_over, true);
	pthread_join(thread, NULL);
	assert_int_equal(taken, SIGNALS);
	assert_false(signals_reload_requested());
}

static void signals_have_a_flag_each(void **state)
{
	(void)state;
	signals_watch_reload();
	signals_watch_reopen();
	raise(SIGUSR1);
	assert_false(signals_reload_requested());
	assert_true(signals_reopen_requested());
	assert_false(signals_stop_requested());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signals_are_each_taken_once),
		cmocka_unit_test(signals_have_a_flag_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
