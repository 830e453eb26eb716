#include "svg/time_axis.h"

#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include "svg/svg.h"

#define NS_PER_S 1000000000ull
#define DAY_NS (86400 * NS_PER_S)
#define TICK_APART 66.0
#define LABEL_BYTES 32

double time_axis_x(const struct time_axis *axis, uint64_t time_ns)
{
	uint64_t t = time_ns < axis->from_ns ? axis->from_ns : time_ns;

	if (t > axis->until_ns)
		t = axis->until_ns;
	return axis->x + axis->width * ((double)(t - axis->from_ns) /
					       (double)(axis->until_ns - axis->from_ns));
}

uint64_t time_axis_step(const struct time_axis *axis, double apart)
{
	static const uint32_t step_s[] = {1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600,
		7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2419200, 7862400};
	double window = (double)(axis->until_ns - axis->from_ns);
	uint64_t years = 365;

	for (size_t i = 0; i < sizeof(step_s) / sizeof(step_s[0]); i++)
		if ((double)step_s[i] * NS_PER_S * axis->width >= apart * window)
			return step_s[i] * NS_PER_S;
	while ((double)(years * DAY_NS) * axis->width < apart * window)
		years *= 2;
	return years * DAY_NS;
}

static void tick_label(uint64_t time_ns, uint64_t step_ns, char text[LABEL_BYTES])
{
	static const char month[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t seconds = (time_t)(time_ns / NS_PER_S);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	if (step_ns > 200 * DAY_NS)
		snprintf(text, LABEL_BYTES, "%.3s %d", month + 3 * tm.tm_mon, tm.tm_year + 1900);
	else if (time_ns % DAY_NS == 0)
		snprintf(text, LABEL_BYTES, "%d %.3s", tm.tm_mday, month + 3 * tm.tm_mon);
	else if (step_ns < 60 * NS_PER_S)
		snprintf(text, LABEL_BYTES, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
	else
		snprintf(text, LABEL_BYTES, "%02d:%02d", tm.tm_hour, tm.tm_min);
}

/* A label beside an end of the axis would stand over it. */
static enum svg_anchor label_anchor(const struct time_axis *axis, double x)
{
	return x < axis->x + 16 ? SVG_START : x > axis->x + axis->width - 16 ? SVG_END : SVG_MIDDLE;
}

void time_axis_draw(struct buffer *b, const struct time_axis *axis, double top, double bottom)
{
	uint64_t step = time_axis_step(axis, TICK_APART);
	uint64_t first = (axis->from_ns + step - 1) / step * step;
	char text[LABEL_BYTES];

	svg_line(b, "axis", axis->x, bottom, axis->x + axis->width, bottom);
	for (uint64_t t = first; t >= first && t <= axis->until_ns; t += step) {
		double x = time_axis_x(axis, t);
		svg_line(b, t % DAY_NS == 0 ? "grid day" : "grid", x, top, x, bottom + 4);
		tick_label(t, step, text);
		svg_text(b, "tick", x, bottom + 16, label_anchor(axis, x), text, LABEL_BYTES);
	}
}
