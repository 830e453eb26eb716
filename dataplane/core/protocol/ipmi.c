/* IPMI over LAN: RMCP, as in section 13 of the IPMI 2.0 specification; ASF's ping is part of it. */
#include "core/protocol/validator.h"

enum { RMCP_VERSION = 6, CLASS_ASF = 6, CLASS_IPMI = 7 };
enum { NO_AUTHENTICATION = 0, RMCP_PLUS = 6, OPEN_REQUEST = 0x10, RAKP_4 = 0x15 };
enum { PING = 0x80, PONG = 0x40 };
#define ASF_ENTERPRISE 4542u

/* A message of IPMI 1.5 (its section 12.4): the function is even where one asks, and the answer
 * repeats the sequence and the command. */
static void read_command(struct reader *r, struct message_info *m)
{
	uint8_t id[2];
	unsigned function;

	reader_bytes(r, 1);
	function = reader_u8(r) >> 2;
	reader_bytes(r, 2);
	id[0] = reader_u8(r) >> 2;
	id[1] = reader_u8(r);
	if (r->state != READER_GOOD)
		return;
	m->said = function & 1 ? SAID_ANSWER : SAID_REQUEST;
	m->exchange = exchange_of(SERVICE_IPMI, id, sizeof(id));
}

/* Of 2.0 (its section 13.6): opening a session and RAKP, odd ones from the server, with a tag
 * that the answer repeats. */
static void read_opening(struct reader *r, struct message_info *m)
{
	unsigned type = reader_u8(r) & 0x3f, tag;

	reader_bytes(r, 10);
	tag = reader_u8(r);
	if (r->state != READER_GOOD || type < OPEN_REQUEST || type > RAKP_4)
		return;
	m->said = type & 1 ? SAID_ANSWER : SAID_REQUEST;
	m->exchange = exchange_of_number(SERVICE_IPMI, (type - OPEN_REQUEST) / 2u << 8 | tag);
}

static enum match read_session(struct reader *r, struct message_info *m)
{
	unsigned kind = reader_u8(r);

	if (r->state != READER_GOOD)
		return reading_of(r, MATCH_NO);
	if (kind == RMCP_PLUS) {
		read_opening(r, m);
	} else {
		reader_bytes(r, kind == NO_AUTHENTICATION ? 9 : 25);
		read_command(r, m);
	}
	return kind <= RMCP_PLUS ? MATCH_YES : MATCH_NO;
}

enum match validate_ipmi(const struct message *u, struct message_info *m)
{
	struct reader r = message_reader(u);
	unsigned version = reader_u8(&r), reserved = reader_u8(&r), class, type, tag;
	uint32_t enterprise;

	reader_u8(&r);
	class = reader_u8(&r) & 0x1f;
	if (r.state != READER_GOOD)
		return reading_of(&r, MATCH_NO);
	if (version != RMCP_VERSION || reserved != 0)
		return MATCH_NO;
	if (class == CLASS_IPMI)
		return read_session(&r, m);
	enterprise = reader_u32(&r);
	if (r.state != READER_GOOD)
		return reading_of(&r, MATCH_NO);
	if (class != CLASS_ASF || enterprise != ASF_ENTERPRISE)
		return MATCH_NO;
	type = reader_u8(&r);
	tag = reader_u8(&r);
	if (r.state == READER_GOOD && (type == PING || type == PONG)) {
		m->said = type == PING ? SAID_REQUEST : SAID_ANSWER;
		m->exchange = exchange_of_number(SERVICE_IPMI, tag | 0x10000u);
	}
	return MATCH_YES;
}
