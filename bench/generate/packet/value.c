#include "packet/value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <time.h>

#define TIME_MAX_NS (100ull * 366 * 86400 * SECOND_NS)

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool value_number(const char *text, uint64_t max, uint64_t *value)
{
	unsigned base = text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10;
	uint64_t sum = 0;

	text += base == 16 ? 2 : 0;
	if (!*text)
		return false;
	for (; *text; text++) {
		int d = digit(*text);
		if (d < 0 || (unsigned)d >= base || sum > (UINT64_MAX - (unsigned)d) / base)
			return false;
		sum = sum * base + (unsigned)d;
	}
	*value = sum;
	return sum <= max;
}

/* The digits at *text as a number, then *text stands behind them. */
static bool take_digits(const char **text, uint64_t *value)
{
	const char *start = *text;

	for (*value = 0; isdigit((unsigned char)**text); ++*text) {
		if (*value > TIME_MAX_NS)
			return false;
		*value = *value * 10 + (uint64_t)(**text - '0');
	}
	return *text > start;
}

/* What follows the point, in units of a 1e-9th. */
static uint64_t take_fraction(const char **text)
{
	uint64_t value = 0, weight = SECOND_NS / 10;

	if (**text != '.')
		return 0;
	for (++*text; isdigit((unsigned char)**text); ++*text, weight /= 10)
		value += weight * (uint64_t)(**text - '0');
	return value;
}

static bool with_unit(uint64_t whole, uint64_t fraction, const char *unit, uint64_t *ns)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {{"", SECOND_NS}, {"s", SECOND_NS}, {"ms", 1000000}, {"us", 1000}, {"ns", 1},
		{"m", 60 * SECOND_NS}, {"h", 3600 * SECOND_NS}};

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (strcmp(unit, units[i].name) != 0)
			continue;
		if (whole > TIME_MAX_NS / units[i].ns)
			return false;
		if (units[i].ns > SECOND_NS)
			fraction *= units[i].ns / SECOND_NS;
		else
			fraction /= SECOND_NS / units[i].ns;
		*ns = whole * units[i].ns + fraction;
		return true;
	}
	return false;
}

/* HH:MM or HH:MM:SS, `hours` already read. */
static bool take_clock(const char **text, uint64_t hours, uint64_t *seconds)
{
	uint64_t minute, second = 0;

	++*text;
	if (!take_digits(text, &minute) || minute > 59)
		return false;
	if (**text == ':') {
		++*text;
		if (!take_digits(text, &second) || second > 59)
			return false;
	}
	*seconds = hours * 3600 + minute * 60 + second;
	return hours < 1000000;
}

bool value_time(const char *text, uint64_t *ns)
{
	uint64_t whole, fraction;

	if (!take_digits(&text, &whole))
		return false;
	if (*text == ':') {
		if (!take_clock(&text, whole, &whole))
			return false;
		fraction = take_fraction(&text);
		return !*text && with_unit(whole, fraction, "", ns);
	}
	fraction = take_fraction(&text);
	return with_unit(whole, fraction, text, ns);
}

bool value_date(const char *text, uint64_t *ns)
{
	struct tm tm = {0};
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);

	if (!end || *end)
		return value_time(text, ns);
	if (tm.tm_year < 70)
		return false;
	*ns = (uint64_t)timegm(&tm) * SECOND_NS;
	return true;
}

static bool parse_address(const char *text, struct address *address, uint8_t *version)
{
	*address = (struct address){{0}};
	if (inet_pton(AF_INET, text, address->byte + 12) == 1)
		*version = 4;
	else if (inet_pton(AF_INET6, text, address->byte) == 1)
		*version = 6;
	else
		return false;
	return true;
}

bool value_prefix(const char *text, struct prefix *p)
{
	char address[INET6_ADDRSTRLEN] = "";
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	struct address masked;
	uint64_t bits;

	if (length >= sizeof(address))
		return false;
	memcpy(address, text, length);
	address[length] = '\0';
	if (!parse_address(address, &p->address, &p->version))
		return false;
	bits = p->version == 4 ? 32 : 128;
	if (slash && !value_number(slash + 1, bits, &bits))
		return false;
	p->length = (uint8_t)bits;
	masked = address_masked(p->address, p->version, p->length);
	return address_equal(&masked, &p->address);
}

/* Splits `[V6]:PORT`, `V4:PORT`, `NAME:PORT`; a bare IPv6 address has no port. */
static bool split_port(const char *text, char *host, size_t capacity, const char **port)
{
	const char *end = text + strlen(text);
	const char *colon = strrchr(text, ':');

	*port = NULL;
	if (*text == '[') {
		end = strchr(++text, ']');
		if (!end || (end[1] && end[1] != ':'))
			return false;
		*port = end[1] ? end + 2 : NULL;
	} else if (colon && colon == strchr(text, ':')) {
		end = colon;
		*port = colon + 1;
	}
	if ((size_t)(end - text) >= capacity)
		return false;
	memcpy(host, text, (size_t)(end - text));
	host[end - text] = '\0';
	return true;
}

static bool named_endpoint(const char *text, const struct hosts *hosts, struct endpoint *e)
{
	const char *at = strchr(text, '@');
	size_t length = at ? (size_t)(at - text) : strlen(text);
	const struct host *host = hosts_find(hosts, text, length);
	uint64_t version = 0;

	if (!host || (at && !value_number(at + 1, 6, &version)))
		return false;
	return host_endpoint(host, (unsigned)version, e) == 0;
}

bool value_endpoint(const char *text, const struct hosts *hosts, struct endpoint *e, bool *has_port)
{
	char host[HOST_NAME_MAX_BYTES + INET6_ADDRSTRLEN];
	const char *port;
	uint64_t number = 0;

	if (!split_port(text, host, sizeof(host), &port))
		return false;
	if (!parse_address(host, &e->address, &e->version) && !named_endpoint(host, hosts, e))
		return false;
	if (port && !value_number(port, 65535, &number))
		return false;
	e->port = (uint16_t)number;
	*has_port = port != NULL;
	return true;
}

bool value_mac(const char *text, uint8_t mac[static 6])
{
	for (unsigned i = 0; i < 6; i++, text += 3) {
		if (value_hex(text, 2, mac + i, 1) != 1)
			return false;
		if (text[2] != (i < 5 ? ':' : '\0'))
			return false;
	}
	return true;
}

bool value_flags(const char *text, uint8_t *flags)
{
	static const char letters[] = "FSRPAUEC";

	*flags = 0;
	if (strcmp(text, "none") == 0)
		return true;
	for (; *text; text++) {
		const char *letter = strchr(letters, *text);
		if (!letter)
			return false;
		*flags |= (uint8_t)(1u << (letter - letters));
	}
	return true;
}

int value_hex(const char *text, size_t length, uint8_t *to, size_t capacity)
{
	if (length % 2 || length / 2 > capacity)
		return -1;
	for (size_t i = 0; i < length; i += 2) {
		int high = digit(text[i]);
		int low = high < 0 ? -1 : digit(text[i + 1]);
		if (low < 0)
			return -1;
		to[i / 2] = (uint8_t)(high << 4 | low);
	}
	return (int)(length / 2);
}
