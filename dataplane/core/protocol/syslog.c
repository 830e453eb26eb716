/* Syslog: RFC 3164 4.1, RFC 5424 section 6; over streams with a count before it: RFC 6587. A
 * message without a priority is one (RFC 3164 4.3.3), but nothing tells it from other text. */
#include "core/protocol/text_line.h"

#define PRIORITY_MAX 191
#define TEXT_MIN 4

/* A decimal number of at most `max` digits, or -1. */
static int read_number(struct reader *r, unsigned max)
{
	int value = -1;

	for (unsigned i = 0; i < max && reader_peek(r) >= '0' && reader_peek(r) <= '9'; i++)
		value = (value < 0 ? 0 : value * 10) + (reader_u8(r) - '0');
	return value;
}

/* The count of RFC 6587 3.4.1: digits and a space, before the bracket. */
static void skip_count(struct reader *r)
{
	if (reader_peek(r) >= '1' && reader_peek(r) <= '9') {
		read_number(r, 5);
		if (reader_u8(r) != ' ')
			reader_fail(r);
	}
}

/* "Mmm dd hh:mm:ss" of RFC 3164 or the version of RFC 5424: a second field, whatever the rest. */
static int has_head(const uint8_t *at, size_t left)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	if (left >= 3 && at[0] >= '1' && at[0] <= '9' && at[1] == ' ' &&
		(at[2] == '-' || (at[2] >= '1' && at[2] <= '9')))
		return 1;
	if (left < 15 || at[3] != ' ' || at[9] != ':' || at[12] != ':' || !is_text(at, 15, 0))
		return 0;
	for (size_t month = 0; month < 36; month += 3)
		if (memcmp(at, months + month, 3) == 0)
			return 1;
	return 0;
}

static enum match without_priority(const struct message *u)
{
	int ended;
	size_t length = line_length(u->bytes, u->length, &ended);

	return is_text(u->bytes, length, 1) ? MATCH_MAYBE : MATCH_NO;
}

enum match validate_syslog(const struct message *u, struct message_info *m)
{
	struct reader r = message_reader(u);
	int priority, ended;
	size_t length;

	(void)m;
	if (u->transport == TRANSPORT_TCP)
		skip_count(&r);
	if (reader_u8(&r) != '<')
		return r.state == READER_SHORT ? MATCH_MORE : without_priority(u);
	priority = read_number(&r, 3);
	if (reader_u8(&r) != '>')
		return r.state == READER_SHORT ? MATCH_MORE : without_priority(u);
	length = line_length(r.at, reader_left(&r), &ended);
	if (priority < 0 || priority > PRIORITY_MAX)
		return MATCH_NO;
	if (has_head(r.at, reader_left(&r)))
		return MATCH_YES;
	if (!is_text(r.at, length, 1))
		return MATCH_NO;
	if (length < TEXT_MIN)
		return u->transport == TRANSPORT_TCP && !ended ? MATCH_MORE : MATCH_MAYBE;
	return MATCH_YES;
}
