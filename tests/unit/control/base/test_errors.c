#include "control/config_fixture.h"

#include "base/suggest.h"

static void errors_are_lines_below_each_other(void **state)
{
	struct errors c = {0};

	(void)state;
	errors_add(&c, "%s", "one");
	errors_add(&c, "%s", "two");
	assert_string_equal(c.text, "one\ntwo");
	assert_int_equal(c.length, 7);
}

static void errors_that_are_cut_end_with_an_ellipsis(void **state)
{
	struct errors c = {0};

	(void)state;
	for (int i = 0; i < 1000; i++) {
		errors_add(&c, "line %d ü", i);
		assert_true(c.length < ERRORS_BYTES);
		assert_int_equal(strlen(c.text), c.length);
	}
	assert_string_equal(c.text + c.length - strlen("…"), "…");
	assert_true(c.length > ERRORS_BYTES - 32);
}

static void errors_that_fit_to_the_last_byte_are_not_cut(void **state)
{
	char text[ERRORS_BYTES];

	(void)state;
	for (size_t length = ERRORS_BYTES - 20; length < ERRORS_BYTES; length++) {
		struct errors c = {0};
		memset(text, 'x', length);
		text[length] = '\0';
		errors_add(&c, "%s", text);
		for (int i = 0; i < 20; i++) {
			errors_add(&c, "%s", "y");
			assert_true(c.length < ERRORS_BYTES);
			assert_int_equal(strlen(c.text), c.length);
		}
		assert_string_equal(c.text + c.length - strlen("…"), "…");
	}
}

static void errors_cut_one_long_line(void **state)
{
	struct errors c = {0};
	char text[2 * ERRORS_BYTES];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	errors_add(&c, "%s", text);
	assert_int_equal(strlen(c.text), ERRORS_BYTES - 1);
	assert_string_equal(c.text + c.length - strlen("…"), "…");
}

static void errors_replace_control_characters(void **state)
{
	struct errors c = {0};

	(void)state;
	errors_add(&c, "found \"%s\"", "a\n\033[2Jb\177");
	assert_string_equal(c.text, "found \"a??[2Jb?\"");
}

static void errors_are_printed_with_the_programs_name(void **state)
{
	struct errors c = {0};
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	errors_add(&c, "one");
	errors_add(&c, "two");
	errors_print(&c, out);
	fclose(out);
	assert_string_equal(text, "portolan: one\nportolan: two\n");
	free(text);
}

static void suggest_names_the_nearest_word_or_all(void **state)
{
	static const char *const known[] = {"table", "csv", "json"};
	char want[SUGGEST_TEXT_BYTES];

	(void)state;
	suggest_want("xml", known, 3, want);
	assert_string_equal(want, "one of table, csv, json");
	suggest_want("tabel", known, 3, want);
	assert_string_equal(want, "\"table\"");
	suggest_want("CSV", known, 3, want);
	assert_string_equal(want, "\"csv\"");
	suggest_want("", known, 3, want);
	assert_string_equal(want, "one of table, csv, json");
	suggest_want("x", known, 0, want);
	assert_string_equal(want, "nothing");
}

static void suggest_cuts_a_list_that_is_too_long(void **state)
{
	const char *known[500];
	char want[SUGGEST_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < 500; i++)
		known[i] = "some-feature";
	suggest_want("?", known, 500, want);
	assert_true(strlen(want) < sizeof(want));
	assert_string_equal(want + strlen(want) - strlen(", …"), ", …");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_are_lines_below_each_other),
		cmocka_unit_test(errors_that_are_cut_end_with_an_ellipsis),
		cmocka_unit_test(errors_that_fit_to_the_last_byte_are_not_cut),
		cmocka_unit_test(errors_cut_one_long_line),
		cmocka_unit_test(errors_replace_control_characters),
		cmocka_unit_test(errors_are_printed_with_the_programs_name),
		cmocka_unit_test(suggest_names_the_nearest_word_or_all),
		cmocka_unit_test(suggest_cuts_a_list_that_is_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
