/* TLS: RFC 5246, RFC 8446; the hello of SSL 2 that older clients begin with: RFC 5246 E.2. */
#include "core/protocol/tls_hello.h"

#define RECORD_MAX (16384 + 2048)

enum { ALERT = 21, HANDSHAKE = 22 };

/* A server may answer a hello with an alert; a client that begins with one has said no hello. */
static enum match read_alert(struct reader *r, const struct message *u, unsigned length)
{
	unsigned level = reader_u8(r);

	if (r->state != READER_GOOD)
		return reading_of(r, MATCH_NO);
	return length == 2 && (level == 1 || level == 2) && u->side != SIDE_CLIENT ? MATCH_YES
										   : MATCH_NO;
}

/* RFC 8446 5.1: a message may go on in the next record, whatever the first one's size. */
static enum match read_piece(
	struct reader *r, unsigned length, unsigned type, struct message_info *m)
{
	unsigned version = length >= 2 ? reader_u16(r) : 0;

	if (length < 2)
		return match_maybe(m, type == HELLO_CLIENT ? SIGN_ASKING : SIGN_ANSWERING);
	if (r->state != READER_GOOD)
		return reading_of(r, MATCH_NO);
	if (version < 0x0300 || version > 0x0303)
		return MATCH_NO;
	m->said = type == HELLO_CLIENT ? SAID_REQUEST : SAID_ANSWER;
	return MATCH_YES;
}

/* The record's head, the message's head, its length and its version: four that agree. */
static enum match read_hello(struct reader *r, unsigned length, struct message_info *m)
{
	unsigned type = reader_u8(r);
	uint32_t size;
	struct reader body;

	if (length < 4 && r->state == READER_GOOD) /* not even the message's length */
		return type == HELLO_CLIENT || type == HELLO_SERVER ? MATCH_MAYBE : MATCH_NO;
	size = reader_u24(r);
	if (r->state != READER_GOOD)
		return reading_of(r, MATCH_NO);
	if ((type != HELLO_CLIENT && type != HELLO_SERVER) || size < 38)
		return MATCH_NO;
	if (size > length - 4 && length < 64)
		return read_piece(r, length - 4, type, m);
	body = reader_part(r, size);
	if (!hello_read(&body, type, 0, &m->facts))
		return reading_of(&body, MATCH_NO);
	m->said = type == HELLO_CLIENT ? SAID_REQUEST : SAID_ANSWER;
	m->unfinished = body.state == READER_SHORT;
	return MATCH_YES;
}

static enum match read_record(struct reader *r, const struct message *u, struct message_info *m)
{
	unsigned type = reader_u8(r), version = reader_u16(r), length = reader_u16(r);

	if (type != HANDSHAKE && type != ALERT)
		return MATCH_NO;
	if (u->length > 1 && u->bytes[1] != 3)
		return MATCH_NO;
	if (r->state != READER_GOOD)
		return reading_of(r, MATCH_NO);
	if (version > 0x0304 || length == 0 || length > RECORD_MAX)
		return MATCH_NO;
	return type == ALERT ? read_alert(r, u, length) : read_hello(r, length, m);
}

/* Its three lengths add up to the record's. */
static enum match read_old_hello(struct reader *r, struct message_info *m)
{
	unsigned length = reader_u16(r) & 0x7fff, type = reader_u8(r), version = reader_u16(r);
	unsigned ciphers = reader_u16(r), session = reader_u16(r), challenge = reader_u16(r);

	if (r->state != READER_GOOD)
		return reading_of(r, MATCH_NO);
	if (type != HELLO_CLIENT || (version != 2 && (version < 0x0300 || version > 0x0304)) ||
		ciphers % 3 || ciphers == 0 || challenge < 16 ||
		length != 9 + ciphers + session + challenge)
		return MATCH_NO;
	m->said = SAID_REQUEST;
	facts_put_number(&m->facts, 0, version);
	return MATCH_YES;
}

enum match validate_tls(const struct message *u, struct message_info *m)
{
	struct reader r = message_reader(u);

	if (reader_peek(&r) < 0)
		return MATCH_MORE;
	return reader_peek(&r) & 0x80 ? read_old_hello(&r, m) : read_record(&r, u, m);
}
