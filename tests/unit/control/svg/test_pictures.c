/* Axis, bands, bars and links: what they draw for a given input, and how much at most. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "svg/bars.h"
#include "svg/links.h"
#include "svg/svg.h"
#include "svg/time_axis.h"
#include "svg/time_bands.h"

#define S 1000000000ull
#define HOUR (3600 * S)
#define DAY (24 * HOUR)
#define MONDAY (20458 * DAY) /* 2026-01-05 */

static struct buffer page;
static const struct time_axis week = {MONDAY, MONDAY + 7 * DAY, 100, 700};

static const char *drawn(void)
{
	buffer_append(&page, "", 1);
	return page.text;
}

static size_t occurrences(const char *part)
{
	size_t count = 0;

	for (const char *at = drawn(); (at = strstr(at, part)); at++)
		count++;
	return count;
}

static void numbers_have_one_digit_behind_a_point(void **state)
{
	(void)state;
	buffer_clear(&page);
	svg_number(&page, 12);
	buffer_puts(&page, " ");
	svg_number(&page, 0.25);
	buffer_puts(&page, " ");
	svg_number(&page, -3.04);
	assert_string_equal(drawn(), "12 0.3 -3");
}

static void picture_has_a_title_and_a_text_that_name_it(void **state)
{
	(void)state;
	buffer_clear(&page);
	svg_open(&page, "p", 10, 20, "A <title>", "What it shows");
	svg_close(&page);
	assert_non_null(strstr(drawn(), "role=\"img\" aria-labelledby=\"p-title p-text\""));
	assert_non_null(strstr(drawn(), "<title id=\"p-title\">A &lt;title&gt;</title>"));
}

static void axis_places_times_and_keeps_others_at_its_ends(void **state)
{
	(void)state;
	assert_float_equal(time_axis_x(&week, MONDAY + DAY), 200, 1e-6);
	assert_float_equal(time_axis_x(&week, 0), 100, 1e-6);
	assert_float_equal(time_axis_x(&week, UINT64_MAX), 800, 1e-6);
}

static void ticks_are_round_and_far_enough_apart(void **state)
{
	struct time_axis axis = {MONDAY, MONDAY + 10 * S, 0, 700};

	(void)state;
	assert_int_equal(time_axis_step(&axis, 66), S);
	assert_int_equal(time_axis_step(&week, 66), DAY);
	axis.until_ns = MONDAY + DAY;
	assert_int_equal(time_axis_step(&axis, 66), 3 * HOUR);
	axis.until_ns = MONDAY + 40 * 365 * DAY;
	assert_true(time_axis_step(&axis, 66) >= 365 * DAY);
}

static void days_are_named_where_they_begin(void **state)
{
	(void)state;
	buffer_clear(&page);
	time_axis_draw(&page, &week, 0, 10);
	assert_int_equal(occurrences("<text"), 8);
	assert_non_null(strstr(drawn(), ">5 Jan<"));
	assert_non_null(strstr(drawn(), ">12 Jan<"));
}

static void axis_of_any_window_has_few_ticks(void **state)
{
	(void)state;
	for (uint64_t window = 1; window && window < UINT64_MAX / 2; window *= 3) {
		struct time_axis axis = {UINT64_MAX / 2 - window, UINT64_MAX / 2, 0, 800};
		buffer_clear(&page);
		time_axis_draw(&page, &axis, 0, 10);
		assert_true(occurrences("<text") <= 13);
	}
}

/* ---- bands ---- */

static struct time_band band_of(const void *list, size_t number)
{
	return ((const struct time_band *)list)[number];
}

static void bands_lie_where_their_times_are(void **state)
{
	const struct time_band band[] = {{MONDAY, MONDAY + DAY, 0, "good", "up", NULL},
		{MONDAY + DAY, MONDAY + 3 * DAY, 1, "bad", "silent", "why"}};

	(void)state;
	buffer_clear(&page);
	assert_int_equal(time_bands_draw(&page, &week, 5, 10, band_of, band, 2), 2);
	assert_non_null(strstr(drawn(), "<rect class=\"good\" x=\"100\" y=\"5\" width=\"100\""));
	assert_non_null(strstr(drawn(), "<rect class=\"bad\" x=\"200\" y=\"5\" width=\"200\""));
	assert_non_null(strstr(
		drawn(), "silent, 2026-01-06 00:00:00 to 2026-01-08 00:00:00 UTC: why</title>"));
}

static void fault_of_a_moment_shows(void **state)
{
	const struct time_band band[] = {{MONDAY, MONDAY + DAY, 0, "good", "up", NULL},
		{MONDAY + DAY, MONDAY + DAY + S, 1, "bad", "silent", NULL},
		{MONDAY + DAY + S, MONDAY + 7 * DAY, 0, "good", "up", NULL}};

	(void)state;
	buffer_clear(&page);
	assert_int_equal(time_bands_draw(&page, &week, 5, 10, band_of, band, 3), 3);
	assert_non_null(strstr(drawn(), "<rect class=\"bad\" x=\"200\" y=\"5\" width=\"1\""));
}

static void bands_outside_the_axis_are_not_drawn(void **state)
{
	const struct time_band band[] = {{MONDAY - DAY, MONDAY, 0, "good", "up", NULL},
		{MONDAY + 7 * DAY, MONDAY + 8 * DAY, 0, "good", "up", NULL}};

	(void)state;
	buffer_clear(&page);
	assert_int_equal(time_bands_draw(&page, &week, 5, 10, band_of, band, 2), 0);
}

static void ever_so_many_bands_are_as_many_elements_as_columns(void **state)
{
	static struct time_band band[50000];

	(void)state;
	for (size_t i = 0; i < 50000; i++)
		band[i] = (struct time_band){MONDAY + i * 12 * S, MONDAY + (i + 1) * 12 * S,
			(unsigned)i % 2, i % 2 ? "bad" : "good", "x", NULL};
	buffer_clear(&page);
	assert_true(time_bands_draw(&page, &week, 5, 10, band_of, band, 50000) <= 700);
}

/* ---- bars ---- */

static void scales_are_round(void **state)
{
	(void)state;
	assert_int_equal(bars_scale(0), 1);
	assert_int_equal(bars_scale(1), 1);
	assert_int_equal(bars_scale(3), 5);
	assert_int_equal(bars_scale(51), 100);
	assert_int_equal(bars_scale(100), 100);
	assert_int_equal(bars_scale(101), 200);
	assert_true(bars_scale(UINT64_MAX / 200) >= UINT64_MAX / 200);
}

static void bars_are_stacked_and_a_single_packet_shows(void **state)
{
	static const char *const class[] = {"a", "b"}, *const name[] = {"of a", "of b"};
	const uint64_t count[] = {50, 50, 0, 0, 0, 1};
	struct bars bars = {MONDAY, DAY, count, 3, 2, class, name};

	(void)state;
	buffer_clear(&page);
	bars_draw(&page, &week, &bars, (struct svg_box){100, 0, 700, 100});
	assert_non_null(strstr(
		drawn(), "<rect class=\"a\" x=\"100\" y=\"50\" width=\"99.4\" height=\"50\""));
	assert_non_null(strstr(
		drawn(), "<rect class=\"b\" x=\"100\" y=\"0\" width=\"99.4\" height=\"50\""));
	assert_non_null(strstr(
		drawn(), "<rect class=\"b\" x=\"300\" y=\"99\" width=\"99.4\" height=\"1\""));
	assert_int_equal(occurrences("<rect"), 3);
}

/* ---- links ---- */

static void links_share_names_and_bound_them(void **state)
{
	static char name[100][8];
	struct link_line line[100];
	struct links links;

	(void)state;
	for (size_t i = 0; i < 100; i++) {
		snprintf(name[i], sizeof(name[i]), "p%zu", i);
		line[i] = (struct link_line){i % 2 ? "b" : "a", name[i], 1, "link", NULL};
	}
	assert_int_equal(links_place(&links, line, 100, 800), LINKS_NAMES_MAX);
	assert_int_equal(links.lefts, 2);
	assert_int_equal(links.rights, LINKS_NAMES_MAX);
	buffer_clear(&page);
	links_draw(&page, &links, line, 100);
	assert_int_equal(occurrences("<path"), LINKS_NAMES_MAX);
	assert_int_equal(occurrences("<text"), LINKS_NAMES_MAX + 2);
}

static int release(void **state)
{
	(void)state;
	buffer_fini(&page);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_have_one_digit_behind_a_point),
		cmocka_unit_test(picture_has_a_title_and_a_text_that_name_it),
		cmocka_unit_test(axis_places_times_and_keeps_others_at_its_ends),
		cmocka_unit_test(ticks_are_round_and_far_enough_apart),
		cmocka_unit_test(days_are_named_where_they_begin),
		cmocka_unit_test(axis_of_any_window_has_few_ticks),
		cmocka_unit_test(bands_lie_where_their_times_are),
		cmocka_unit_test(fault_of_a_moment_shows),
		cmocka_unit_test(bands_outside_the_axis_are_not_drawn),
		cmocka_unit_test(ever_so_many_bands_are_as_many_elements_as_columns),
		cmocka_unit_test(scales_are_round),
		cmocka_unit_test(bars_are_stacked_and_a_single_packet_shows),
		cmocka_unit_test(links_share_names_and_bound_them),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
