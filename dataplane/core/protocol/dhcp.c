/* DHCP: RFC 2131 section 2, and BOOTP with the same options: RFC 1497. Without their cookie it
 * may be BOOTP as it was (RFC 951). */
#include "core/protocol/validator.h"

#define COOKIE 0x63825363u
#define FIXED 224 /* from the transaction on, to the options */

enum match validate_dhcp(const struct message *u, struct message_info *m)
{
	struct reader r = message_reader(u);
	unsigned operation = reader_u8(&r), type = reader_u8(&r), length = reader_u8(&r);
	uint32_t cookie, transaction;

	if (r.state != READER_GOOD)
		return reading_of(&r, MATCH_NO);
	if ((operation != 1 && operation != 2) || type == 0 || length > 16)
		return MATCH_NO;
	reader_u8(&r);
	transaction = reader_u32(&r);
	reader_bytes(&r, FIXED + 4);
	cookie = reader_u32(&r);
	if (r.state != READER_GOOD)
		return reading_of(&r, MATCH_NO);
	if (cookie != COOKIE)
		return match_maybe(m, operation == 1 ? SIGN_ASKING : SIGN_ANSWERING);
	m->said = operation == 1 ? SAID_REQUEST : SAID_ANSWER;
	m->exchange = exchange_of_number(SERVICE_DHCP, transaction);
	return MATCH_YES;
}
