#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "machine/cpu_set.h"

static void check(const char *text, const char *wanted)
{
	char again[CPU_SET_TEXT_BYTES];
	struct cpu_set set;

	assert_int_equal(cpu_set_parse(text, &set), 0);
	assert_string_equal(cpu_set_text(&set, again), wanted);
}

static void cpu_set_reads_and_writes_lists_of_the_kernel(void **state)
{
	(void)state;
	check("", "");
	check("0", "0");
	check("0-3,8", "0-3,8");
	check("8,0-3,2", "0-3,8");
	check("4095", "4095");
	check("63-64,127-128", "63-64,127-128");
}

static void cpu_set_refuses_what_is_no_list(void **state)
{
	static const char *const wrong[] = {"-1", "1-", "3-1", "1,,2", ",1", "1,", "a", "1 ",
		"(0-3)@1", "4096", "0-4096", "99999999999999999999", "1-2-3"};
	struct cpu_set set;

	(void)state;
	memset(&set, 0xff, sizeof(set));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(cpu_set_parse(wrong[i], &set), -EINVAL);
	assert_int_equal(cpu_set_count(&set), CPU_SET_MAX); /* unchanged */
}

static void cpu_set_text_is_cut_and_says_so(void **state)
{
	char text[CPU_SET_TEXT_BYTES];
	struct cpu_set set;

	(void)state;
	memset(&set, 0x55, sizeof(set));
	cpu_set_text(&set, text);
	assert_true(strlen(text) < sizeof(text));
	assert_string_equal(text + strlen(text) - strlen("…"), "…");
}

static void cpu_sets_have_differences_and_common_parts(void **state)
{
	char text[CPU_SET_TEXT_BYTES];
	struct cpu_set a, b, c;

	(void)state;
	cpu_set_parse("1-5,9", &a);
	cpu_set_parse("3-9", &b);
	c = cpu_set_without(&a, &b);
	assert_string_equal(cpu_set_text(&c, text), "1-2");
	c = cpu_set_common(&a, &b);
	assert_string_equal(cpu_set_text(&c, text), "3-5,9");
	assert_int_equal(cpu_set_count(&c), 4);
	assert_false(cpu_set_has(&c, CPU_SET_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cpu_set_reads_and_writes_lists_of_the_kernel),
		cmocka_unit_test(cpu_set_refuses_what_is_no_list),
		cmocka_unit_test(cpu_set_text_is_cut_and_says_so),
		cmocka_unit_test(cpu_sets_have_differences_and_common_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
