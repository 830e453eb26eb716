/* IPMI over LAN: RMCP, as in section 13 of the IPMI 2.0 specification; ASF's ping is part of it. */
#include "core/protocol/validator.h"

enum { RMCP_VERSION = 6, CLASS_ASF = 6, CLASS_IPMI = 7 };
#define ASF_ENTERPRISE 4542u

static enum match read_session(struct reader *r)
{
	unsigned kind = reader_u8(r);

	if (r->state != READER_GOOD)
		return reading_of(r, MATCH_NO);
	return kind <= 6 ? MATCH_YES : MATCH_NO;
}

enum match validate_ipmi(const struct message *u, struct message_info *m)
{
	struct reader r = message_reader(u);
	unsigned version = reader_u8(&r), reserved = reader_u8(&r), class;
	uint32_t enterprise;

	(void)m;
	reader_u8(&r);
	class = reader_u8(&r) & 0x1f;
	if (r.state != READER_GOOD)
		return reading_of(&r, MATCH_NO);
	if (version != RMCP_VERSION || reserved != 0)
		return MATCH_NO;
	if (class == CLASS_IPMI)
		return read_session(&r);
	enterprise = reader_u32(&r);
	if (r.state != READER_GOOD)
		return reading_of(&r, MATCH_NO);
	return class == CLASS_ASF && enterprise == ASF_ENTERPRISE ? MATCH_YES : MATCH_NO;
}
