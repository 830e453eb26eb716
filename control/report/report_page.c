#include "report/report_page.h"

#include <stdio.h>

#include "base/format.h"
#include "base/markup.h"
#include "report/report_model.h"
#include "svg/svg.h"

#define NS_PER_S 1000000000ull
#define DATE_BYTES 10 /* "2026-01-05" */

struct time_axis report_axis(const struct report_model *model)
{
	uint64_t from = model->from_ns, until = model->until_ns;

	return (struct time_axis){
		.from_ns = from,
		.until_ns = until > from ? until : from + NS_PER_S,
		.x = REPORT_GUTTER,
		.width = REPORT_PICTURE_WIDTH - REPORT_GUTTER - 4,
	};
}

void report_section_open(struct buffer *b, const char *id, const char *heading)
{
	markup_print(b,
		"\n<section id=\"%s\" aria-labelledby=\"%s-heading\">\n<h2 "
		"id=\"%s-heading\">%s</h2>\n",
		id, id, id, heading);
}

void report_section_close(struct buffer *b)
{
	buffer_puts(b, "</section>\n");
}

void report_scroll_open(struct buffer *b, const char *label)
{
	markup_print(b, "<div class=\"scroll\" role=\"region\" aria-label=\"%s\" tabindex=\"0\">\n",
		label);
}

void report_scroll_close(struct buffer *b)
{
	buffer_puts(b, "</div>\n");
}

void report_table_open(struct buffer *b, const char *class, const char *caption)
{
	markup_print(b, "<table class=\"%s\"><caption>%s</caption>\n<thead><tr>", class, caption);
}

void report_table_column(struct buffer *b, const char *word, bool is_number)
{
	buffer_puts(b, is_number ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">");
	markup_print(b, "%s</th>", word);
}

void report_time(struct buffer *b, uint64_t time_ns)
{
	char text[TIME_TEXT_BYTES];

	if (time_ns == 0) {
		buffer_puts(b, "never");
		return;
	}
	format_time_short(time_ns, text);
	markup_print(b, "<time>%s</time>", text);
}

void report_span(struct buffer *b, uint64_t from_ns, uint64_t until_ns)
{
	char from[TIME_TEXT_BYTES], until[TIME_TEXT_BYTES];
	bool is_same_day;

	report_time(b, from_ns);
	if (until_ns / NS_PER_S == from_ns / NS_PER_S || until_ns == 0)
		return;
	format_time_short(from_ns, from);
	format_time_short(until_ns, until);
	is_same_day = memcmp(from, until, DATE_BYTES) == 0;
	markup_print(b, " to <time>%s</time>", until + (is_same_day ? DATE_BYTES + 1 : 0));
}

void report_duration(struct buffer *b, uint64_t ns)
{
	char text[32];

	format_elapsed(ns, text);
	markup_print(b, "%s", text);
}

void report_bytes(struct buffer *b, uint64_t bytes)
{
	char text[32];

	format_bytes(bytes, text);
	markup_print(b, "%s", text);
}

void report_count(struct buffer *b, uint64_t count, const char *one, const char *many)
{
	markup_print(b, "%ju %s", count, count == 1 ? one : many);
}

void report_share(struct buffer *b, double share)
{
	int thousandths = (int)(share * 1000 + 0.5);

	if (thousandths <= 0 && share > 0) {
		buffer_puts(b, "under 0.1 %");
		return;
	}
	if (thousandths >= 1000 && share < 1)
		thousandths = 999;
	markup_print(b, "%d.%d %%", thousandths / 10, thousandths % 10);
}
