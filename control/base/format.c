#include "base/format.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "protocol.h"

#define NS_PER_S 1000000000ull

void format_address(const struct address *a, unsigned version, char text[ADDRESS_TEXT_BYTES])
{
	if (version == 4)
		inet_ntop(AF_INET, a->byte + 12, text, ADDRESS_TEXT_BYTES);
	else
		inet_ntop(AF_INET6, a->byte, text, ADDRESS_TEXT_BYTES);
}

void format_time(uint64_t time_ns, char text[TIME_TEXT_BYTES])
{
	time_t seconds = (time_t)(time_ns / NS_PER_S);
	struct tm tm;
	size_t used;

	gmtime_r(&seconds, &tm);
	used = strftime(text, TIME_TEXT_BYTES, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + used, TIME_TEXT_BYTES - used, ".%09lluZ",
		(unsigned long long)(time_ns % NS_PER_S));
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

void format_protocol(uint8_t protocol, char text[ENDPOINT_TEXT_BYTES])
{
	const char *name = protocol_name(protocol);

	if (name)
		snprintf(text, ENDPOINT_TEXT_BYTES, "%s", name);
	else
		snprintf(text, ENDPOINT_TEXT_BYTES, "%u", protocol);
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
