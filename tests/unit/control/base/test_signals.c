#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

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

static void *count_stops(void *unused)
{
	unsigned seen = 0;

	(void)unused;
	while (seen < 2)
		seen = signals_stop_wait(seen);
	signals_end_by_stop();
	return NULL;
}

/* In a child, which the signal ends. */
static void a_second_stop_is_left_to_who_waits_for_it(void **state)
{
	pthread_t thread;
	int status;
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		signals_watch_stop();
		signals_leave_stops(true);
		pthread_create(&thread, NULL, count_stops, NULL);
		raise(SIGINT);
		raise(SIGINT);
		pthread_join(thread, NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGINT);
}

static void who_waits_for_a_stop_can_be_woken(void **state)
{
	(void)state;
	signals_watch_stop();
	signals_stop_wake();
	assert_int_equal(signals_stop_wait(0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signals_are_each_taken_once),
		cmocka_unit_test(signals_have_a_flag_each),
		cmocka_unit_test(a_second_stop_is_left_to_who_waits_for_it),
		cmocka_unit_test(who_waits_for_a_stop_can_be_woken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
