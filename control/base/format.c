#include "base/format.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "protocol.h"

#define NS_PER_S 1000000000ull

size_t format_integer(long long number, char text[FORMAT_NUMBER_BYTES])
{
	unsigned long long left =
		number < 0 ? 0 - (unsigned long long)number : (unsigned long long)number;
	char digits[FORMAT_NUMBER_BYTES], *at = digits + sizeof(digits);
	size_t length;

	do
		*--at = (char)('0' + left % 10);
	while ((left /= 10) > 0);
	if (number < 0)
		*--at = '-';
	length = (size_t)(digits + sizeof(digits) - at);
	memcpy(text, at, length);
	return length;
}

static char *put_ipv4(char *at, const uint8_t byte[4])
{
	for (unsigned i = 0; i < 4; i++) {
		if (i > 0)
			*at++ = '.';
		at += format_integer(byte[i], at);
	}
	return at;
}

static char *put_hex(char *at, unsigned group)
{
	static const char digit[] = "0123456789abcdef";

	for (int shift = 12; shift >= 0; shift -= 4)
		if (group >> shift || shift == 0)
			*at++ = digit[group >> shift & 15];
	return at;
}

/* Finds the longest run of zero groups, the first one if equal; a single group does not count. */
static unsigned longest_zeros(const unsigned group[8], unsigned *length)
{
	unsigned first = 8;

	*length = 1;
	for (unsigned i = 0, run = 0; i < 8; i++) {
		run = group[i] ? 0 : run + 1;
		if (run > *length) {
			*length = run;
			first = i + 1 - run;
		}
	}
	return first;
}

/* The last four bytes of ::a.b.c.d and ::ffff:a.b.c.d are an IPv4 address. */
static char *put_ipv6(char *at, const uint8_t byte[16])
{
	unsigned group[8], zeros, first, end = 8;

	for (unsigned i = 0; i < 8; i++)
		group[i] = (unsigned)byte[2 * i] << 8 | byte[2 * i + 1];
	first = longest_zeros(group, &zeros);
	if (first == 0 && (zeros == 6 || (zeros == 5 && group[5] == 0xffff)))
		end = 6;
	for (unsigned i = 0; i < end; i++) {
		if (i == first) {
			*at++ = ':';
			i += zeros - 1;
			if (i == 7)
				*at++ = ':';
			continue;
		}
		if (i > 0)
			*at++ = ':';
		at = put_hex(at, group[i]);
	}
	if (end == 8)
		return at;
	*at++ = ':';
	return put_ipv4(at, byte + 12);
}

size_t format_address(const struct address *a, unsigned version, char text[ADDRESS_TEXT_BYTES])
{
	char *end = version == 4 ? put_ipv4(text, a->byte + 12) : put_ipv6(text, a->byte);

	*end = '\0';
	return (size_t)(end - text);
}

/* The last `digits` of a number, with leading zeros. */
static char *put_digits(char *at, unsigned number, unsigned digits)
{
	for (unsigned i = digits; i-- > 0; number /= 10)
		at[i] = (char)('0' + number % 10);
	return at + digits;
}

/* The date of a day since 1970. Years are counted from March, so that the leap day is the last; 400
 * years are 146,097 days. */
static char *put_date(char *at, unsigned days)
{
	unsigned since_0000 = days + 719468, era = since_0000 / 146097, day = since_0000 % 146097;
	unsigned year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	unsigned of_year = day - (365 * year + year / 4 - year / 100);
	unsigned month = (5 * of_year + 2) / 153;
	unsigned of_month = of_year - (153 * month + 2) / 5 + 1;

	month = month < 10 ? month + 3 : month - 9;
	at = put_digits(at, year + 400 * era + (month <= 2), 4);
	*at++ = '-';
	at = put_digits(at, month, 2);
	*at++ = '-';
	return put_digits(at, of_month, 2);
}

size_t format_time(uint64_t time_ns, char text[TIME_TEXT_BYTES])
{
	uint64_t seconds = time_ns / NS_PER_S;
	unsigned of_day = (unsigned)(seconds % 86400);
	char *at = put_date(text, (unsigned)(seconds / 86400));

	*at++ = 'T';
	at = put_digits(at, of_day / 3600, 2);
	*at++ = ':';
	at = put_digits(at, of_day / 60 % 60, 2);
	*at++ = ':';
	at = put_digits(at, of_day % 60, 2);
	*at++ = '.';
	at = put_digits(at, (unsigned)(time_ns % NS_PER_S), 9);
	*at++ = 'Z';
	*at = '\0';
	return (size_t)(at - text);
}

void format_time_short(uint64_t time_ns, char text[TIME_TEXT_BYTES])
{
	time_t seconds = (time_t)(time_ns / NS_PER_S);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(text, TIME_TEXT_BYTES, "%Y-%m-%d %H:%M:%S", &tm);
}

void format_number(uint64_t n, char text[32])
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n), at = 0;

	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			text[at++] = ',';
		text[at++] = digits[i];
	}
	text[at] = '\0';
}

void format_bytes(uint64_t n, char text[32])
{
	static const char *const unit[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
	double value = (double)n;
	unsigned i = 0;

	for (; value >= 999.5 && i < 6; i++)
		value /= 1000;
	snprintf(text, 32, value < 9.95 && i > 0 ? "%.1f %s" : "%.0f %s", value, unit[i]);
}

void format_scaled(double n, char text[32])
{
	static const char unit[] = "\0kMGTPE";
	unsigned i = 0;

	for (; n >= 999.5 && i < sizeof(unit) - 2; i++)
		n /= 1000;
	snprintf(text, 32, "%.*f%.1s",
		n < 9.995 && (i > 0 || n > 0)	? 2
		: n < 99.95 && (i > 0 || n > 0) ? 1
						: 0,
		n, &unit[i]);
}

void format_protocol(uint8_t protocol, char text[ENDPOINT_TEXT_BYTES])
{
	const char *name = protocol_name(protocol);

	if (name)
		snprintf(text, ENDPOINT_TEXT_BYTES, "%s", name);
	else
		snprintf(text, ENDPOINT_TEXT_BYTES, "%u", protocol);
}

void format_elapsed(uint64_t ns, char text[32])
{
	static const uint64_t unit_s[] = {86400, 3600, 60, 1};
	static const char *const name[] = {"d", "h", "min", "s"};
	uint64_t seconds = ns / 1000000000u;
	unsigned i = 0;
	int used;

	if (seconds == 0 && ns > 0) {
		snprintf(text, 32, "%llu ms", (unsigned long long)(ns / 1000000u));
		return;
	}
	while (i < 3 && seconds < unit_s[i])
		i++;
	used = snprintf(text, 32, "%llu %s", (unsigned long long)(seconds / unit_s[i]), name[i]);
	if (i < 3 && seconds % unit_s[i] >= unit_s[i + 1])
		snprintf(text + used, 32 - (size_t)used, " %llu %s",
			(unsigned long long)(seconds % unit_s[i] / unit_s[i + 1]), name[i + 1]);
}

void format_port(uint8_t protocol, uint16_t port, char text[ENDPOINT_TEXT_BYTES])
{
	char name[ENDPOINT_TEXT_BYTES];

	if (protocol == 6 || protocol == 17)
		snprintf(text, ENDPOINT_TEXT_BYTES, "%u/%s", port, protocol == 6 ? "tcp" : "udp");
	else if (protocol_name(protocol)) {
		format_protocol(protocol, name);
		snprintf(text, ENDPOINT_TEXT_BYTES, "%s", name);
	} else
		snprintf(text, ENDPOINT_TEXT_BYTES, "protocol %u", protocol);
}
