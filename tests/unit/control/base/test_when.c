/* Times as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "base/format.h"
#include "base/when.h"

/* 2026-03-02T06:00:00Z */
#define NOW_NS 1772431200000000000ull

static void reads_as(const char *text, const char *want)
{
	char shown[TIME_TEXT_BYTES];
	uint64_t ns = 0;

	assert_int_equal(when_read(text, NOW_NS, &ns), 0);
	format_time(ns, shown);
	assert_string_equal(shown, want);
}

static void when_reads_dates_with_and_without_a_time(void **state)
{
	(void)state;
	reads_as("2026-03-02T06:00:00Z", "2026-03-02T06:00:00.000000000Z");
	reads_as("2026-03-02 06:00", "2026-03-02T06:00:00.000000000Z");
	reads_as("2026-03-02T06:00:00.25Z", "2026-03-02T06:00:00.250000000Z");
	reads_as("2026-02-28", "2026-02-28T00:00:00.000000000Z");
	reads_as("2026-03-02 06:00:30 UTC", "2026-03-02T06:00:30.000000000Z");
}

static void when_reads_the_zone_that_is_written(void **state)
{
	(void)state;
	reads_as("2026-03-02T06:00:00+02:00", "2026-03-02T04:00:00.000000000Z");
	reads_as("2026-03-02T06:00:00-05:30", "2026-03-02T11:30:00.000000000Z");
}

static void when_takes_a_time_of_day_for_the_last_one(void **state)
{
	(void)state;
	reads_as("02:00", "2026-03-02T02:00:00.000000000Z");
	reads_as("07:00", "2026-03-01T07:00:00.000000000Z");
	reads_as("yesterday", "2026-03-01T00:00:00.000000000Z");
	reads_as("today", "2026-03-02T00:00:00.000000000Z");
}

static void when_counts_durations_back_from_now(void **state)
{
	(void)state;
	reads_as("2h", "2026-03-02T04:00:00.000000000Z");
	reads_as("7d", "2026-02-23T06:00:00.000000000Z");
	reads_as("now", "2026-03-02T06:00:00.000000000Z");
}

static void when_refuses_what_is_none(void **state)
{
	static const char *const text[] = {"", "soon", "25:00", "2026-13-01",
		"2026-03-02T06:00:00X", "2h ago", "06:00+99:00", "-2h", "2026-03-02T06:00:00+0200",
		"1969-01-01"};
	uint64_t ns = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		assert_int_equal(when_read(text[i], NOW_NS, &ns), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(when_reads_dates_with_and_without_a_time),
		cmocka_unit_test(when_reads_the_zone_that_is_written),
		cmocka_unit_test(when_takes_a_time_of_day_for_the_last_one),
		cmocka_unit_test(when_counts_durations_back_from_now),
		cmocka_unit_test(when_refuses_what_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
