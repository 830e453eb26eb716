/* Echo: RFC 862. Any bytes; the answer is the same ones, and only both together tell. */
#include "core/protocol/validator.h"

#define LENGTH_MIN 2

enum match validate_echo(const struct message *u, struct message_info *m)
{
	if (u->length < LENGTH_MIN || !u->other_length)
		return MATCH_MAYBE;
	if (u->length != u->other_length || memcmp(u->bytes, u->other, u->length) != 0)
		return MATCH_MAYBE;
	m->said = SAID_ANSWER;
	return MATCH_YES;
}
