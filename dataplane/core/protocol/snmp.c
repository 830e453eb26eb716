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
enum { VERSION_3 = 3 };

/* RFC 3412 6.1: message id, largest size, flags, security model. */
static enum match read_v3(struct reader *r, struct message_info *m)
{
	struct reader head = ber_enter(r, SEQUENCE), flags;

	ber_number(&head, INTEGER);
	ber_number(&head, INTEGER);
	if (head.state != READER_GOOD)
		return reading_of(&head, MATCH_NO);
	flags = ber_enter(&head, OCTETS);
	if (flags.state != READER_GOOD)
		return reading_of(&flags, MATCH_NO);
	if (reader_left(&flags) + flags.beyond != 1)
		return MATCH_NO;
	facts_put_number(&m->facts, 0, VERSION_3);
	return MATCH_YES;
}

/* A datagram of which no more is going to come. */
static int is_cut(const struct message *u)
{
	return u->transport == TRANSPORT_UDP && u->size == 0;
}

static enum match read_community(
	struct reader *r, const struct message *u, unsigned version, struct message_info *m)
{
	unsigned tag = (unsigned)reader_peek(r), pdu;

	ber_enter(r, OCTETS);
	pdu = reader_u8(r);
	if (r->state == READER_SHORT && tag == OCTETS && is_cut(u)) {
		facts_put_number(&m->facts, 0, version);
		return MATCH_YES; /* version and community agree, the rest was not captured */
	}
	if (r->state != READER_GOOD)
		return reading_of(r, MATCH_NO);
	if (pdu < FIRST_PDU || pdu > LAST_PDU)
		return MATCH_NO;
	m->said = pdu == RESPONSE ? SAID_ANSWER : SAID_REQUEST;
	facts_put_number(&m->facts, 0, version);
	facts_put_number(&m->facts, 1, pdu);
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
	return number == VERSION_3 ? read_v3(&message, m) : read_community(&message, u, number, m);
}
