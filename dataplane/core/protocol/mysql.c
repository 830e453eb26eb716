/* MySQL's greeting: protocol 10, the server's release as text. */
#include "core/protocol/text_line.h"

enum { PROTOCOL = 10, ERROR = 0xff };
#define RELEASE_MAX 64

enum match validate_mysql(const struct message *u, struct message_info *m)
{
	struct reader r = message_reader(u);
	const uint8_t *length_at = reader_bytes(&r, 3), *release, *end;
	unsigned number = reader_u8(&r), protocol = reader_u8(&r);
	size_t length, left;

	if (r.state != READER_GOOD || !length_at)
		return reading_of(&r, MATCH_NO);
	length = (size_t)length_at[0] | (size_t)length_at[1] << 8 | (size_t)length_at[2] << 16;
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
