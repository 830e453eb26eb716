#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/csv.h"

#define TEXT_BYTES 512

struct reading {
	char text[TEXT_BYTES];
	struct csv csv;
	struct csv_row row;
};

static void open_text(struct reading *r, const char *text)
{
	assert_true(strlen(text) < TEXT_BYTES);
	memcpy(r->text, text, strlen(text) + 1);
	csv_open(&r->csv, r->text, strlen(text));
}

/* The next row's fields with `|` between them. */
static void row_is(struct reading *r, unsigned line, const char *want)
{
	char found[TEXT_BYTES] = "";

	assert_int_equal(csv_next(&r->csv, &r->row), 1);
	for (size_t i = 0; i < r->row.fields; i++) {
		strcat(found, i ? "|" : "");
		strcat(found, r->row.field[i]);
	}
	assert_string_equal(found, want);
	assert_int_equal(r->row.line, line);
}

static void row_is_wrong(struct reading *r, unsigned line, const char *begin)
{
	assert_true(csv_next(&r->csv, &r->row) < 0);
	assert_memory_equal(r->row.wrong, begin, strlen(begin));
	assert_int_equal(r->row.line, line);
}

static void is_at_end(struct reading *r)
{
	assert_int_equal(csv_next(&r->csv, &r->row), 0);
}

static void rows_end_with_any_line_end_or_the_file(void **state)
{
	struct reading r;

	(void)state;
	open_text(&r, "a,b\r\nc,d\ne,f\rg,h");
	row_is(&r, 1, "a|b");
	row_is(&r, 2, "c|d");
	row_is(&r, 3, "e|f");
	row_is(&r, 4, "g|h");
	is_at_end(&r);
}

static void a_byte_order_mark_and_empty_lines_are_no_fields(void **state)
{
	struct reading r;

	(void)state;
	open_text(&r, "\xef\xbb\xbf\r\n\na\n\n\nb\n\n");
	row_is(&r, 3, "a");
	row_is(&r, 6, "b");
	is_at_end(&r);
	open_text(&r, "");
	is_at_end(&r);
}

static void fields_may_be_empty_and_have_blanks_around_them(void **state)
{
	struct reading r;

	(void)state;
	open_text(&r, ",\n  a b\t, c ,\n");
	row_is(&r, 1, "|");
	row_is(&r, 2, "a b|c|");
	is_at_end(&r);
}

static void quotes_hold_commas_line_ends_and_doubled_quotes(void **state)
{
	struct reading r;

	(void)state;
	open_text(&r, "\"a,\"\"b\"\"\",\"c\r\nd\ne\",\"\",\" f \"\ng\n");
	row_is(&r, 1, "a,\"b\"|c\r\nd\ne|| f ");
	row_is(&r, 4, "g");
	is_at_end(&r);
}

static void a_row_that_is_none_is_told_and_the_next_one_read(void **state)
{
	struct reading r;

	(void)state;
	open_text(&r, "a\"b,c\n\"d\"e,f\ng\n\"h,i\nj\n");
	row_is_wrong(&r, 1, "found a quote inside of a field");
	row_is_wrong(&r, 2, "found text behind a closing quote");
	row_is(&r, 3, "g");
	row_is_wrong(&r, 4, "found no end of a field in quotes");
	is_at_end(&r);
}

static void a_row_has_at_most_64_fields(void **state)
{
	char text[2 * CSV_FIELDS_MAX + 3] = "";
	struct reading r;

	(void)state;
	memset(text, ',', CSV_FIELDS_MAX - 1);
	open_text(&r, text);
	assert_int_equal(csv_next(&r.csv, &r.row), 1);
	assert_int_equal(r.row.fields, CSV_FIELDS_MAX);
	strcat(text, ",\nb");
	open_text(&r, text);
	row_is_wrong(&r, 1, "found more than 64 fields");
	row_is(&r, 2, "b");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_end_with_any_line_end_or_the_file),
		cmocka_unit_test(a_byte_order_mark_and_empty_lines_are_no_fields),
		cmocka_unit_test(fields_may_be_empty_and_have_blanks_around_them),
		cmocka_unit_test(quotes_hold_commas_line_ends_and_doubled_quotes),
		cmocka_unit_test(a_row_that_is_none_is_told_and_the_next_one_read),
		cmocka_unit_test(a_row_has_at_most_64_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
