/* DTLS: RFC 6347 4.1 and 4.2, RFC 9147; with connection ids: RFC 9146. */
#include "core/protocol/tls_hello.h"

#define HEADER 13

enum { FIRST_TYPE = 20, HANDSHAKE = 22, LAST_TYPE = 26, HELLO_VERIFY = 3 };

/* The message's head repeats the record's length. */
static enum match read_handshake(struct reader *record, unsigned length, struct message_info *m)
{
	unsigned type = reader_u8(record);
	uint32_t size = reader_u24(record), offset, fragment;

	reader_u16(record);
	offset = reader_u24(record);
	fragment = reader_u24(record);
	if (record->state != READER_GOOD || type < HELLO_CLIENT || type > HELLO_VERIFY)
		return MATCH_MAYBE; /* encrypted, or another message: the record has to do */
	if (offset + fragment > size || fragment + 12 > length)
		return MATCH_NO;
	m->said = type == HELLO_CLIENT ? SAID_REQUEST : SAID_ANSWER;
	if (type != HELLO_VERIFY && offset == 0)
		hello_read(record, type, 1, &m->facts);
	m->unfinished = record->state == READER_SHORT;
	return MATCH_YES;
}

/* Records that fill the datagram exactly. */
static enum match read_records(struct reader r)
{
	unsigned records = 0;

	while (r.state == READER_GOOD && reader_left(&r) > 0) {
		unsigned type = reader_u8(&r), version = reader_u16(&r);
		if (r.state == READER_SHORT && records)
			break;
		reader_bytes(&r, 8);
		reader_part(&r, reader_u16(&r));
		if (type < FIRST_TYPE || type > LAST_TYPE || !hello_version(version))
			return MATCH_NO;
		records++;
	}
	return r.state == READER_BROKEN || !records ? MATCH_NO : MATCH_YES;
}

enum match validate_dtls(const struct message *u, struct message_info *m)
{
	struct reader r = message_reader(u), record;
	unsigned type = reader_u8(&r), version = reader_u16(&r), epoch = reader_u16(&r), length;

	reader_bytes(&r, 6);
	length = reader_u16(&r);
	if (u->length && (type & 0xe0) == 0x20)
		return MATCH_MAYBE; /* RFC 9147 section 4: an encrypted record of 1.3 */
	if (r.state != READER_GOOD)
		return reading_of(&r, MATCH_NO);
	if (type < FIRST_TYPE || type > LAST_TYPE || version >> 8 == 3 || !hello_version(version))
		return MATCH_NO;
	record = reader_part(&r, length);
	if (record.state == READER_BROKEN)
		return MATCH_NO;
	if (type == HANDSHAKE && epoch == 0) {
		enum match reading = read_handshake(&record, length, m);
		if (reading != MATCH_MAYBE)
			return reading;
	}
	return read_records(message_reader(u));
}
