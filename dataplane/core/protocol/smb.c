/* SMB over TCP: [MS-SMB2] 2.1 and 2.2.1, [MS-CIFS] 2.2.3.1. */
#include "core/protocol/validator.h"

enum { SMB2_HEADER = 64, SMB1_HEADER = 32 };

enum match validate_smb(const struct message *u, struct message_info *m)
{
	struct reader r = message_reader(u);
	unsigned type = reader_u8(&r), version;
	uint32_t length = reader_u24(&r), magic;
	const uint8_t *rest;

	version = reader_u8(&r);
	magic = reader_u24(&r);
	if (r.state != READER_GOOD)
		return reading_of(&r, MATCH_NO);
	if (type != 0 || version < 0xfc || magic != 0x534d42 || length < SMB1_HEADER)
		return MATCH_NO;
	if (version != 0xfe)
		return MATCH_YES;
	rest = reader_bytes(&r, 16);
	if (!rest)
		return reading_of(&r, MATCH_NO);
	if (rest[0] != SMB2_HEADER || length < SMB2_HEADER)
		return MATCH_NO;
	m->said = rest[12] & 1 ? SAID_ANSWER : SAID_REQUEST;
	return MATCH_YES;
}
