/* Times, addresses and numbers compared with libc's formatting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <limits.h>
#include <time.h>

#include "base/format.h"
#include "control/random.h"

#define ROUNDS 200000
#define SEED 20260105

static void check_time(uint64_t time_ns)
{
	char text[TIME_TEXT_BYTES], want[TIME_TEXT_BYTES];
	time_t seconds = (time_t)(time_ns / 1000000000);
	struct tm tm;
	size_t used;

	gmtime_r(&seconds, &tm);
	used = strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(want + used, sizeof(want) - used, ".%09lluZ",
		(unsigned long long)(time_ns % 1000000000));
	assert_int_equal(format_time(time_ns, text), strlen(want));
	assert_string_equal(text, want);
}

static void format_time_is_what_strftime_says(void **state)
{
	uint64_t seed = SEED, day_ns = 86400000000000;

	(void)state;
	print_message("# seed %llu\n", (unsigned long long)seed);
	for (unsigned i = 0; i < ROUNDS; i++)
		check_time(random_next(&seed));
	for (uint64_t day = 0; day < 200000; day++) {
		check_time(day * day_ns);
		check_time(day * day_ns + day_ns - 1);
	}
	check_time(UINT64_MAX);
}

static void check_address(const struct address *a)
{
	char text[ADDRESS_TEXT_BYTES], want[ADDRESS_TEXT_BYTES];

	for (unsigned version = 4; version <= 6; version += 2) {
		if (version == 4)
			inet_ntop(AF_INET, a->byte + 12, want, sizeof(want));
		else
			inet_ntop(AF_INET6, a->byte, want, sizeof(want));
		assert_int_equal(format_address(a, version, text), strlen(want));
		assert_string_equal(text, want);
	}
}

/* Each group zero, small, 0xffff or random: covers every position of compressed zeros. */
static void format_address_is_what_inet_ntop_says(void **state)
{
	uint64_t seed = SEED;

	(void)state;
	print_message("# seed %llu\n", (unsigned long long)seed);
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct address a = {{0}};
		for (unsigned group = 0; group < 8; group++) {
			unsigned kind = random_below(&seed, 6);
			unsigned value = kind < 3    ? 0
					 : kind == 3 ? 0xffff
					 : kind == 4 ? random_below(&seed, 256)
						     : random_below(&seed, 65536);
			a.byte[2 * group] = (uint8_t)(value >> 8);
			a.byte[2 * group + 1] = (uint8_t)value;
		}
		check_address(&a);
	}
}

static void format_integer_is_what_printf_says(void **state)
{
	static const long long edge[] = {0, 9, 10, -1, LLONG_MAX, LLONG_MIN};
	uint64_t seed = SEED;

	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		long long number =
			i < 6 ? edge[i] : (long long)random_next(&seed) >> random_below(&seed, 64);
		char text[FORMAT_NUMBER_BYTES], want[32];
		size_t length = (size_t)snprintf(want, sizeof(want), "%lld", number);
		assert_int_equal(format_integer(number, text), length);
		assert_memory_equal(text, want, length);
	}
}

static void format_elapsed_has_the_two_largest_units(void **state)
{
	static const struct {
		uint64_t ms;
		const char *text;
	} want[] = {{0, "0 s"}, {740, "740 ms"}, {45000, "45 s"}, {600000, "10 min"},
		{605000, "10 min 5 s"}, {7500000, "2 h 5 min"}, {86400000, "1 d"},
		{273661000, "3 d 4 h"}, {UINT64_MAX / 1000000, "213503 d 23 h"}};

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		char text[32];
		format_elapsed(want[i].ms * 1000000, text);
		assert_string_equal(text, want[i].text);
	}
}

static void format_scaled_has_three_digits(void **state)
{
	static const struct {
		double n;
		const char *text;
	} want[] = {{0, "0"}, {0.25, "0.25"}, {9.994, "9.99"}, {12.34, "12.3"}, {999, "999"},
		{999.6, "1.00k"}, {1234, "1.23k"}, {98765432, "98.8M"}, {123e9, "123G"},
		{5e12, "5.00T"}, {7e21, "7000E"}};

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		char text[32];
		format_scaled(want[i].n, text);
		assert_string_equal(text, want[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(format_time_is_what_strftime_says),
		cmocka_unit_test(format_address_is_what_inet_ntop_says),
		cmocka_unit_test(format_integer_is_what_printf_says),
		cmocka_unit_test(format_elapsed_has_the_two_largest_units),
		cmocka_unit_test(format_scaled_has_three_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
