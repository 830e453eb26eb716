/* Syslog: RFC 3164 4.1, RFC 5424 section 6; over streams with a count before it: RFC 6587. A
 * message without a priority is one (RFC 3164 4.3.3), but nothing tells it from other text. */
#include "core/protocol/text_line.h"

#define PRIORITY_MAX 191
#define TEXT_MIN 4
#define TEXT_SURE 16 /* RFC 5424 6.4: what comes later may be any octets */

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

/* Some libraries send a string with what ends it. */
static uint32_t text_length(const struct message *u)
{
	uint32_t length = u->length;

	while (length > 0 && u->bytes[length - 1] == 0)
		length--;
	return length;
}

/* A server of syslog never says anything: text is one only of the side that speaks alone. */
static enum match without_priority(const struct message *u)
{
	int ended;
	size_t length = line_length(u->bytes, text_length(u), &ended);

	if (u->answers || u->side == SIDE_SERVER || !text_length(u))
		return MATCH_NO;
	return is_text(u->bytes, length, 1) ? MATCH_MAYBE : MATCH_NO;
}

enum match validate_syslog(const struct message *u, struct message_info *m)
{
	struct reader r = message_reader(u);
	int priority, ended;
	size_t length;

	if (u->transport == TRANSPORT_TCP)
		skip_count(&r);
	if (reader_u8(&r) != '<')
		return r.state == READER_SHORT ? MATCH_MORE : without_priority(u);
	priority = read_number(&r, 3);
	if (reader_u8(&r) != '>')
		return r.state == READER_SHORT ? MATCH_MORE : without_priority(u);
	r.end = u->bytes + text_length(u) > r.at ? u->bytes + text_length(u) : r.at;
	length = line_length(r.at, reader_left(&r), &ended);
	if (priority < 0 || priority > PRIORITY_MAX)
		return MATCH_NO;
	if (!has_head(r.at, reader_left(&r))) {
		if (length < TEXT_MIN)
			return u->transport == TRANSPORT_TCP && !ended ? MATCH_MORE : MATCH_MAYBE;
		if (length < TEXT_SURE && !ended && u->cut)
			return MATCH_MORE;
		if (!is_text(r.at, length < TEXT_SURE ? length : TEXT_SURE, 1))
			return is_text(r.at, TEXT_MIN, 1) ? MATCH_MAYBE : MATCH_NO;
	}
	m->said = SAID_REQUEST; /* nobody answers */
	return MATCH_YES;
}
