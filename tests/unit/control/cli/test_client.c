#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/client.h"

static uint64_t count_of(const char *text)
{
	json_t *json = json_loads(text, 0, NULL);
	uint64_t count = count_at(json, "a.b");

	assert_non_null(json);
	json_decref(json);
	return count;
}

static void test_a_count_is_the_number_without_its_fraction(void **state)
{
	(void)state;
	assert_int_equal(count_of("{\"a\": {\"b\": 12}}"), 12);
	assert_int_equal(count_of("{\"a\": {\"b\": 12.9}}"), 12);
	assert_int_equal(count_of("{\"a\": {\"b\": 4294967296}}"), 4294967296);
}

static void test_a_count_beyond_its_type_is_the_nearest(void **state)
{
	(void)state;
	assert_int_equal(count_of("{\"a\": {\"b\": -1}}"), 0);
	assert_int_equal(count_of("{\"a\": {\"b\": -1e300}}"), 0);
	assert_true(count_of("{\"a\": {\"b\": 1e300}}") == UINT64_MAX);
	assert_true(count_of("{\"a\": {\"b\": 18446744073709551616.0}}") == UINT64_MAX);
}

static void test_what_is_no_number_counts_nothing(void **state)
{
	(void)state;
	assert_int_equal(count_of("{\"a\": {\"b\": \"7\"}}"), 0);
	assert_int_equal(count_of("{\"a\": []}"), 0);
	assert_int_equal(count_of("[]"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_count_is_the_number_without_its_fraction),
		cmocka_unit_test(test_a_count_beyond_its_type_is_the_nearest),
		cmocka_unit_test(test_what_is_no_number_counts_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
