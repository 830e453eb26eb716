#include "report/report_talkers.h"

#include <stdio.h>

#include "base/format.h"
#include "base/markup.h"
#include "report/report_model.h"
#include "report/report_page.h"
#include "svg/links.h"
#include "svg/svg.h"

#define HINT_BYTES 512

static void hint_of(const struct report_talker *talker, char hint[HINT_BYTES])
{
	char bytes[32];

	format_bytes(talker->bytes, bytes);
	snprintf(hint, HINT_BYTES, "%.120s \u2013 %.120s, %.20s %.60s: %s",
		report_or(talker->appliance, "?"), report_or(talker->peer, "?"),
		report_or(talker->direction, ""), report_or(talker->port, ""), bytes);
}

static size_t lines_of(const struct report_model *model, char hint[][HINT_BYTES],
	struct link_line line[REPORT_TALKERS_DRAWN])
{
	size_t count =
		model->talkers < REPORT_TALKERS_DRAWN ? model->talkers : REPORT_TALKERS_DRAWN;

	for (size_t i = 0; i < count; i++) {
		const struct report_talker *talker = &model->talker[i];
		hint_of(talker, hint[i]);
		line[i] = (struct link_line){report_or(talker->appliance, "?"),
			report_or(talker->peer, "?"), talker->bytes,
			talker->is_flagged ? "link wrong" : "link", hint[i]};
	}
	return count;
}

static void put_picture(struct buffer *b, const struct report_model *model)
{
	struct link_line line[REPORT_TALKERS_DRAWN];
	char hint[REPORT_TALKERS_DRAWN][HINT_BYTES];
	size_t count = lines_of(model, hint, line);
	struct links links;
	size_t placed = links_place(&links, line, count, REPORT_PICTURE_WIDTH);

	report_scroll_open(b, "Who talks to whom, as a picture");
	svg_open(b, "talkers-picture", links.width, links.height, "Who talks to whom",
		"Appliances at the left, their peers at the right; a line is wider for more bytes, "
		"and "
		"of another colour where flows were flagged. The table below says the same.");
	links_draw(b, &links, line, count);
	svg_close(b);
	report_scroll_close(b);
	if (placed < model->talkers)
		markup_print(b, "<p class=\"more\">%zu of the %zu pairs below are drawn.</p>\n",
			placed, model->talkers);
}

static void put_row(struct buffer *b, const struct report_talker *talker)
{
	buffer_puts(b, talker->is_flagged ? "<tr class=\"wrong\">" : "<tr>");
	markup_print(b,
		"<th scope=\"row\">%s</th><td>%s</td><td>%s %s</td><td>%s</td><td "
		"class=\"n\">%ju</td><td class=\"n\">",
		report_or(talker->appliance, "?"), report_or(talker->peer, "?"),
		report_or(talker->direction, ""), report_or(talker->port, ""),
		talker->is_flagged ? "flagged" : "", talker->flows);
	report_bytes(b, talker->bytes);
	buffer_puts(b, "</td></tr>\n");
}

static void put_table(struct buffer *b, const struct report_model *model)
{
	size_t listed = model->talkers;
	uint64_t left_out;

	if (listed > REPORT_TALKERS_LISTED)
		listed = REPORT_TALKERS_LISTED;
	left_out = model->talkers - listed + model->talkers_left_out;
	report_scroll_open(b, "Who talks to whom, as a table");
	report_table_open(b, "rows", "Pairs with the most bytes, flagged ones first");
	report_table_column(b, "Appliance", false);
	report_table_column(b, "Peer", false);
	report_table_column(b, "Port", false);
	report_table_column(b, "Verdict", false);
	report_table_column(b, "Flows", true);
	report_table_column(b, "Bytes", true);
	buffer_puts(b, "</tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < listed; i++)
		put_row(b, &model->talker[i]);
	buffer_puts(b, "</tbody></table>\n");
	report_scroll_close(b);
	if (left_out)
		markup_print(b,
			"<p class=\"more\">%ju more pairs are left out: "
			"<code>portolan triage flows</code> shows what they said.</p>\n",
			left_out);
}

void report_talkers_write(struct buffer *b, const struct report_model *model)
{
	report_section_open(b, "talkers", "Who talks to whom");
	if (model->talkers) {
		put_picture(b, model);
		put_table(b, model);
	} else
		buffer_puts(b, "<p>No appliance was seen to send or receive anything.</p>\n");
	report_section_close(b);
}
