#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/row_lines.h"

static void columns_that_have_no_room_begin_another_line(void **state)
{
	const int width[] = {10, 20, 12, 20};
	bool begins[4];

	(void)state;
	assert_int_equal(row_lines(width, 4, 40, begins), 2);
	assert_true(begins[0] && !begins[1] && begins[2] && !begins[3]);
	assert_int_equal(row_lines(width, 4, 68, begins), 1);
	assert_int_equal(row_lines(width, 4, 67, begins), 2);
	assert_true(begins[3] && !begins[2]);
}

static void without_a_width_all_are_on_one_line(void **state)
{
	const int width[] = {100, 200, 300};
	bool begins[3];

	(void)state;
	assert_int_equal(row_lines(width, 3, 0, begins), 1);
	assert_true(begins[0] && !begins[1] && !begins[2]);
}

static void columns_that_are_not_shown_take_no_room(void **state)
{
	const int width[] = {0, 30, 0, 28};
	bool begins[4];

	(void)state;
	assert_int_equal(row_lines(width, 4, 60, begins), 1);
	assert_true(!begins[0] && begins[1] && !begins[2] && !begins[3]);
}

static void a_column_that_is_wider_than_a_line_has_one_for_itself(void **state)
{
	const int width[] = {10, 90, 10};
	bool begins[3];

	(void)state;
	assert_int_equal(row_lines(width, 3, 60, begins), 3);
	assert_true(begins[0] && begins[1] && begins[2]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_that_have_no_room_begin_another_line),
		cmocka_unit_test(without_a_width_all_are_on_one_line),
		cmocka_unit_test(columns_that_are_not_shown_take_no_room),
		cmocka_unit_test(a_column_that_is_wider_than_a_line_has_one_for_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
