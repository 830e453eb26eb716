#include <errno.h>

#include "base/markup.h"
#include "report/report_buckets.h"
#include "report/report_page.h"
#include "report/report_timeline.h"

#define CLASS_WORD(name, word) word,
#define MARK_HELP(name, word, help) help,
static const char *const class_word[] = {REPORT_CLASS_LIST(CLASS_WORD)};
static const char *const mark_help[] = {REPORT_MARK_LIST(MARK_HELP)};

static void put_bucket(struct buffer *b, const struct report_buckets *sum, size_t i)
{
	buffer_puts(b, "<tr><th scope=\"row\" class=\"t\">");
	report_time(b, sum->from_ns + i * sum->width_ns);
	buffer_puts(b, "</th>");
	for (unsigned class = 0; class < REPORT_CLASS_COUNT; class ++)
		markup_print(b, "<td class=\"n\">%ju</td>", sum->bucket[i].packets[class]);
	buffer_puts(b, "</tr>\n");
}

static void put_traffic(struct buffer *b, const struct report_traffic *traffic)
{
	struct report_buckets sum;

	if (report_buckets_init(&sum, traffic, REPORT_BARS_LISTED) < 0) {
		b->error = -ENOMEM;
		return;
	}
	buffer_puts(b, "<details><summary>Packets by verdict, as a table</summary>\n");
	report_scroll_open(b, "Packets by verdict");
	report_table_open(b, "rows", "Packets by verdict");
	report_table_column(b, "From (UTC)", false);
	for (unsigned class = 0; class < REPORT_CLASS_COUNT; class ++)
		report_table_column(b, class_word[class], true);
	buffer_puts(b, "</tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < sum.buckets; i++)
		put_bucket(b, &sum, i);
	buffer_puts(b, "</tbody></table>\n");
	report_scroll_close(b);
	buffer_puts(b, "<p class=\"more\">A row is ");
	report_duration(b, sum.width_ns);
	buffer_puts(b, ".</p>\n</details>\n");
	report_buckets_fini(&sum);
}

static void put_row(
	struct buffer *b, uint64_t from_ns, uint64_t until_ns, const char *what, const char *detail)
{
	buffer_puts(b, "<tr><td class=\"t\">");
	report_span(b, from_ns, until_ns);
	markup_print(
		b, "</td><td>%s</td><td><bdi>%s</bdi></td></tr>\n", what, report_or(detail, ""));
}

/* The mirror's next band that is not as it should be. */
static size_t next_doubt(const struct report_bands *mirror, size_t from)
{
	while (from < mirror->bands && mirror->band[from].tone == REPORT_TONE_GOOD)
		from++;
	return from;
}

/* Both lists in order of time. Returns the number of rows that are left out. */
static size_t put_rows(struct buffer *b, const struct report_model *model)
{
	const struct report_bands *mirror = &model->mirror;
	size_t mark = 0, band = next_doubt(mirror, 0), rows = 0;

	for (; mark < model->marks || band < mirror->bands; rows++) {
		bool is_mark = band == mirror->bands ||
			       (mark < model->marks &&
				       model->mark[mark].at_ns <= mirror->band[band].from_ns);
		const struct report_mark *m = is_mark ? &model->mark[mark++] : NULL;
		const struct report_band *doubt = is_mark ? NULL : &mirror->band[band];
		if (!is_mark)
			band = next_doubt(mirror, band + 1);
		if (rows >= REPORT_MARKS_LISTED)
			continue;
		if (is_mark)
			put_row(b, m->at_ns, 0, mark_help[m->kind], m->text);
		else
			put_row(b, doubt->from_ns, doubt->until_ns,
				report_or(doubt->state, "degraded"), doubt->reason);
	}
	return rows > REPORT_MARKS_LISTED ? rows - REPORT_MARKS_LISTED : 0;
}

static void put_history(struct buffer *b, const struct report_model *model)
{
	size_t left_out;

	report_scroll_open(b, "The sensor in this window");
	report_table_open(b, "rows", "The sensor and its mirror in this window");
	report_table_column(b, "When (UTC)", false);
	report_table_column(b, "What", false);
	report_table_column(b, "Detail", false);
	buffer_puts(b, "</tr></thead>\n<tbody>\n");
	left_out = put_rows(b, model);
	buffer_puts(b, "</tbody></table>\n");
	report_scroll_close(b);
	if (left_out)
		markup_print(b, "<p class=\"more\">%zu more are left out.</p>\n", left_out);
}

void report_timeline_tables(struct buffer *b, const struct report_model *model)
{
	if (model->marks || next_doubt(&model->mirror, 0) < model->mirror.bands)
		put_history(b, model);
	else
		buffer_puts(b, "<p>No start, stop or reload is known of this window.</p>\n");
	if (model->traffic.buckets)
		put_traffic(b, &model->traffic);
}
