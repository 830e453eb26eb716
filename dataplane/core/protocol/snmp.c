/* SNMP: RFC 1157, RFC 3416, RFC 3412 section 6. The community is read over, never kept. */
#include "core/protocol/ber.h"
#include "core/protocol/validator.h"

enum {
	SEQUENCE = 0x30,
	INTEGER = 0x02,
	OCTETS = 0x04,
	FIRST_PDU = 0xa0,
	RESPONSE = 0xa2,
	LAST_PDU = 0xa8
};
enum { TRAP_1 = 0xa4, REPORT = 0xa8 };
enum { VERSION_3 = 3, PRIVATE = 0x02, REPORTABLE = 0x04 };
enum { TRAP_2 = 0xa7, PORT_REQUEST = 161, PORT_TRAP = 162 };

/* RFC 3417 2: notifications are not sent to the port of requests. */
static uint8_t misplaced(unsigned pdu, unsigned port)
{
	return port == PORT_REQUEST && (pdu == TRAP_1 || pdu == TRAP_2) ? SERVICE_SNMP_TRAP + 1 : 0;
}

/* Cut in front of what tells a notification from a request, which have ports of their own. */
static enum match cut_head(const struct message *u, unsigned version, struct message_info *m)
{
	if (u->to == PORT_REQUEST)
		return MATCH_MORE;
	facts_put_number(&m->facts, 0, version);
	return MATCH_YES;
}

/* Notifications have no answer, and their sender asks nobody: it is who begins. */
static enum sender said_by(unsigned pdu)
{
	return pdu == RESPONSE || pdu == REPORT ? SAID_ANSWER : SAID_REQUEST;
}

/* RFC 3412 6.4 and 7.1: who wants an answer says that an error may be reported to it; answers and
 * traps do not. Which of the two it is the PDU tells, where it is not encrypted, or the port. */
static enum sender said_by_flags(unsigned flags, const struct message *u)
{
	return flags & REPORTABLE || u->to == PORT_TRAP ? SAID_REQUEST : SAID_ANSWER;
}

/* RFC 3412 6.5 and 6.8: the security parameters, the engine and the name of the context. The
 * PDU's tag, or 0. */
static unsigned read_scoped(struct reader *r)
{
	struct reader scoped;
	unsigned pdu;

	ber_enter(r, OCTETS);
	scoped = ber_enter(r, SEQUENCE);
	ber_enter(&scoped, OCTETS);
	ber_enter(&scoped, OCTETS);
	pdu = reader_u8(&scoped);
	return scoped.state == READER_GOOD && pdu >= FIRST_PDU && pdu <= LAST_PDU ? pdu : 0;
}

/* RFC 3412 6.1: message id, largest size, flags, security model. */
static enum match read_v3(struct reader *r, const struct message *u, struct message_info *m)
{
	struct reader head = ber_enter(r, SEQUENCE), octets;
	uint32_t id = ber_number(&head, INTEGER);
	unsigned flags, pdu;

	ber_number(&head, INTEGER);
	if (head.state != READER_GOOD)
		return reading_of(&head, MATCH_NO);
	octets = ber_enter(&head, OCTETS);
	if (octets.state != READER_GOOD)
		return reading_of(&octets, MATCH_NO);
	if (reader_left(&octets) + octets.beyond != 1)
		return MATCH_NO;
	flags = reader_u8(&octets);
	if (octets.state != READER_GOOD)
		return cut_head(u, VERSION_3, m);
	pdu = flags & PRIVATE ? 0 : read_scoped(r);
	if (!pdu && !(flags & (PRIVATE | REPORTABLE)) && message_is_part(u))
		return cut_head(u, VERSION_3, m);
	facts_put_number(&m->facts, 0, VERSION_3);
	if (pdu)
		facts_put_number(&m->facts, 1, pdu);
	m->said = (uint8_t)(pdu ? said_by(pdu) : said_by_flags(flags, u));
	m->instead = misplaced(pdu, u->to);
	m->exchange = exchange_of_number(SERVICE_SNMP, id);
	return MATCH_YES;
}

/* RFC 3416 3: the request's id, whatever bytes it is written in; a trap of version 1 has none. */
static uint32_t read_id(struct reader *r, unsigned pdu)
{
	struct reader body = reader_part(r, ber_length(r)), id = ber_enter(&body, INTEGER);
	uint32_t value = reader_peek(&id) >= 0x80 ? UINT32_MAX : 0;

	if (id.state != READER_GOOD || pdu == TRAP_1)
		return EXCHANGE_NONE;
	for (unsigned n = 0; n < 8 && reader_left(&id) > 0; n++)
		value = value << 8 | reader_u8(&id);
	return exchange_of_number(SERVICE_SNMP, value);
}

static enum match read_community(
	struct reader *r, const struct message *u, unsigned version, struct message_info *m)
{
	unsigned tag = (unsigned)reader_peek(r), pdu;

	ber_enter(r, OCTETS);
	pdu = reader_u8(r);
	if (r->state == READER_SHORT && tag == OCTETS && message_is_part(u))
		return cut_head(u, version, m); /* version and community agree */
	if (r->state != READER_GOOD)
		return reading_of(r, MATCH_NO);
	if (pdu < FIRST_PDU || pdu > LAST_PDU)
		return MATCH_NO;
	m->said = (uint8_t)said_by(pdu);
	m->instead = misplaced(pdu, u->to);
	facts_put_number(&m->facts, 0, version);
	facts_put_number(&m->facts, 1, pdu);
	m->exchange = read_id(r, pdu);
	return MATCH_YES;
}

enum match validate_snmp(const struct message *u, struct message_info *m)
{
	struct reader r = message_reader(u), message = ber_enter(&r, SEQUENCE);
	struct reader version = ber_enter(&message, INTEGER);
	unsigned number = reader_u8(&version);

	if (r.state == READER_BROKEN || message.state != READER_GOOD)
		return reading_of(r.state == READER_BROKEN ? &r : &message, MATCH_NO);
	if (reader_left(&version) || number == 2 || number > VERSION_3)
		return MATCH_NO;
	return number == VERSION_3 ? read_v3(&message, u, m)
				   : read_community(&message, u, number, m);
}
