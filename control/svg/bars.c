#include "svg/bars.h"

#include <stdio.h>

#include "base/format.h"
#include "svg/time_axis.h"

#define HINT_BYTES 128
#define GAP 0.6

uint64_t bars_scale(uint64_t peak)
{
	uint64_t power = 1;

	while (power <= UINT64_MAX / 100 && power * 10 <= peak)
		power *= 10;
	return power >= peak	   ? power
	       : 2 * power >= peak ? 2 * power
	       : 5 * power >= peak ? 5 * power
				   : 10 * power;
}

static uint64_t sum_of(const struct bars *bars, size_t bar)
{
	uint64_t sum = 0;

	for (size_t part = 0; part < bars->parts; part++)
		sum += bars->count[bar * bars->parts + part];
	return sum;
}

uint64_t bars_peak(const struct bars *bars)
{
	uint64_t peak = 0;

	for (size_t i = 0; i < bars->bars; i++)
		if (sum_of(bars, i) > peak)
			peak = sum_of(bars, i);
	return peak;
}

static void draw_scale(struct buffer *b, struct svg_box box, uint64_t scale)
{
	char text[32];

	for (unsigned halves = scale > 1 ? 1 : 2; halves <= 2; halves++) {
		double y = box.y + box.height * (1 - halves / 2.0);
		svg_line(b, "grid", box.x, y, box.x + box.width, y);
		format_number(scale / 2 * halves + (halves == 2 ? scale % 2 : 0), text);
		svg_text(b, "tick", box.x - 6, y + 3.5, SVG_END, text, sizeof(text));
	}
}

static void draw_bar(struct buffer *b, const struct bars *bars, size_t bar, struct svg_box box,
	double per_packet)
{
	char hint[HINT_BYTES], number[32], from[TIME_TEXT_BYTES];
	double top = box.y + box.height;

	format_time_short(bars->from_ns + bar * bars->width_ns, from);
	for (size_t part = 0; part < bars->parts; part++) {
		uint64_t count = bars->count[bar * bars->parts + part];
		double height = (double)count * per_packet;
		if (count == 0)
			continue;
		if (height < 1)
			height = 1; /* a single packet shows */
		top -= height;
		format_number(count, number);
		snprintf(hint, sizeof(hint), "%s UTC: %s %s", from, number, bars->name[part]);
		svg_box(
			b, bars->class [part], (struct svg_box) { box.x, top, box.width, height },
			hint);
	}
}

void bars_draw(
	struct buffer *b, const struct time_axis *axis, const struct bars *bars, struct svg_box box)
{
	uint64_t scale = bars_scale(bars_peak(bars));

	draw_scale(b, box, scale);
	for (size_t i = 0; i < bars->bars; i++) {
		double from = time_axis_x(axis, bars->from_ns + i * bars->width_ns);
		double until = time_axis_x(axis, bars->from_ns + (i + 1) * bars->width_ns);
		double width = until - from > 2 * GAP ? until - from - GAP : until - from;
		if (width > 0)
			draw_bar(b, bars, i, (struct svg_box){from, box.y, width, box.height},
				box.height / (double)scale);
	}
}
