/* SSH's identification line: RFC 4253 4.2. A server may send other lines before it. */
#include "core/protocol/text_line.h"

#define SOFTWARE_KEPT 58

static int is_version(const uint8_t *at)
{
	return memcmp(at, "2.0-", 4) == 0 || memcmp(at, "1.99", 4) == 0 ||
	       memcmp(at, "1.5-", 4) == 0;
}

static void read_software(
	const struct message *u, const uint8_t *at, size_t length, struct message_info *m)
{
	const uint8_t *dash = memchr(at, '-', length);
	size_t n = 0;

	if (!dash)
		return;
	length -= (size_t)(++dash - at);
	while (n < length && dash[n] != ' ')
		n++;
	facts_put_text(&m->facts, u->side != SIDE_CLIENT, dash, n, SOFTWARE_KEPT);
}

enum match validate_ssh(const struct message *u, struct message_info *m)
{
	enum match begin = begins_with(u->bytes, u->length, "SSH-");
	int ended;
	size_t length = line_length(u->bytes, u->length, &ended);

	if (begin == MATCH_NO)
		return u->side != SIDE_CLIENT && is_text(u->bytes, length, 1) ? MATCH_MORE
									      : MATCH_NO;
	if (length < 9)
		return ended ? MATCH_NO : MATCH_MORE;
	if (!is_version(u->bytes + 4) || !is_text(u->bytes, length, 0))
		return MATCH_NO;
	if (!ended && length < 255)
		return MATCH_MORE;
	m->said = SAID_FIRST;
	read_software(u, u->bytes + 4, length - 4, m);
	return MATCH_YES;
}
