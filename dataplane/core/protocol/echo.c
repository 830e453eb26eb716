/* Echo: RFC 862. Any bytes; the answer is the same ones, and only both together tell. */
#include "core/protocol/validator.h"

#define LENGTH_MIN 2

enum reading validate_echo(const struct utterance *u, struct meaning *m)
{
	(void)m;
	if (u->length < LENGTH_MIN || !u->other_length)
		return READING_MAYBE;
	if (u->length != u->other_length || memcmp(u->bytes, u->other, u->length) != 0)
		return READING_MAYBE;
	return READING_YES;
}
