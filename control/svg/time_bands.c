#include "svg/time_bands.h"

#include <stdio.h>

#include "base/format.h"
#include "svg/svg.h"
#include "svg/time_axis.h"

#define NO_BAND UINT32_MAX
#define HINT_BYTES 512
#define LETTER_WIDTH 6.5

static size_t columns_of(const struct time_axis *axis)
{
	return axis->width < TIME_BANDS_COLUMNS ? (size_t)axis->width : TIME_BANDS_COLUMNS;
}

/* A band takes at least the column that it begins in. */
static void cover(const struct time_axis *axis, uint32_t *column, time_band_at *at,
	const void *list, uint32_t number)
{
	struct time_band band = at(list, number);
	size_t columns = columns_of(axis);
	double scale = (double)columns / axis->width;
	size_t from = (size_t)((time_axis_x(axis, band.from_ns) - axis->x) * scale);
	size_t until = (size_t)((time_axis_x(axis, band.until_ns) - axis->x) * scale + 0.5);

	if (band.until_ns <= axis->from_ns || band.from_ns >= axis->until_ns)
		return;
	for (size_t i = from; i < columns && (i == from || i < until); i++)
		if (column[i] == NO_BAND || at(list, column[i]).gravity < band.gravity)
			column[i] = number;
}

static void draw(struct buffer *b, struct svg_box box, const struct time_band *band)
{
	char hint[HINT_BYTES], from[TIME_TEXT_BYTES], until[TIME_TEXT_BYTES];
	size_t letters = band->state ? strlen(band->state) : 0;

	format_time_short(band->from_ns, from);
	format_time_short(band->until_ns, until);
	snprintf(hint, sizeof(hint), "%s, %s to %s UTC%s%.300s", band->state ? band->state : "?",
		from, until, band->reason ? ": " : "", band->reason ? band->reason : "");
	svg_box(b, band->class, box, hint);
	if (letters && (double)letters * LETTER_WIDTH < box.width - 8)
		svg_text(b, "word", box.x + box.width / 2, box.y + box.height / 2 + 3.5, SVG_MIDDLE,
			band->state, letters);
}

size_t time_bands_draw(struct buffer *b, const struct time_axis *axis, double y, double height,
	time_band_at *at, const void *list, size_t count)
{
	size_t columns = columns_of(axis), drawn = 0, until;
	double wide = axis->width / (double)(columns ? columns : 1);
	uint32_t column[TIME_BANDS_COLUMNS];

	for (size_t i = 0; i < columns; i++)
		column[i] = NO_BAND;
	for (uint32_t i = 0; i < count && i < NO_BAND; i++)
		cover(axis, column, at, list, i);
	for (size_t from = 0; from < columns; from = until) {
		for (until = from + 1; until < columns && column[until] == column[from]; until++)
			;
		if (column[from] == NO_BAND)
			continue;
		struct time_band band = at(list, column[from]);
		draw(b,
			(struct svg_box){axis->x + (double)from * wide, y,
				(double)(until - from) * wide, height},
			&band);
		drawn++;
	}
	return drawn;
}
