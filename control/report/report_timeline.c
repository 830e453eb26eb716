#include "report/report_timeline.h"

#include <stdlib.h>
#include <string.h>

#include "base/heap.h"
#include "base/markup.h"
#include "report/report_buckets.h"
#include "report/report_channels.h"
#include "report/report_page.h"
#include "svg/bars.h"

/* Rows of the picture, from above. */
#define TRAFFIC_Y 12.0
#define TRAFFIC_HEIGHT 96.0
#define FLAGGED_Y 132.0
#define FLAGGED_HEIGHT 40.0
#define FINDINGS_Y 192.0
#define FINDINGS_HEIGHT 14.0
#define MIRROR_Y 220.0
#define SENSOR_Y 250.0
#define BAND 15.0
#define COLUMN 2.0
#define COLUMNS 512    /* of that width, at least the picture's */
#define MARK_LINE 13.0 /* words that find no room beside each other stand below each other */
#define MARK_LINES 2
#define BOTTOM 284.0

#define CLASS_WORD(name, word) word,
#define MARK_WORD(name, word, help) word,
static const char *const class_word[] = {REPORT_CLASS_LIST(CLASS_WORD)};
static const char *const mark_word[] = {REPORT_MARK_LIST(MARK_WORD)};
static const char *const class_class[] = {"expected", "implied", "silence", "flagged"};

static void put_label(struct buffer *b, double y, const char *text)
{
	svg_text(b, "name", 0, y + 4, SVG_START, text, SIZE_MAX);
}

/* ---- traffic ---- */

/* The counts of `parts` classes from `first` on, in the order that bars want. */
static uint64_t *counts_of(const struct report_buckets *sum, unsigned first, unsigned parts)
{
	uint64_t *count = heap_calloc(sum->buckets * parts, sizeof(*count));

	for (size_t i = 0; count && i < sum->buckets; i++)
		memcpy(count + i * parts, sum->bucket[i].packets + first, parts * sizeof(*count));
	return count;
}

static void put_bars(struct buffer *b, const struct time_axis *axis,
	const struct report_buckets *sum, unsigned first, unsigned parts, struct svg_box box)
{
	uint64_t *count = counts_of(sum, first, parts);
	struct bars bars = {sum->from_ns, sum->width_ns, count, sum->buckets, parts,
		class_class + first, class_word + first};

	if (count)
		bars_draw(b, axis, &bars, box);
	free(count);
}

static void put_traffic(
	struct buffer *b, const struct report_model *model, const struct time_axis *axis)
{
	struct report_buckets sum;
	struct svg_box box = {axis->x, TRAFFIC_Y, axis->width, TRAFFIC_HEIGHT};
	struct svg_box below = {axis->x, FLAGGED_Y, axis->width, FLAGGED_HEIGHT};

	if (model->traffic.buckets == 0 ||
		report_buckets_init(&sum, &model->traffic, REPORT_BARS_DRAWN) < 0)
		return;
	put_bars(b, axis, &sum, REPORT_CLASS_EXPECTED, REPORT_CLASS_FLAGGED, box);
	put_bars(b, axis, &sum, REPORT_CLASS_FLAGGED, 1, below);
	report_buckets_fini(&sum);
}

/* ---- findings and sensor ---- */

/* Two columns of the axis show the gravest finding that began there. */
static void put_findings(
	struct buffer *b, const struct report_model *model, const struct time_axis *axis)
{
	static const char *const class[] = {"", "s1", "s2", "s3"};
	unsigned char gravest[COLUMNS] = {0};

	for (size_t i = 0; i < model->findings; i++) {
		const struct report_finding *f = &model->finding[i];
		size_t at = (size_t)(time_axis_x(axis, f->first_ns) / COLUMN);
		if (at < COLUMNS && (f->severity & 3) > gravest[at])
			gravest[at] = f->severity & 3;
	}
	for (size_t at = 0; at < COLUMNS; at++) {
		double below = (3 - gravest[at]) * 3.0;
		if (gravest[at])
			svg_box(
				b, class [gravest[at]],
				(struct svg_box) {
					(double)at *COLUMN, FINDINGS_Y + below, COLUMN + 0.5,
						FINDINGS_HEIGHT - below
				},
				NULL);
	}
}

static void put_word(
	struct buffer *b, const struct report_mark *mark, double x, double free_from[MARK_LINES])
{
	const char *class = mark->kind == REPORT_MARK_CRASH ? "tick wrong" : "tick";
	bool is_at_end = x > REPORT_PICTURE_WIDTH - 50;

	for (unsigned line = 0; line < MARK_LINES; line++) {
		if (x < free_from[line])
			continue;
		svg_text(b, class, is_at_end ? x - 4 : x + 4, SENSOR_Y + 11 + line * MARK_LINE,
			is_at_end ? SVG_END : SVG_START, mark_word[mark->kind], SIZE_MAX);
		free_from[line] = x + 44;
		return;
	}
}

static void put_marks(
	struct buffer *b, const struct report_model *model, const struct time_axis *axis)
{
	double free_from[MARK_LINES] = {0};

	for (size_t i = 0; i < model->marks && i < REPORT_MARKS_LISTED; i++) {
		const struct report_mark *mark = &model->mark[i];
		double x = time_axis_x(axis, mark->at_ns);
		svg_line(b, mark->kind == REPORT_MARK_CRASH ? "mark wrong" : "mark", x, TRAFFIC_Y,
			x, BOTTOM);
		put_word(b, mark, x, free_from);
	}
}

/* ---- the picture ---- */

static void put_labels(struct buffer *b)
{
	put_label(b, TRAFFIC_Y + TRAFFIC_HEIGHT / 2, "Packets");
	put_label(b, FLAGGED_Y + FLAGGED_HEIGHT / 2, "Flagged packets");
	put_label(b, FINDINGS_Y + FINDINGS_HEIGHT / 2, "Findings began");
	put_label(b, MIRROR_Y + BAND / 2, "Mirror");
	put_label(b, SENSOR_Y + BAND / 2, "Sensor");
}

static void put_picture(struct buffer *b, const struct report_model *model)
{
	struct time_axis axis = report_axis(model);

	report_scroll_open(b, "Traffic, findings and mirror over time");
	svg_open(b, "timeline-picture", REPORT_PICTURE_WIDTH, BOTTOM + 24,
		"Traffic, findings and mirror over time",
		"Allowed and flagged packets as bars, when findings began, when the "
		"mirror "
		"was degraded, and reloads, starts and stops. The tables below say the same.");
	time_axis_draw(b, &axis, TRAFFIC_Y, BOTTOM);
	put_traffic(b, model, &axis);
	put_findings(b, model, &axis);
	time_bands_draw(
		b, &axis, MIRROR_Y, BAND, report_band_at, model->mirror.band, model->mirror.bands);
	put_marks(b, model, &axis);
	put_labels(b);
	svg_close(b);
	report_scroll_close(b);
}

void report_timeline_write(struct buffer *b, const struct report_model *model)
{
	report_section_open(b, "timeline", "Traffic, findings, mirror");
	buffer_puts(b, "<ul class=\"legend\" aria-label=\"Colours of traffic\">\n");
	for (unsigned i = 0; i < REPORT_CLASS_COUNT; i++)
		markup_print(b, "<li><span class=\"key %s\"></span> %s</li>\n", class_class[i],
			class_word[i]);
	buffer_puts(b, "</ul>\n");
	put_picture(b, model);
	report_timeline_tables(b, model);
	report_section_close(b);
}
