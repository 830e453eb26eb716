#include "report/answer_print.h"

#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/format.h"
#include "base/plain_text.h"
#include "base/row_lines.h"
#include "base/terminal.h"
#include "store/answer.h"
#include "store/coverage.h"

/* Longer texts are cut in the table; the other formats have them whole. */
#define CELL_SHOWN 160
#define CELL_BYTES 512
#define COLUMNS_MAX 32

static const char *const severity_text[] = {"-", "LOW", "MED", "HIGH"};

/* --- a cell ---------------------------------------------------------------------------- */

/* As people read it. */
static void cell_text(
	const struct answer_table *a, size_t row, size_t column, char text[CELL_BYTES])
{
	int64_t n = answer_number_at(a, row, column);
	char number[32], when[TIME_TEXT_BYTES];

	switch (a->column[column].type) {
	case ANSWER_TEXT:
		snprintf(text, CELL_BYTES, "%s", answer_text_at(a, row, column));
		plain_text(text);
		return;
	case ANSWER_NUMBER:
		format_number((uint64_t)(n < 0 ? 0 : n), number);
		snprintf(text, CELL_BYTES, "%s", number);
		return;
	case ANSWER_TIME:
		format_time_short((uint64_t)n, when);
		snprintf(text, CELL_BYTES, "%s", n > 0 ? when : "never");
		return;
	case ANSWER_DURATION:
		format_elapsed((uint64_t)(n < 0 ? 0 : n), number);
		snprintf(text, CELL_BYTES, "%s", number);
		return;
	case ANSWER_BYTES:
		format_bytes((uint64_t)(n < 0 ? 0 : n), number);
		snprintf(text, CELL_BYTES, "%s", number);
		return;
	case ANSWER_SEVERITY:
		snprintf(text, CELL_BYTES, "%s", severity_text[n < 0 || n > 3 ? 0 : n]);
		return;
	case ANSWER_TRUTH:
		snprintf(text, CELL_BYTES, "%s", n ? "yes" : "no");
		return;
	}
}

/* As programs read it: numbers as numbers, times in RFC 3339. */
static void cell_value(
	const struct answer_table *a, size_t row, size_t column, char text[CELL_BYTES])
{
	int64_t n = answer_number_at(a, row, column);

	text[0] = '\0';
	if (a->column[column].type == ANSWER_TIME) {
		if (n > 0)
			format_time((uint64_t)n, text);
	} else if (a->column[column].type != ANSWER_TEXT) {
		snprintf(text, CELL_BYTES, "%lld", (long long)n);
	}
}

static bool is_right(const struct answer_table *a, size_t column)
{
	enum answer_type type = a->column[column].type;

	return type == ANSWER_NUMBER || type == ANSWER_BYTES || type == ANSWER_DURATION;
}

/* --- coverage --------------------------------------------------------------------------- */

void coverage_print(
	const struct coverage *c, const char *prefix, const struct terminal_style *st, FILE *out)
{
	char from[TIME_TEXT_BYTES], to[TIME_TEXT_BYTES], number[2][32];

	format_time_short(c->since_ns, from);
	format_time_short(c->until_ns, to);
	format_number(c->frames, number[0]);
	format_number(c->monitored, number[1]);
	fprintf(out,
		"%sWindow %s to %s UTC: listened for %.1f %% of it, %s packets, %s of appliances\n",
		prefix, from, to, 100 * coverage_share(c), number[0], number[1]);
	for (unsigned i = 0; i < c->gaps && i < COVERAGE_GAPS; i++) {
		format_time_short(c->gap[i].from_ns, from);
		format_time_short(c->gap[i].to_ns, to);
		fprintf(out, "%s%snobody listened%s %s to %s\n", prefix, st->warn, st->plain, from,
			to);
	}
	for (unsigned i = 0; i < c->reasons; i++)
		fprintf(out, "%s%snot seen%s: %s\n", prefix, st->warn, st->plain, c->reason[i]);
	if (c->reasons == 0)
		fprintf(out, "%sNo sign that anything in it was missed.\n", prefix);
}

static json_t *coverage_json(const struct answer_table *a, const struct coverage *c)
{
	char from[TIME_TEXT_BYTES], to[TIME_TEXT_BYTES];
	json_t *reasons = json_array(), *notes = json_array();

	format_time(c->since_ns, from);
	format_time(c->until_ns, to);
	for (unsigned i = 0; i < c->reasons; i++)
		json_array_append_new(reasons, json_string(c->reason[i]));
	for (unsigned i = 0; i < a->notes; i++)
		json_array_append_new(notes, json_string(a->note[i]));
	return json_pack("{s:{s:s, s:s, s:f, s:b, s:o, s:I, s:I, s:I, s:I, s:I, s:I}, "
			 "s:{s:I, s:I, s:I, s:I, s:b}, s:o}",
		"coverage", "since", from, "until", to, "share", coverage_share(c), "conclusive",
		c->reasons == 0, "reasons", reasons, "packets", (json_int_t)c->frames, "monitored",
		(json_int_t)c->monitored, "dropped", (json_int_t)c->dropped, "truncated",
		(json_int_t)c->truncated, "not_judged", (json_int_t)c->not_judged, "lost",
		(json_int_t)c->lost, "read", "rows", (json_int_t)answer_rows(a), "more",
		(json_int_t)a->more, "segments", (json_int_t)a->segments_read, "of_segments",
		(json_int_t)a->segments, "complete", !a->has_missing && a->more == 0, "notes",
		notes);
}

/* --- table ------------------------------------------------------------------------------ */

static int shown_width(const char *text)
{
	int width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

/* Whether it was too long. */
static bool cut(char *text, int width)
{
	if (shown_width(text) <= width)
		return false;
	for (int seen = 0; *text; text++)
		if (((unsigned char)*text & 0xc0) != 0x80 && ++seen == width - 1) {
			strcpy(text, "..");
			break;
		}
	return true;
}

/* A table on its way to a stream: columns of width 0 are not shown. */
struct printed_table {
	const struct answer_table *answer;
	const struct terminal_style *style;
	int width[COLUMNS_MAX];
	bool begins[COLUMNS_MAX]; /* a line */
	int most;		  /* of a cell's characters */
	bool was_cut;
	FILE *out;
};

/* The name in capitals, or the word that people have for what programs know by another one. */
static void heading(const struct answer_table *a, size_t column, char text[CELL_BYTES])
{
	static const char *const shown[][2] = {{"not_judged", "not classified"},
		{"minutes_in_doubt", "minutes degraded"}, {"judged_by", "classified by"}};
	const char *name = a->column[column].name;

	for (size_t i = 0; i < sizeof(shown) / sizeof(*shown); i++)
		if (strcmp(name, shown[i][0]) == 0)
			name = shown[i][1];
	snprintf(text, CELL_BYTES, "%s", name);
	for (char *at = text; *at; at++)
		*at = (char)(*at == '_' ? ' ' : *at >= 'a' && *at <= 'z' ? *at - 32 : *at);
}

static int width_of(struct printed_table *t, size_t column)
{
	char text[CELL_BYTES];
	int width;

	heading(t->answer, column, text);
	width = shown_width(text);
	for (size_t row = 0; row < answer_rows(t->answer); row++) {
		cell_text(t->answer, row, column, text);
		t->was_cut |= cut(text, t->most);
		if (shown_width(text) > width)
			width = shown_width(text);
	}
	return width;
}

static const char *colour_of(
	const struct answer_table *a, size_t row, size_t column, const struct terminal_style *st)
{
	int64_t n = answer_number_at(a, row, column);

	if (a->column[column].type != ANSWER_SEVERITY)
		return "";
	return n == 3 ? st->grave : n == 2 ? st->warn : "";
}

/* The last column that is shown on the line that begins with this one. */
static size_t line_end(const struct printed_table *t, size_t first)
{
	size_t last = first;

	for (size_t c = first + 1; c < t->answer->columns && !t->begins[c]; c++)
		if (t->width[c])
			last = c;
	return last;
}

static void print_cell(const struct printed_table *t, size_t column, bool is_last,
	const char *colour, const char *text)
{
	int pad = t->width[column] - shown_width(text);
	bool right = is_right(t->answer, column);

	fputs(colour, t->out);
	fprintf(t->out, "%*s%s", right && pad > 0 ? pad : 0, "", text);
	fputs(*colour ? t->style->plain : "", t->out);
	fprintf(t->out, "%*s", is_last ? 0 : ROW_GAP + (!right && pad > 0 ? pad : 0), "");
}

static bool is_blank(const struct printed_table *t, size_t row, size_t column)
{
	char text[CELL_BYTES] = "";

	if (t->width[column])
		cell_text(t->answer, row, column, text);
	return !*text;
}

/* One of a row's lines; of the headings where `row` is that of no row. Further lines without a text
 * are left out. */
static void print_line(const struct printed_table *t, size_t row, size_t first, size_t last)
{
	bool is_heading = row == answer_rows(t->answer);
	char text[CELL_BYTES];

	while (!is_heading && last > first && is_blank(t, row, last))
		last--;
	if (!is_heading && first > 0 && is_blank(t, row, last))
		return;
	fprintf(t->out, "%*s", first ? ROW_INDENT : 0, "");
	for (size_t c = first; c <= last; c++) {
		if (!t->width[c])
			continue;
		if (is_heading)
			heading(t->answer, c, text);
		else
			cell_text(t->answer, row, c, text);
		cut(text, t->most);
		print_cell(t, c, c == last,
			is_heading ? "" : colour_of(t->answer, row, c, t->style), text);
	}
	fputc('\n', t->out);
}

static void print_row(const struct printed_table *t, size_t row)
{
	for (size_t c = 0; c < t->answer->columns; c++)
		if (t->begins[c])
			print_line(t, row, c, line_end(t, c));
}

/* Whether a text was cut. */
static bool print_table(
	const struct answer_table *a, const struct terminal_style *st, unsigned columns, FILE *out)
{
	struct printed_table t = {.answer = a, .style = st, .out = out, .most = CELL_SHOWN};
	size_t rows = answer_rows(a);

	assert(a->columns <= COLUMNS_MAX);
	if (columns > 2 * CELL_SHOWN)
		t.most = (int)columns / 2;
	for (size_t c = 0; c < a->columns; c++)
		t.width[c] = a->column[c].is_beside ? 0 : width_of(&t, c);
	row_lines(t.width, a->columns, columns, t.begins);
	fputs(st->bold, out);
	print_row(&t, rows);
	fputs(st->plain, out);
	for (size_t row = 0; row < rows; row++)
		print_row(&t, row);
	return t.was_cut;
}

static void print_reading(const struct answer_table *a, const char *prefix, FILE *out)
{
	char number[32];

	format_number(a->more, number);
	if (a->more)
		fprintf(out, "%s%s%s more: --limit 0 shows all\n", prefix,
			a->segments ? "at least " : "", number);
	if (a->has_missing)
		fprintf(out,
			"%snot complete: read %u of %u segments; --deadline 60s reads longer\n",
			prefix, a->segments_read, a->segments);
	for (unsigned i = 0; i < a->notes; i++)
		fprintf(out, "%s%s\n", prefix, a->note[i]);
}

/* "Nothing" where not all could be seen is no answer. */
static void print_nothing(const struct answer_table *a, const struct coverage *c,
	const struct terminal_style *st, FILE *out)
{
	if (c->reasons || a->has_missing)
		fprintf(out, "%sinconclusive%s: nothing was found, and not all could be seen\n",
			st->warn, st->plain);
	else
		fprintf(out, "nothing\n");
}

/* --- other formats ----------------------------------------------------------------------- */

/* What is no UTF-8 (a note from a terminal of another kind) loses the bytes that are not ASCII. */
static json_t *text_json(const char *text)
{
	char ascii[CELL_BYTES];
	json_t *json = json_string(text);
	size_t length = 0;

	if (json)
		return json;
	for (; *text && length + 1 < sizeof(ascii); text++)
		ascii[length++] = (char)((unsigned char)*text < 0x80 ? *text : '?');
	ascii[length] = '\0';
	return json_string(ascii);
}

static json_t *cell_json(const struct answer_table *a, size_t row, size_t column)
{
	int64_t n = answer_number_at(a, row, column);
	char text[CELL_BYTES];
	const char *whole = answer_text_at(a, row, column);

	switch (a->column[column].type) {
	case ANSWER_TEXT:
		return *whole ? text_json(whole) : json_null();
	case ANSWER_TIME:
		cell_value(a, row, column, text);
		return *text ? json_string(text) : json_null();
	case ANSWER_TRUTH:
		return json_boolean(n != 0);
	default:
		return json_integer(n);
	}
}

static int print_json(const struct answer_table *a, const struct coverage *c, FILE *out)
{
	json_t *line;

	for (size_t row = 0; row < answer_rows(a); row++) {
		line = json_object();
		for (size_t i = 0; i < a->columns; i++)
			json_object_set_new(line, a->column[i].name, cell_json(a, row, i));
		json_dumpf(line, out, JSON_COMPACT | JSON_ENSURE_ASCII);
		fputc('\n', out);
		json_decref(line);
	}
	line = coverage_json(a, c);
	if (!line)
		return -ENOMEM;
	json_dumpf(line, out, JSON_COMPACT | JSON_ENSURE_ASCII);
	fputc('\n', out);
	json_decref(line);
	return 0;
}

/* RFC 4180. A cell that a spreadsheet would take for a formula is given an apostrophe. */
static void print_csv_cell(const char *text, FILE *out)
{
	bool quotes = strpbrk(text, ",\"\r\n") != NULL;

	if (quotes)
		fputc('"', out);
	if (strchr("=+-@\t", *text) && *text)
		fputc('\'', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	if (quotes)
		fputc('"', out);
}

static void print_csv(const struct answer_table *a, FILE *out)
{
	char text[CELL_BYTES];

	for (size_t c = 0; c < a->columns; c++)
		fprintf(out, "%s%s", c ? "," : "", a->column[c].name);
	fputs("\r\n", out);
	for (size_t row = 0; row < answer_rows(a); row++) {
		for (size_t c = 0; c < a->columns; c++) {
			if (c)
				fputc(',', out);
			if (a->column[c].type == ANSWER_TEXT) {
				print_csv_cell(answer_text_at(a, row, c), out);
			} else {
				cell_value(a, row, c, text);
				fputs(text, out);
			}
		}
		fputs("\r\n", out);
	}
}

static void print_markdown_text(const char *text, FILE *out)
{
	for (; *text; text++) {
		if (strchr("|\\`*_<>[]#", *text))
			fputc('\\', out);
		fputc(*text, out);
	}
}

static void print_markdown(const struct answer_table *a, FILE *out)
{
	char text[CELL_BYTES];

	for (int line = 0; line < 2; line++) {
		for (size_t c = 0; c < a->columns; c++) {
			if (a->column[c].is_beside)
				continue;
			heading(a, c, text);
			fprintf(out, "| %s ", line == 0 ? text : is_right(a, c) ? "--:" : "---");
		}
		fputs("|\n", out);
	}
	for (size_t row = 0; row < answer_rows(a); row++) {
		for (size_t c = 0; c < a->columns; c++) {
			if (a->column[c].is_beside)
				continue;
			cell_text(a, row, c, text);
			fputs("| ", out);
			print_markdown_text(text, out);
			fputc(' ', out);
		}
		fputs("|\n", out);
	}
}

int answer_print(const struct answer_table *a, const struct coverage *c, enum answer_format format,
	const struct terminal_style *st, unsigned columns, FILE *out)
{
	const struct terminal_style plain = terminal_style_of(false);
	bool was_cut = false;

	if (format == ANSWER_AS_JSON)
		return print_json(a, c, out);
	if (format == ANSWER_AS_CSV) {
		print_csv(a, out);
		return 0;
	}
	if (format == ANSWER_AS_MARKDOWN)
		st = &plain;
	if (answer_rows(a) == 0)
		print_nothing(a, c, st, out);
	else if (format == ANSWER_AS_MARKDOWN)
		print_markdown(a, out);
	else
		was_cut = print_table(a, st, columns, out);
	fputc('\n', out);
	if (was_cut && columns)
		fputs("Longer texts are cut: --format json has them whole.\n", out);
	print_reading(a, format == ANSWER_AS_MARKDOWN ? "* " : "", out);
	coverage_print(c, format == ANSWER_AS_MARKDOWN ? "* " : "", st, out);
	return 0;
}
