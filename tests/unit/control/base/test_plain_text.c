#include "control/config_fixture.h"

#include "base/plain_text.h"

static void check(const char *text, const char *wanted)
{
	char copy[64];

	snprintf(copy, sizeof(copy), "%s", text);
	assert_string_equal(plain_text(copy), wanted);
	assert_true(text_is_plain(copy));
	assert_int_equal(text_is_plain(text), strcmp(text, wanted) == 0);
}

static void plain_text_stays_as_it_is(void **state)
{
	(void)state;
	check("", "");
	check("fmc-1.pcap (2) ~/\"x\"", "fmc-1.pcap (2) ~/\"x\"");
	check("Müller €  日本 😀", "Müller €  日本 😀");
}

static void plain_text_replaces_control_characters_of_both_sets(void **state)
{
	(void)state;
	check("x\033]0;evil\007.pcap", "x?]0;evil?.pcap");
	check("a\nb\rc\td\x7f", "a?b?c?d?");
	check("\xc2\x9b"
	      "31m\xc2\x80\xc2\x9f\xc2\xa0",
		"?31m??\xc2\xa0");
}

static void plain_text_replaces_what_turns_the_order_of_reading(void **state)
{
	(void)state;
	check("a\xe2\x80\xae"
	      "b\xe2\x81\xa6"
	      "c\xe2\x80\x8f\xd8\x9c\xe2\x80\xa8",
		"a?b?c???");
	check("\xef\xbb\xbfx\xe2\x80\x8b", "?x?");
	check("\xf3\xa0\x80\xa0", "?");
}

static void plain_text_replaces_each_byte_that_is_no_utf_8(void **state)
{
	(void)state;
	check("\x9b"
	      "31m\xff\xfe",
		"?31m??");
	check("\xc3", "?");
	check("\xc0\x80\xed\xa0\x80", "?????");
	check("\xe2\x80", "??");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text_stays_as_it_is),
		cmocka_unit_test(plain_text_replaces_control_characters_of_both_sets),
		cmocka_unit_test(plain_text_replaces_what_turns_the_order_of_reading),
		cmocka_unit_test(plain_text_replaces_each_byte_that_is_no_utf_8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
