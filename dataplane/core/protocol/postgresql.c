/* PostgreSQL's first messages: section "Message Formats" of its protocol's documentation. */
#include "core/protocol/text_line.h"

enum { VERSION_3 = 0x00030000, SSL_REQUEST = 80877103, GSS_REQUEST = 80877104 };
#define STARTUP_MAX 10000u

enum reading validate_postgresql(const struct utterance *u, struct meaning *m)
{
	struct reader r = utterance_reader(u);
	uint32_t length = reader_u32(&r), code = reader_u32(&r);

	if (r.state != READER_GOOD)
		return reading_of(&r, READING_NO);
	if (length == 8 && (code == SSL_REQUEST || code == GSS_REQUEST)) {
		m->said = SAID_REQUEST;
		return READING_YES;
	}
	if (code < VERSION_3 || code > VERSION_3 + 2 || length < 9 || length > STARTUP_MAX)
		return READING_NO;
	if (reader_left(&r) < 5)
		return READING_MORE;
	m->said = SAID_REQUEST;
	return contains(r.at, reader_left(&r), "user") ? READING_YES : READING_MAYBE;
}
