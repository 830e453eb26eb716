/* MySQL's and MariaDB's greeting: protocol 10 and the server's release as text, or a refusal. */
#include "core/protocol/text_line.h"

enum { PROTOCOL = 10, ERROR = 0xff };
#define RELEASE_MAX 64
#define REFUSAL_MIN 8

/* A server that refuses says why in place of its greeting: an error of 1000 or more, and text
 * that fills the packet. */
static enum match read_refusal(struct reader *r, size_t length, struct message_info *m)
{
	unsigned low = reader_u8(r), code = reader_u8(r) << 8 | low;
	size_t left = reader_left(r), text = length - 3;

	if (r->state != READER_GOOD)
		return reading_of(r, MATCH_NO);
	if (length < 3 + REFUSAL_MIN || length > 512 || code < 1000 || code >= 5000 ||
		left > text || !is_text(r->at, left, 1))
		return MATCH_NO;
	if (left < text)
		return MATCH_MORE;
	m->said = SAID_ANSWER;
	return MATCH_YES;
}

enum match validate_mysql(const struct message *u, struct message_info *m)
{
	struct reader r = message_reader(u);
	const uint8_t *length_at = reader_bytes(&r, 3), *release, *end;
	unsigned number = reader_u8(&r), protocol = reader_u8(&r);
	size_t length, left;

	if (r.state != READER_GOOD || !length_at)
		return reading_of(&r, MATCH_NO);
	length = (size_t)length_at[0] | (size_t)length_at[1] << 8 | (size_t)length_at[2] << 16;
	if (protocol == ERROR && number <= 1)
		return read_refusal(&r, length, m);
	if (number != 0 || protocol != PROTOCOL || length < 30 || length > 512)
		return MATCH_NO;
	release = r.at;
	left = reader_left(&r);
	end = memchr(release, 0, left);
	if (!end)
		return left <= RELEASE_MAX && is_text(release, left, 0) ? MATCH_MORE : MATCH_NO;
	if (end - release < 3 || end - release > RELEASE_MAX || *release < '0' || *release > '9' ||
		!is_text(release, (size_t)(end - release), 0))
		return MATCH_NO;
	m->said = SAID_ANSWER;
	return MATCH_YES;
}
