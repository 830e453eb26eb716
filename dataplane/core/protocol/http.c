/* HTTP/1: RFC 9112 sections 3 and 4; the preface of HTTP/2: RFC 9113 3.4. Of a request the
 * method and the host are kept, never its target. */
#include "core/protocol/text_line.h"

#define METHOD_MAX 24
#define METHOD_KEPT 20
#define HOST_KEPT 90

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

static int is_letter(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* RFC 9110 9.1 and 5.6.2: a token. */
static int is_method_letter(uint8_t c)
{
	return is_letter(c) || (c >= '0' && c <= '9') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* The value of the Host field. */
static void read_host(const uint8_t *at, size_t left, struct message_info *m)
{
	int ended;

	for (size_t n; left > 0; at += n, left -= n) {
		n = line_length(at, left, &ended);
		if (ended && n > 5 && strncasecmp((const char *)at, "Host:", 5) == 0) {
			const uint8_t *value = at + 5;
			size_t length = n - 5;
			for (; length && *value == ' '; length--)
				value++;
			facts_put_host(&m->facts, 1, value, length, HOST_KEPT);
			return;
		}
		while (n < left && (at[n] == '\r' || at[n] == '\n'))
			n++;
	}
}

static enum match read_response(const uint8_t *at, size_t left, struct message_info *m)
{
	if (left < 12)
		return memcmp(at, "HTTP/1.", left < 7 ? left : 7) ? MATCH_NO : MATCH_MORE;
	if (memcmp(at, "HTTP/1.", 7) != 0 || at[8] != ' ' || at[9] < '1' || at[9] > '9')
		return MATCH_NO;
	m->said = SAID_ANSWER;
	facts_put_number(&m->facts, 1,
		(unsigned)((at[9] - '0') * 100 + (at[10] - '0') * 10 + (at[11] - '0')));
	return MATCH_YES;
}

/* The version at the end of the line; of a line that goes on, a target that is one. */
static enum match read_version(const uint8_t *target, size_t length, int ended, size_t at_hand)
{
	if (ended)
		return length >= 10 && memcmp(target + length - 9, " HTTP/1.", 8) == 0 ? MATCH_YES
										       : MATCH_NO;
	if (at_hand < 512)
		return MATCH_MORE;
	return *target == '/' || contains(target, length < 12 ? length : 12, "://") ? MATCH_YES
										    : MATCH_MORE;
}

static size_t method_length(const struct message *u)
{
	size_t n = 0;

	while (n < u->length && is_method_letter(u->bytes[n]))
		n++;
	return n;
}

/* HTTP/0.9: GET, a path, the end of the line, and anything for an answer. */
static enum match read_simple(const struct message *u, size_t length, struct message_info *m)
{
	const size_t word = sizeof("GET ") - 1;

	if (length <= word || memcmp(u->bytes, "GET /", word + 1) != 0 ||
		memchr(u->bytes + word, ' ', length - word))
		return MATCH_NO;
	m->said = SAID_REQUEST;
	m->answer_is_free = 1;
	facts_put_text(&m->facts, 0, u->bytes, word - 1, METHOD_KEPT);
	return MATCH_YES;
}

/* RFC 9110 9.1: letters. What else a token may have stands in no method that is registered. */
static void put_method(const struct message *u, struct message_info *m)
{
	size_t length = method_length(u);

	for (size_t i = 0; i < length; i++)
		if (!is_letter(u->bytes[i]) && u->bytes[i] != '-')
			return;
	facts_put_text(&m->facts, 0, u->bytes, length, METHOD_KEPT);
}

static enum match read_request(const struct message *u, struct message_info *m)
{
	size_t method = method_length(u), length;
	enum match reading;
	int ended;

	if (method > METHOD_MAX || (method < u->length && (!method || u->bytes[method] != ' ')))
		return MATCH_NO;
	length = line_length(u->bytes, u->length, &ended);
	while (method + 1 < length && u->bytes[method + 1] == ' ') /* RFC 9112 section 3 */
		method++;
	if (method == u->length || length < method + 2)
		return ended ? MATCH_NO : MATCH_MORE;
	if (!is_text(u->bytes, length, 1) || (method == 7 && memcmp(u->bytes, "CONNECT", 7) == 0))
		return MATCH_NO;
	reading = read_version(u->bytes + method + 1, length - method - 1, ended, u->length);
	if (reading == MATCH_NO)
		return read_simple(u, length, m);
	if (reading != MATCH_YES)
		return reading;
	m->said = SAID_REQUEST;
	put_method(u, m);
	read_host(u->bytes + length, u->length - length, m);
	m->unfinished = m->facts.length[1] == 0 && !contains(u->bytes, u->length, "\r\n\r\n") &&
			!contains(u->bytes, u->length, "\n\n");
	return MATCH_YES;
}

/* An HTTP/2 server begins with its settings, perhaps before the client's preface: RFC 9113 3.4
 * and 6.5: frame length, type, no flags, stream 0, and numbered values of six bytes each. */
static enum match read_settings(const struct message *u, struct message_info *m)
{
	struct reader r = message_reader(u);
	uint32_t length = reader_u24(&r), stream;
	unsigned type, flags;

	if (u->side == SIDE_CLIENT || (r.state == READER_GOOD && (length % 6 != 0 || length > 384)))
		return MATCH_NO;
	type = reader_u8(&r);
	flags = reader_u8(&r);
	stream = reader_u32(&r);
	if (r.state != READER_GOOD)
		return reading_of(&r, MATCH_NO);
	if (type != 4 || flags != 0 || stream != 0)
		return MATCH_NO;
	m->said = SAID_ANSWER;
	return MATCH_YES;
}

/* These bytes and no others. */
static enum match read_preface(const struct message *u)
{
	size_t whole = sizeof(preface) - 1, n = u->length < whole ? u->length : whole;

	if (memcmp(u->bytes, preface, n) != 0)
		return MATCH_NO;
	return n == whole ? MATCH_YES : MATCH_MORE;
}

/* RFC 9112 2.2: an empty line before a request is skipped. */
static struct message without_empty_lines(const struct message *u)
{
	struct message v = *u;

	while (v.length > 1 && (v.bytes[0] == '\r' || v.bytes[0] == '\n')) {
		v.bytes++;
		v.length--;
	}
	return v;
}

enum match validate_http(const struct message *whole, struct message_info *m)
{
	const struct message v = without_empty_lines(whole), *u = &v;
	enum match r = read_preface(u);

	if (u->bytes[0] == '\r' || u->bytes[0] == '\n')
		return MATCH_MORE;
	if (u->bytes[0] == 0)
		return read_settings(u, m);
	if (r == MATCH_YES) {
		m->said = SAID_REQUEST;
		return r;
	}
	if (r == MATCH_MORE && u->length >= 4)
		return r;
	r = read_response(u->bytes, u->length, m);
	return r == MATCH_NO ? read_request(u, m) : r;
}
