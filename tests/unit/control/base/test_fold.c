#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fold.h"
#include "control/random.h"

#define SEED 20260107

/* What comes out, to be freed. */
static char *folded(const char *text, unsigned columns, bool is_ascii)
{
	char *result = NULL;
	size_t bytes;
	FILE *to = open_memstream(&result, &bytes), *out = fold_open(to, columns, is_ascii);

	fputs(text, out);
	fclose(out);
	fclose(to);
	return result;
}

static void check(const char *text, unsigned columns, bool is_ascii, const char *want)
{
	char *result = folded(text, columns, is_ascii);

	assert_string_equal(result, want);
	free(result);
}

static void a_long_line_is_wrapped_at_spaces_below_its_text(void **state)
{
	(void)state;
	check("one two three four five\n", 14, false, "one two three\n    four five\n");
	check("one two  three\n", 11, false, "one two\n    three\n");
	check("        one two three\n", 18, false, "        one two\n        three\n");
	check("  HIGH  one two three four\nshort\n", 27, false,
		"  HIGH  one two three four\nshort\n");
	check("  HIGH  one two three four\n", 25, false, "  HIGH  one two three\n        four\n");
}

static void a_word_that_is_longer_than_a_line_is_cut(void **state)
{
	(void)state;
	check("aaaaaaaaaaaa", 8, false, "aaaaaaaa\n    aaaa");
}

static void nothing_is_wrapped_without_a_width(void **state)
{
	(void)state;
	check("one two three four five → six\n", 0, false, "one two three four five → six\n");
}

static void escape_sequences_and_characters_of_several_bytes_take_the_room_that_they_take(
	void **state)
{
	(void)state;
	check("\033[1mone\033[0m two …\n", 9, false, "\033[1mone\033[0m two …\n");
	check("\033[1mone\033[0m two … x\n", 9, false, "\033[1mone\033[0m two …\n    x\n");
}

static void a_locale_without_utf_8_gets_ascii(void **state)
{
	(void)state;
	check("… and 3 more → all – see\n", 0, true, "... and 3 more -> all - see\n");
}

static void a_comment_goes_on_as_a_comment(void **state)
{
	(void)state;
	check("# one two three four\n", 12, false, "# one two\n# three four\n");
	check("#  # one two three\n", 14, false, "#  # one two\n#  # three\n");
	check("  # one two three\n", 12, false, "  # one two\n  # three\n");
	check("a #1 two three four\n", 12, false, "a #1 two\n    three\n    four\n");
}

static void no_line_is_longer_and_no_text_is_lost(void **state)
{
	uint64_t seed = SEED;

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		unsigned columns = 20 + random_below(&seed, 80), length = random_below(&seed, 300);
		char text[301], *result;
		size_t kept = 0;
		for (unsigned i = 0; i < length; i++)
			text[i] = random_below(&seed, 6) ? (char)('a' + i % 26) : ' ';
		text[length] = '\0';
		result = folded(text, columns, false);
		for (const char *line = result; *line; line += line[strcspn(line, "\n")] != '\0') {
			assert_true(strcspn(line, "\n") <= columns);
			line += strcspn(line, "\n");
		}
		for (const char *c = text, *r = result; *c; c++)
			if (*c != ' ') {
				r += strcspn(r, "abcdefghijklmnopqrstuvwxyz");
				assert_int_equal(*r++, *c);
				kept++;
			}
		assert_true(kept <= length);
		free(result);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_long_line_is_wrapped_at_spaces_below_its_text),
		cmocka_unit_test(a_word_that_is_longer_than_a_line_is_cut),
		cmocka_unit_test(nothing_is_wrapped_without_a_width),
		cmocka_unit_test(
			escape_sequences_and_characters_of_several_bytes_take_the_room_that_they_take),
		cmocka_unit_test(a_locale_without_utf_8_gets_ascii),
		cmocka_unit_test(a_comment_goes_on_as_a_comment),
		cmocka_unit_test(no_line_is_longer_and_no_text_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
