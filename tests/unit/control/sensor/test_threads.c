#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

#include "sensor/threads.h"

#define THREADS 8

static atomic_uint started;
static atomic_bool is_over;
static _Thread_local unsigned runs_here;
static atomic_uint wrong;

static void *wait_for_end(void *unused)
{
	(void)unused;
	atomic_fetch_add(&started, 1);
	while (!atomic_load(&is_over))
		usleep(1000);
	if (runs_here != 1)
		atomic_fetch_add(&wrong, 1);
	return NULL;
}

static void *block_signals(void *unused)
{
	sigset_t every;

	sigfillset(&every);
	pthread_sigmask(SIG_SETMASK, &every, NULL);
	return wait_for_end(unused);
}

static void begin(pthread_t thread[], unsigned threads, void *(*function)(void *))
{
	atomic_store(&is_over, false);
	atomic_store(&started, 0);
	for (unsigned i = 0; i < threads; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, function, NULL), 0);
	while (atomic_load(&started) < threads)
		usleep(1000);
}

static void end(const pthread_t thread[], unsigned threads)
{
	atomic_store(&is_over, true);
	for (unsigned i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
}

static int count(void *context)
{
	runs_here++;
	atomic_fetch_add((atomic_uint *)context, 1);
	return 0;
}

static void threads_run_a_function_once_in_each(void **state)
{
	pthread_t thread[THREADS];
	atomic_uint runs = 0;

	(void)state;
	begin(thread, THREADS, wait_for_end);
	assert_int_equal(threads_run(count, &runs), 0);
	end(thread, THREADS);
	assert_int_equal(atomic_load(&runs), THREADS + 1);
	assert_int_equal(atomic_load(&wrong), 0);
}

static int refuse(void *unused)
{
	(void)unused;
	return -EPERM;
}

static void threads_say_that_one_has_failed(void **state)
{
	(void)state;
	assert_int_equal(threads_run(refuse, NULL), -EPERM);
}

static void threads_say_that_one_blocks_signals(void **state)
{
	pthread_t thread;
	atomic_uint runs = 0;

	(void)state;
	begin(&thread, 1, block_signals);
	assert_int_equal(threads_run(count, &runs), -ETIMEDOUT);
	end(&thread, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_run_a_function_once_in_each),
		cmocka_unit_test(threads_say_that_one_has_failed),
		cmocka_unit_test(threads_say_that_one_blocks_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
