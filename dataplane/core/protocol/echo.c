/* Echo: RFC 862. Any bytes; the answer is the same ones, and only both together tell. */
#include "core/protocol/validator.h"

#define LENGTH_MIN 2

static int is_same(const struct message *u, const uint8_t *other, uint32_t length)
{
	uint32_t n = length < u->length ? length : u->length;

	return length > 0 && memcmp(u->bytes, other, n) == 0;
}

enum match validate_echo(const struct message *u, struct message_info *m)
{
	if (!u->other_length)
		return MATCH_MAYBE;
	if (u->cut || u->other_cut) /* the same beginning, and perhaps another end */
		return MATCH_MAYBE;
	if (u->length >= LENGTH_MIN && u->length == u->other_length &&
		is_same(u, u->other, u->other_length)) {
		m->said = SAID_ANSWER;
		return MATCH_YES;
	}
	/* Of a burst of requests only the first and the last are at hand. */
	m->contradicts =
		u->length != u->other_length && !is_same(u, u->other_first, u->other_first_length);
	return MATCH_MAYBE;
}
