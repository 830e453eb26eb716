/* STUN: RFC 8489 section 5. */
#include "core/protocol/validator.h"

#define HEADER 20
#define TRANSACTION 12
#define COOKIE 0x2112a442u

enum match validate_stun(const struct message *u, struct message_info *m)
{
	struct reader r = message_reader(u);
	unsigned type = reader_u16(&r), length = reader_u16(&r);
	uint32_t cookie = reader_u32(&r);
	const uint8_t *transaction = reader_bytes(&r, TRANSACTION);

	if (u->length && u->bytes[0] & 0xc0)
		return MATCH_NO;
	if (r.state != READER_GOOD)
		return reading_of(&r, MATCH_NO);
	if (cookie != COOKIE || length % 4 || (u->size && length + HEADER > u->size))
		return MATCH_NO;
	m->exchange = exchange_of(SERVICE_STUN, transaction, TRANSACTION);
	/* The class is two bits within the type: request, indication, success, error. */
	if ((type & 0x0110) == 0)
		m->said = SAID_REQUEST;
	else if (type & 0x0100)
		m->said = SAID_ANSWER;
	return MATCH_YES;
}
