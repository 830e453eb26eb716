#include "base/markup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct buffer page;

static const char *shown(void)
{
	buffer_append(&page, "", 1);
	return page.text;
}

static void text_is(const char *text, const char *want)
{
	buffer_clear(&page);
	markup_text(&page, text);
	assert_string_equal(page.length ? shown() : "", want);
}

static void markup_in_a_text_becomes_references(void **state)
{
	(void)state;
	text_is("</p><script a=\"1\" b='2'>&amp;",
		"&lt;/p&gt;&lt;script a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;amp;");
}

static void no_text_is_nothing(void **state)
{
	(void)state;
	text_is(NULL, "");
	text_is("", "");
}

static void control_characters_are_written_out(void **state)
{
	(void)state;
	text_is("a\n\x1b[1m\x7f", "a\u27e8U+000A\u27e9\u27e8U+001B\u27e9[1m\u27e8U+007F\u27e9");
}

static void marks_of_direction_are_written_out(void **state)
{
	(void)state;
	text_is("a\u202e\u2066\u200f", "a\u27e8U+202E\u27e9\u27e8U+2066\u27e9\u27e8U+200F\u27e9");
	text_is("\xf3\xa0\x81\xa1", "\u27e8U+E0061\u27e9"); /* a tag, which is invisible */
}

static void other_letters_stay(void **state)
{
	(void)state;
	text_is("M\u00fcnchen \u6771\u4eac \U0001f600", "M\u00fcnchen \u6771\u4eac \U0001f600");
}

static void bytes_that_are_no_utf8_are_replaced_one_by_one(void **state)
{
	(void)state;
	text_is("a\xff\xc0\xaf\xe2\x82z", "a\ufffd\ufffd\ufffd\ufffd\ufffdz");
}

static void long_text_is_cut_and_says_how_much_is_missing(void **state)
{
	char text[4097];

	(void)state;
	memset(text, 'W', 4096);
	text[4096] = '\0';
	buffer_clear(&page);
	markup_text(&page, text);
	assert_non_null(strstr(shown(), "W\u2026 [3,796 more bytes]"));
	buffer_clear(&page);
	markup_text_short(&page, text, 3);
	assert_string_equal(shown(), "WWW\u2026");
}

static void printed_texts_are_escaped_and_numbers_grouped(void **state)
{
	(void)state;
	buffer_clear(&page);
	markup_print(&page, "<b id=\"%u\">%s</b> %ju %zu %d %%", 12345u, "<&>", (uintmax_t)1234567,
		(size_t)1000, -5);
	assert_string_equal(shown(), "<b id=\"12345\">&lt;&amp;&gt;</b> 1,234,567 1,000 -5 %");
}

static int release(void **state)
{
	(void)state;
	buffer_fini(&page);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(markup_in_a_text_becomes_references),
		cmocka_unit_test(no_text_is_nothing),
		cmocka_unit_test(control_characters_are_written_out),
		cmocka_unit_test(marks_of_direction_are_written_out),
		cmocka_unit_test(other_letters_stay),
		cmocka_unit_test(bytes_that_are_no_utf8_are_replaced_one_by_one),
		cmocka_unit_test(long_text_is_cut_and_says_how_much_is_missing),
		cmocka_unit_test(printed_texts_are_escaped_and_numbers_grouped),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
