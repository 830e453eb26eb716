/* PostgreSQL's first messages: section "Message Formats" of its protocol's documentation. */
#include "core/protocol/text_line.h"

enum { VERSION_3 = 0x00030000, SSL_REQUEST = 80877103, GSS_REQUEST = 80877104 };
#define STARTUP_MAX 10000u

enum match validate_postgresql(const struct message *u, struct message_info *m)
{
	struct reader r = message_reader(u);
	uint32_t length = reader_u32(&r), code = reader_u32(&r);

	if (r.state != READER_GOOD)
		return reading_of(&r, MATCH_NO);
	if (length == 8 && (code == SSL_REQUEST || code == GSS_REQUEST)) {
		m->said = SAID_REQUEST;
		return MATCH_YES;
	}
	if (code < VERSION_3 || code > VERSION_3 + 2 || length < 9 || length > STARTUP_MAX)
		return MATCH_NO;
	if (reader_left(&r) < 5)
		return MATCH_MORE;
	m->said = SAID_REQUEST;
	return contains(r.at, reader_left(&r), "user") ? MATCH_YES : match_maybe(m, SIGN_ASKING);
}
