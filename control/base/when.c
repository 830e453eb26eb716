#include "base/when.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/literal.h"

#define SECOND_NS 1000000000ull
#define DAY_NS (86400 * SECOND_NS)

struct when_form {
	const char *format; /* of strptime(3) */
	int has_date;
};

/* What follows the text that strptime() took: nothing, a fraction, a zone. */
static int read_rest(const char *rest, int64_t *offset_s, uint64_t *fraction_ns)
{
	uint64_t unit = SECOND_NS;
	int hours, minutes, used = 0;

	*offset_s = 0;
	*fraction_ns = 0;
	if (*rest == '.')
		for (rest++; *rest >= '0' && *rest <= '9'; rest++) {
			unit /= 10;
			*fraction_ns += (uint64_t)(*rest - '0') * unit;
		}
	if (*rest == '\0' || strcmp(rest, "Z") == 0 || strcmp(rest, "z") == 0 ||
		strcmp(rest, " UTC") == 0)
		return 0;
	if ((*rest != '+' && *rest != '-') ||
		sscanf(rest + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2 || rest[1 + used] ||
		hours > 23 || minutes > 59)
		return -EINVAL;
	*offset_s = (hours * 60 + minutes) * (*rest == '-' ? -60 : 60);
	return 0;
}

static void split(uint64_t ns, struct tm *tm)
{
	time_t seconds = (time_t)(ns / SECOND_NS);

	gmtime_r(&seconds, tm);
}

static int read_form(const struct when_form *form, const char *text, uint64_t now_ns, uint64_t *ns)
{
	struct tm tm;
	const char *rest;
	uint64_t fraction_ns;
	int64_t offset_s, seconds;

	split(now_ns, &tm);
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	rest = strptime(text, form->format, &tm);
	if (!rest || read_rest(rest, &offset_s, &fraction_ns) < 0)
		return -EINVAL;
	seconds = (int64_t)timegm(&tm) - offset_s;
	if (seconds < 0)
		return -EINVAL;
	*ns = (uint64_t)seconds * SECOND_NS + fraction_ns;
	if (!form->has_date && *ns > now_ns)
		*ns -= DAY_NS;
	return 0;
}

int when_read(const char *text, uint64_t now_ns, uint64_t *time_ns)
{
	static const struct when_form form[] = {{"%Y-%m-%dT%H:%M:%S", 1}, {"%Y-%m-%d %H:%M:%S", 1},
		{"%Y-%m-%dT%H:%M", 1}, {"%Y-%m-%d %H:%M", 1}, {"%Y-%m-%d", 1}, {"%H:%M:%S", 0},
		{"%H:%M", 0}};
	uint64_t today_ns = now_ns - now_ns % DAY_NS, before_ns;

	if (strcmp(text, "now") == 0)
		*time_ns = now_ns;
	else if (strcmp(text, "today") == 0)
		*time_ns = today_ns;
	else if (strcmp(text, "yesterday") == 0)
		*time_ns = today_ns > DAY_NS ? today_ns - DAY_NS : 0;
	else if (literal_duration_ns(text, &before_ns) == 0)
		*time_ns = now_ns > before_ns ? now_ns - before_ns : 0;
	else
		for (size_t i = 0; i < sizeof(form) / sizeof(form[0]); i++) {
			if (read_form(&form[i], text, now_ns, time_ns) == 0)
				return 0;
			if (i + 1 == sizeof(form) / sizeof(form[0]))
				return -EINVAL;
		}
	return 0;
}
