/* Telnet: RFC 854, RFC 855. One negotiation is a coincidence of three bytes, two are not. */
#include "core/protocol/validator.h"

enum { IAC = 255, WILL = 251, DO = 253, DONT = 254, OPTION_MAX = 50, EXTENDED = 255 };

enum match validate_telnet(const struct message *u, struct message_info *m)
{
	struct reader r = message_reader(u);
	unsigned negotiations = 0;

	/* Who says WILL is answered by DO, and the other way round: the two are two fields. */
	m->sign = u->length > 1 && u->bytes[1] < DO ? SIGN_ASKING : SIGN_ANSWERING;
	while (reader_peek(&r) == IAC && negotiations < 2) {
		unsigned verb, option;
		reader_u8(&r);
		verb = reader_u8(&r);
		option = reader_u8(&r);
		if (r.state == READER_SHORT)
			break;
		if (verb < WILL || verb > DONT || (option > OPTION_MAX && option != EXTENDED))
			return negotiations ? MATCH_MAYBE : MATCH_NO;
		negotiations++;
	}
	if (negotiations >= 2)
		return MATCH_YES;
	if (negotiations == 1)
		return MATCH_MAYBE;
	return r.state == READER_SHORT ? MATCH_MORE : MATCH_NO;
}
