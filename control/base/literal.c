#include "base/literal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DURATION_MAX_NS (3650ull * 86400 * 1000000000)

static const struct {
	const char *name;
	uint64_t ns;
} unit[] = {{"ms", 1000000}, {"s", 1000000000}, {"m", 60000000000}, {"h", 3600000000000},
	{"d", 86400000000000}};

#define UNITS (sizeof(unit) / sizeof(unit[0]))

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Parses the digits at `text`; `end` points behind them. */
static int number_prefix(const char *text, uint64_t max, uint64_t *value, const char **end)
{
	uint64_t number = 0;
	bool beyond = false;

	if (!is_digit(*text) || (text[0] == '0' && is_digit(text[1])))
		return -EINVAL;
	for (; is_digit(*text); text++) {
		uint64_t digit = (uint64_t)(*text - '0');
		beyond = beyond || number > (max - digit) / 10 || digit > max;
		number = beyond ? 0 : number * 10 + digit;
	}
	*end = text;
	if (beyond)
		return -ERANGE;
	*value = number;
	return 0;
}

int literal_number(const char *text, uint64_t max, uint64_t *value)
{
	const char *end = text;
	uint64_t number = 0;
	int rc = number_prefix(text, max, &number, &end);

	if (rc == -EINVAL || *end)
		return -EINVAL;
	if (rc == 0)
		*value = number;
	return rc;
}

int literal_port(const char *text, uint16_t *port)
{
	uint64_t number;
	int rc = literal_number(text, 65535, &number);

	if (rc)
		return rc;
	if (number == 0)
		return -ERANGE;
	*port = (uint16_t)number;
	return 0;
}

int literal_port_transport(const char *text, uint16_t *port, enum transport *transport)
{
	const char *slash = strchr(text, '/');
	char digits[24];

	if (!slash || (size_t)(slash - text) >= sizeof(digits))
		return -EINVAL;
	memcpy(digits, text, (size_t)(slash - text));
	digits[slash - text] = '\0';
	for (int t = 0; t < TRANSPORT_COUNT; t++) {
		if (strcasecmp(slash + 1, transport_name((enum transport)t)) == 0) {
			int rc = literal_port(digits, port);
			if (rc == 0)
				*transport = (enum transport)t;
			return rc;
		}
	}
	return -EINVAL;
}

int literal_size_bytes(const char *text, uint64_t *bytes)
{
	static const struct {
		const char *unit;
		uint64_t factor;
	} scale[] = {{"kB", 1000}, {"MB", 1000000}, {"GB", 1000000000}, {"KiB", 1u << 10},
		{"MiB", 1u << 20}, {"GiB", 1u << 30}, {"", 1}};
	size_t digits = strspn(text, "0123456789");
	char number[20];
	uint64_t value;
	int error;

	if (digits == 0 || digits >= sizeof(number))
		return -EINVAL;
	memcpy(number, text, digits);
	number[digits] = '\0';
	error = literal_number(number, (uint64_t)1 << 53, &value);
	for (size_t i = 0; !error && i < sizeof(scale) / sizeof(scale[0]); i++) {
		if (strcmp(text + digits, scale[i].unit) != 0)
			continue;
		if (value > ((uint64_t)1 << 53) / scale[i].factor)
			return -ERANGE;
		*bytes = value * scale[i].factor;
		return 0;
	}
	return error ? error : -EINVAL;
}

int literal_duration_ns(const char *text, uint64_t *duration_ns)
{
	const char *end = text;
	uint64_t number = 0;
	int rc = number_prefix(text, UINT32_MAX, &number, &end);

	if (rc == -EINVAL)
		return rc;
	if (rc == 0 && number == 0 && !*end) {
		*duration_ns = 0;
		return 0;
	}
	for (size_t i = 0; i < UNITS; i++) {
		if (strcmp(end, unit[i].name) != 0)
			continue;
		if (rc || number > DURATION_MAX_NS / unit[i].ns)
			return -ERANGE;
		*duration_ns = number * unit[i].ns;
		return 0;
	}
	return -EINVAL;
}

/* RFC 4291 section 2.5.5.2: ::ffff:0:0/96 holds the IPv4 addresses. */
#define MAPPED_BITS 96

static int is_mapped(const struct prefix *p)
{
	static const uint8_t head[12] = {[10] = 0xff, [11] = 0xff};

	return p->version == 6 && memcmp(p->address.byte, head, sizeof(head)) == 0;
}

/* Of a prefix whose host bits are zero. */
static void unmap(struct prefix *p)
{
	if (!is_mapped(p) || p->length < MAPPED_BITS)
		return;
	memset(p->address.byte, 0, 12);
	p->version = 4;
	p->length = (uint8_t)(p->length - MAPPED_BITS);
}

static int prefix_address(const char *text, struct prefix *prefix)
{
	*prefix = (struct prefix){0};
	if (inet_pton(AF_INET, text, prefix->address.byte + 12) == 1) {
		prefix->version = 4;
		prefix->length = 32;
		return 0;
	}
	if (inet_pton(AF_INET6, text, prefix->address.byte) == 1) {
		prefix->version = 6;
		prefix->length = 128;
		return 0;
	}
	return -EINVAL;
}

unsigned literal_address(const char *text, struct address *address)
{
	struct prefix prefix;

	if (prefix_address(text, &prefix))
		return 0;
	unmap(&prefix);
	*address = prefix.address;
	return prefix.version;
}

int literal_prefix(const char *text, struct prefix *result)
{
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	char address[INET6_ADDRSTRLEN + 1];
	struct prefix prefix, network;
	uint64_t bits;

	if (length >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, length);
	address[length] = '\0';
	if (prefix_address(address, &prefix))
		return -EINVAL;
	bits = prefix.length;
	if (slash && literal_number(slash + 1, prefix.length, &bits))
		return -EINVAL;
	prefix.length = (uint8_t)bits;
	network = prefix;
	network.address = address_masked(prefix.address, prefix.version, prefix.length);
	*result = network;
	unmap(result);
	return address_equal(&network.address, &prefix.address) ? 0 : -EDOM;
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Parses twelve hexadecimal digits with `separator` after every `group` of them. */
static int mac_grouped(const char *text, char separator, int group, uint64_t *mac)
{
	uint64_t value = 0;

	for (int digit = 0; digit < 12; digit++) {
		if (digit && digit % group == 0 && *text++ != separator)
			return -EINVAL;
		if (hex_digit(*text) < 0)
			return -EINVAL;
		value = value << 4 | (uint64_t)hex_digit(*text++);
	}
	if (*text)
		return -EINVAL;
	*mac = value;
	return 0;
}

int literal_mac(const char *text, uint64_t *mac)
{
	if (mac_grouped(text, ':', 2, mac) == 0 || mac_grouped(text, '-', 2, mac) == 0)
		return 0;
	return mac_grouped(text, '.', 4, mac);
}

bool literal_is_word(const char *text)
{
	size_t length = strlen(text);

	if (length == 0 || length > 63 || text[0] == '-' || text[length - 1] == '-')
		return false;
	return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == length &&
	       !strstr(text, "--");
}

void format_prefix(const struct prefix *prefix, char text[PREFIX_TEXT_BYTES])
{
	int family = prefix->version == 4 ? AF_INET : AF_INET6;
	unsigned full = prefix->version == 4 ? 32 : 128;
	char address[INET6_ADDRSTRLEN];

	inet_ntop(family, prefix->address.byte + (prefix->version == 4 ? 12 : 0), address,
		sizeof(address));
	if (prefix->length == full)
		snprintf(text, PREFIX_TEXT_BYTES, "%s", address);
	else
		snprintf(text, PREFIX_TEXT_BYTES, "%s/%u", address, prefix->length);
}

void format_duration(uint64_t duration_ns, char text[DURATION_TEXT_BYTES])
{
	size_t i = UNITS - 1;

	while (i > 0 && (duration_ns == 0 || duration_ns % unit[i].ns != 0))
		i--;
	snprintf(
		text, DURATION_TEXT_BYTES, "%" PRIu64 "%s", duration_ns / unit[i].ns, unit[i].name);
}
