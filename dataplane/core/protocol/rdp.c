/* RDP's first messages: TPKT (RFC 1006), X.224 connection request and confirm, and in them a
 * cookie or a negotiation ([MS-RDPBCGR] 2.2.1.1 and 2.2.1.2). */
#include "core/protocol/text_line.h"

enum { REQUEST = 0xe0, CONFIRM = 0xd0, NEGOTIATION_MIN = 1, NEGOTIATION_MAX = 3 };
enum { PARAMETER_MIN = 0xc0, PARAMETER_MAX = 0xcf };

/* Eight bytes that say so of themselves. */
static int is_negotiation(const uint8_t *at, size_t left)
{
	return left >= 8 && at[0] >= NEGOTIATION_MIN && at[0] <= NEGOTIATION_MAX && at[2] == 8 &&
	       at[3] == 0;
}

/* X.224 13.3.4: what other users of TPKT put there, MMS and S7 say: selectors and sizes. */
static int is_parameter(const struct reader *r)
{
	int first = reader_peek(r);

	return first >= PARAMETER_MIN && first <= PARAMETER_MAX;
}

enum match validate_rdp(const struct message *u, struct message_info *m)
{
	struct reader r = message_reader(u);
	unsigned version = reader_u16(&r), length = reader_u16(&r);
	unsigned indicator = reader_u8(&r), code = reader_u8(&r);

	reader_bytes(&r, 5); /* references and class */
	if (r.state != READER_GOOD)
		return reading_of(&r, MATCH_NO);
	if (version != 0x0300 || indicator + 5 != length || (code != REQUEST && code != CONFIRM) ||
		is_parameter(&r))
		return MATCH_NO;
	m->said = code == REQUEST ? SAID_REQUEST : SAID_ANSWER;
	if (contains(r.at, reader_left(&r), "mstshash=") || is_negotiation(r.at, reader_left(&r)))
		return MATCH_YES;
	return match_maybe(m, code == REQUEST ? SIGN_ASKING : SIGN_ANSWERING);
}
