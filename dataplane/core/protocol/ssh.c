/* SSH's identification line: RFC 4253 4.2. A server may send other lines before it. */
#include "core/protocol/text_line.h"

#define SOFTWARE_KEPT 58
#define NO_LINE UINT32_MAX

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

/* Where the identification begins: RFC 4253 4.2, a server may send other lines of text before it.
 * The length of the bytes where it does not, yet. */
static uint32_t skip_lines(const struct message *u)
{
	uint32_t at = 0;

	while (at < u->length && begins_with(u->bytes + at, u->length - at, "SSH-") == MATCH_NO) {
		int ended;
		size_t length = line_length(u->bytes + at, u->length - at, &ended);
		if (!is_text(u->bytes + at, length, 1) || (at == 0 && u->side == SIDE_CLIENT))
			return NO_LINE;
		at += (uint32_t)length + (ended ? 1 : 0);
	}
	return at;
}

/* Padded with spaces or zero bytes, as some devices do. */
static size_t without_padding(const uint8_t *at, size_t length)
{
	while (length > 0 && (at[length - 1] == 0 || at[length - 1] == ' '))
		length--;
	return length;
}

static enum match read_identification(
	const struct message *u, const uint8_t *at, size_t left, struct message_info *m)
{
	int ended;
	size_t length = line_length(at, left, &ended);

	if (begins_with(at, left, "SSH-") != MATCH_YES || (length < 9 && !ended))
		return MATCH_MORE;
	if (length < 9 || at[4] < '0' || at[4] > '9' || at[5] != '.')
		return MATCH_NO;
	length = without_padding(at, length);
	if (!is_text(at, length, 0))
		return is_text(at, 9, 0) ? MATCH_MAYBE : MATCH_NO;
	if (!is_version(at + 4))
		return MATCH_MAYBE;
	if (!ended && left < 255)
		return MATCH_MORE;
	m->said = SAID_FIRST;
	read_software(u, at + 4, length - 4, m);
	return MATCH_YES;
}

enum match validate_ssh(const struct message *u, struct message_info *m)
{
	uint32_t at = skip_lines(u);

	if (at == NO_LINE)
		return MATCH_NO;
	return read_identification(u, u->bytes + at, u->length - at, m);
}
