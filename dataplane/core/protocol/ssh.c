/* SSH's identification line: RFC 4253 4.2. A server may send other lines before it. */
#include "core/protocol/text_line.h"

#define SOFTWARE_KEPT 58

static int is_version(const uint8_t *at)
{
	return memcmp(at, "2.0-", 4) == 0 || memcmp(at, "1.99", 4) == 0 ||
	       memcmp(at, "1.5-", 4) == 0;
}

static void note_software(
	const struct utterance *u, const uint8_t *at, size_t length, struct meaning *m)
{
	const uint8_t *dash = memchr(at, '-', length);
	size_t n = 0;

	if (!dash)
		return;
	length -= (size_t)(++dash - at);
	while (n < length && dash[n] != ' ')
		n++;
	note_text(&m->facts, u->side != SIDE_CLIENT, dash, n, SOFTWARE_KEPT);
}

enum reading validate_ssh(const struct utterance *u, struct meaning *m)
{
	enum reading begin = begins_with(u->bytes, u->length, "SSH-");
	int ended;
	size_t length = line_length(u->bytes, u->length, &ended);

	if (begin == READING_NO)
		return u->side != SIDE_CLIENT && is_text(u->bytes, length, 1) ? READING_MORE
									      : READING_NO;
	if (length < 9)
		return ended ? READING_NO : READING_MORE;
	if (!is_version(u->bytes + 4) || !is_text(u->bytes, length, 0))
		return READING_NO;
	if (!ended && length < 255)
		return READING_MORE;
	m->said = SAID_FIRST;
	note_software(u, u->bytes + 4, length - 4, m);
	return READING_YES;
}
