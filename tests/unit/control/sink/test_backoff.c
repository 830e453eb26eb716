#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sink/backoff.h"

#define MS_NS 1000000ull

static void backoff_doubles_from_100_ms_to_30_s(void **state)
{
	static const uint64_t want_ms[] = {
		100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000};
	struct backoff b = {.failures = 0};
	uint64_t now_ns = 5;

	(void)state;
	for (size_t i = 0; i < sizeof(want_ms) / sizeof(want_ms[0]); i++) {
		backoff_fail(&b, now_ns);
		assert_int_equal(b.next_ns - now_ns, want_ms[i] * MS_NS);
		now_ns = b.next_ns + 7;
	}
	assert_int_equal(backoff_pause_ns(UINT32_MAX), BACKOFF_MOST_NS);
}

static void backoff_begins_anew_after_a_success(void **state)
{
	struct backoff b = {.failures = 0};

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		backoff_fail(&b, i);
	backoff_succeed(&b);
	assert_int_equal(b.next_ns, 0);
	backoff_fail(&b, 1000);
	assert_int_equal(b.next_ns, 1000 + BACKOFF_FIRST_NS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(backoff_doubles_from_100_ms_to_30_s),
		cmocka_unit_test(backoff_begins_anew_after_a_success),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
