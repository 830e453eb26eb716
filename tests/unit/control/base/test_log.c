#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/log.h"

#define SECOND_NS 1000000000ull

static void log_says_the_same_once_a_second_and_how_often_it_was_held_back(void **state)
{
	struct log_memory m = {0};
	uint64_t held_back;

	(void)state;
	assert_true(log_may_say(&m, "disk full", 5, &held_back));
	assert_int_equal(held_back, 0);
	for (unsigned i = 0; i < 7; i++)
		assert_false(log_may_say(&m, "disk full", 6 + i, &held_back));
	assert_true(log_may_say(&m, "another", 7, &held_back));
	assert_true(log_may_say(&m, "disk full", 5 + SECOND_NS, &held_back));
	assert_int_equal(held_back, 7);
	assert_false(log_may_say(&m, "disk full", 6 + SECOND_NS, &held_back));
	assert_true(log_may_say(&m, "disk full", 5 + 2 * SECOND_NS, &held_back));
	assert_int_equal(held_back, 1);
}

static void log_remembers_a_bounded_number_of_texts_and_says_the_rest(void **state)
{
	struct log_memory m = {0};
	char text[32];
	uint64_t held_back;
	unsigned said = 0;

	(void)state;
	for (unsigned i = 0; i < 10 * LOG_RECENT_MAX; i++) {
		snprintf(text, sizeof(text), "text %u", i);
		said += (unsigned)log_may_say(&m, text, 0, &held_back);
	}
	assert_int_equal(said, 10 * LOG_RECENT_MAX);
}

static void log_levels_have_names(void **state)
{
	enum log_level l = LOG_LEVEL_ERROR;

	(void)state;
	assert_int_equal(log_level_parse("debug", &l), 0);
	assert_int_equal(l, LOG_LEVEL_DEBUG);
	assert_true(log_level_parse("loud", &l) < 0);
	assert_true(log_level_parse("", &l) < 0);
	assert_int_equal(l, LOG_LEVEL_DEBUG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(log_says_the_same_once_a_second_and_how_often_it_was_held_back),
		cmocka_unit_test(log_remembers_a_bounded_number_of_texts_and_says_the_rest),
		cmocka_unit_test(log_levels_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
