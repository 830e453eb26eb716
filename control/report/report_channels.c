#include "report/report_channels.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/heap.h"
#include "base/markup.h"
#include "report/report_model.h"
#include "report/report_page.h"
#include "svg/svg.h"

#define ROW 22.0
#define BAND 15.0
#define TOP 6.0
#define PAIR_BYTES 512
#define PAIR_SHOWN 29

static const char *const tone_class[] = {
	"band good", "band partly", "band bad", "band doubt", "band absent"};

struct time_band report_band_at(const void *list, size_t number)
{
	/* A fault of a moment shows, however short beside the time in which all was well. */
	static const unsigned gravity[] = {0, 3, 4, 2, 1};
	const struct report_band *band = (const struct report_band *)list + number;
	unsigned tone = band->tone < REPORT_TONE_COUNT ? band->tone : REPORT_TONE_DOUBT;

	return (struct time_band){band->from_ns, band->until_ns, gravity[tone], tone_class[tone],
		band->state, band->reason};
}

void report_tones_legend(struct buffer *b)
{
	static const char *const word[] = {"as it should be", "partly", "not as it should be",
		"cannot be told", "nobody listened"};

	buffer_puts(b, "<ul class=\"legend\" aria-label=\"Colours of bands\">\n");
	for (unsigned i = 0; i < REPORT_TONE_COUNT; i++)
		markup_print(
			b, "<li><span class=\"key %s\"></span> %s</li>\n", tone_class[i], word[i]);
	buffer_puts(b, "</ul>\n");
}

/* ---- which ---- */

static bool was_always_well(const struct report_channel *channel)
{
	for (size_t i = 0; i < channel->states.bands; i++)
		if (channel->states.band[i].tone != REPORT_TONE_GOOD)
			return false;
	return true;
}

/* Those that were not always well, then the others, both as they were handed over. */
static const struct report_channel **in_order(const struct report_model *model)
{
	const struct report_channel **channel = heap_calloc(model->channels, sizeof(*channel));
	size_t count = 0;

	for (int well = 0; channel && well < 2; well++)
		for (size_t i = 0; i < model->channels; i++)
			if (was_always_well(&model->channel[i]) == well)
				channel[count++] = &model->channel[i];
	return channel;
}

static void pair_text(const struct report_channel *channel, char text[PAIR_BYTES])
{
	snprintf(text, PAIR_BYTES, "%.250s \u2013 %.250s", report_or(channel->end[0], "?"),
		report_or(channel->end[1], "?"));
}

/* ---- the picture ---- */

static void put_picture(struct buffer *b, const struct report_model *model,
	const struct report_channel **channel, size_t count)
{
	struct time_axis axis = report_axis(model);
	double bottom = TOP + (double)count * ROW;
	char pair[PAIR_BYTES];

	report_scroll_open(b, "Channels over time");
	svg_open(b, "channel-bands", REPORT_PICTURE_WIDTH, bottom + 24, "Channels over time",
		"A band for each pair of appliances, coloured by the state of their connections. "
		"The table below says the same.");
	time_axis_draw(b, &axis, TOP, bottom);
	for (size_t i = 0; i < count; i++) {
		double y = TOP + (double)i * ROW;
		const struct report_bands *states = &channel[i]->states;
		pair_text(channel[i], pair);
		svg_text(b, "name", 0, y + ROW / 2 + 4, SVG_START, pair, PAIR_SHOWN);
		time_bands_draw(b, &axis, y + (ROW - BAND) / 2, BAND, report_band_at, states->band,
			states->bands);
	}
	svg_close(b);
	report_scroll_close(b);
}

/* ---- the table ---- */

/* A band of a capture's end may reach beyond the window, one of a clock that was set end early. */
static uint64_t length_ns(const struct report_band *band)
{
	return band->until_ns > band->from_ns ? band->until_ns - band->from_ns : 0;
}

static double good_share(const struct report_model *model, const struct report_bands *states)
{
	uint64_t window = model->until_ns > model->from_ns ? model->until_ns - model->from_ns : 1;
	uint64_t good = 0;

	for (size_t i = 0; i < states->bands; i++)
		if (states->band[i].tone == REPORT_TONE_GOOD)
			good += length_ns(&states->band[i]);
	return good < window ? (double)good / (double)window : 1;
}

static void put_row(
	struct buffer *b, const struct report_model *model, const struct report_channel *channel)
{
	static const struct report_band unknown = {.state = "not known"};
	const struct report_bands *states = &channel->states;
	const struct report_band *last =
		states->bands ? &states->band[states->bands - 1] : &unknown;

	markup_print(b,
		"<tr><th scope=\"row\"><bdi>%s</bdi> \u2013 <bdi>%s</bdi></th><td>%s</td>"
		"<td class=\"t\">",
		report_or(channel->end[0], "?"), report_or(channel->end[1], "?"),
		report_or(last->state, "?"));
	report_time(b, last->from_ns);
	buffer_puts(b, "</td><td class=\"n\">");
	report_share(b, good_share(model, states));
	markup_print(b, "</td><td class=\"n\">%zu</td><td><bdi>%s</bdi></td></tr>\n",
		states->bands ? states->bands - 1 : 0, report_or(last->reason, ""));
}

static void put_table(struct buffer *b, const struct report_model *model,
	const struct report_channel **channel, size_t count)
{
	report_scroll_open(b, "Channels, as a table");
	report_table_open(b, "rows", "Channels at the end of the window");
	report_table_column(b, "Pair", false);
	report_table_column(b, "State", false);
	report_table_column(b, "Since (UTC)", false);
	report_table_column(b, "Up", true);
	report_table_column(b, "Changes", true);
	report_table_column(b, "Reason", false);
	buffer_puts(b, "</tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < count; i++)
		put_row(b, model, channel[i]);
	buffer_puts(b, "</tbody></table>\n");
	report_scroll_close(b);
}

/* ---- when it was not up ---- */

/* All bands of one state of a channel. */
struct outage {
	size_t times;
	uint64_t sum_ns, longest_ns;
	const struct report_band *last;
};

static bool is_same_state(const struct report_band *a, const struct report_band *b)
{
	return a->tone == b->tone && strcmp(report_or(a->state, ""), report_or(b->state, "")) == 0;
}

static bool is_first_of_state(const struct report_bands *states, size_t number)
{
	for (size_t i = number; i-- > 0;)
		if (is_same_state(&states->band[i], &states->band[number]))
			return false;
	return true;
}

static struct outage outage_of(const struct report_bands *states, size_t first)
{
	struct outage outage = {0};

	for (size_t i = first; i < states->bands; i++) {
		const struct report_band *band = &states->band[i];
		uint64_t for_ns = length_ns(band);
		if (!is_same_state(band, &states->band[first]))
			continue;
		outage.times++;
		outage.sum_ns += for_ns;
		if (for_ns > outage.longest_ns)
			outage.longest_ns = for_ns;
		outage.last = band;
	}
	return outage;
}

static void put_outage(
	struct buffer *b, const struct report_channel *channel, const struct outage *outage)
{
	const struct report_band *last = outage->last;

	markup_print(b,
		"<tr><th scope=\"row\"><bdi>%s</bdi> \u2013 <bdi>%s</bdi></th><td>%s</td>"
		"<td class=\"n\">%zu</td><td class=\"n\">",
		report_or(channel->end[0], "?"), report_or(channel->end[1], "?"),
		report_or(last->state, "?"), outage->times);
	report_duration(b, outage->sum_ns);
	buffer_puts(b, "</td><td class=\"n\">");
	report_duration(b, outage->longest_ns);
	buffer_puts(b, "</td><td class=\"t\">");
	report_span(b, last->from_ns, last->until_ns);
	markup_print(b, "</td><td><bdi>%s</bdi></td></tr>\n", report_or(last->reason, ""));
}

static size_t put_outages_of(struct buffer *b, const struct report_channel *channel, size_t room)
{
	const struct report_bands *states = &channel->states;
	size_t rows = 0;

	for (size_t i = 0; i < states->bands; i++) {
		if (states->band[i].tone == REPORT_TONE_GOOD || !is_first_of_state(states, i))
			continue;
		struct outage outage = outage_of(states, i);
		if (rows++ < room)
			put_outage(b, channel, &outage);
	}
	return rows;
}

static void put_outages(struct buffer *b, const struct report_channel **channel, size_t count)
{
	static const char *const text[] = {"Pair", "State"}, *const number[] = {
								     "Times", "In all", "Longest"};
	size_t rows = 0;

	report_scroll_open(b, "When a channel was not up");
	report_table_open(b, "rows", "When a channel was not up");
	for (size_t i = 0; i < 2; i++)
		report_table_column(b, text[i], false);
	for (size_t i = 0; i < 3; i++)
		report_table_column(b, number[i], true);
	report_table_column(b, "Last time (UTC)", false);
	report_table_column(b, "Reason", false);
	buffer_puts(b, "</tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < count; i++)
		rows += put_outages_of(b, channel[i],
			rows < REPORT_OUTAGES_LISTED ? REPORT_OUTAGES_LISTED - rows : 0);
	buffer_puts(b, "</tbody></table>\n");
	report_scroll_close(b);
	if (rows > REPORT_OUTAGES_LISTED)
		markup_print(b, "<p class=\"more\">%zu more rows are left out.</p>\n",
			rows - REPORT_OUTAGES_LISTED);
}

static void put_channels(struct buffer *b, const struct report_model *model)
{
	const struct report_channel **channel = in_order(model);
	size_t count = model->channels, drawn = count, listed = count;

	if (!channel) {
		b->error = -ENOMEM;
		return;
	}
	if (drawn > REPORT_CHANNELS_DRAWN)
		drawn = REPORT_CHANNELS_DRAWN;
	if (listed > REPORT_CHANNELS_LISTED)
		listed = REPORT_CHANNELS_LISTED;
	report_tones_legend(b);
	put_picture(b, model, channel, drawn);
	put_table(b, model, channel, listed);
	if (count > drawn)
		markup_print(b,
			"<p class=\"more\">Of %zu pairs, %zu are drawn and %zu listed: "
			"<code>portolan triage channels</code> shows all.</p>\n",
			count, drawn, listed);
	if (!was_always_well(channel[0]))
		put_outages(b, channel, count);
	free(channel);
}

void report_channels_write(struct buffer *b, const struct report_model *model)
{
	report_section_open(b, "channels", "Channels");
	if (model->channels)
		put_channels(b, model);
	else
		buffer_puts(b, "<p>No two appliances were seen to have a connection, or to try "
			       "one.</p>\n");
	report_section_close(b);
}
