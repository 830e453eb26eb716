/* LDAP: RFC 4511 4.1.1 and 4.2. Of a bind it is kept that its password crossed in clear, not
 * which. */
#include "core/protocol/ber.h"
#include "core/protocol/validator.h"

enum { SEQUENCE = 0x30, INTEGER = 0x02, OCTETS = 0x04, SIMPLE = 0x80, CONTROLS = 0xa0 };
enum { BIND = 0x60, UNBIND = 0x42 };

static int is_request(unsigned operation)
{
	static const uint8_t request[] = {
		0x60, 0x42, 0x63, 0x66, 0x68, 0x4a, 0x6c, 0x6e, 0x50, 0x77};

	return memchr(request, (int)operation, sizeof(request)) != NULL;
}

static int is_answer(unsigned operation)
{
	static const uint8_t answer[] = {
		0x61, 0x64, 0x65, 0x67, 0x69, 0x6b, 0x6d, 0x6f, 0x73, 0x78, 0x79};

	return memchr(answer, (int)operation, sizeof(answer)) != NULL;
}

static void read_bind(struct reader *r, struct message_info *m)
{
	uint32_t version = ber_number(r, INTEGER), length;

	ber_enter(r, OCTETS);
	if (reader_u8(r) != SIMPLE || version < 2 || version > 3)
		return;
	length = ber_length(r);
	if (r->state == READER_GOOD && length > 0)
		m->facts.flags |= FACTS_CLEAR_BIND;
}

/* The operation ends where its message does, or controls follow. */
static int fits(struct reader *message)
{
	int next = reader_peek(message);

	if (message->state != READER_GOOD)
		return message->state == READER_SHORT;
	return reader_is_spent(message) || next == CONTROLS || (next < 0 && message->beyond);
}

static enum match read_operation(struct reader *message, uint32_t id, struct message_info *m)
{
	unsigned operation = reader_u8(message);
	struct reader body;

	if (message->state == READER_GOOD && !is_request(operation) && !is_answer(operation))
		return MATCH_NO;
	body = reader_part(message, ber_length(message));
	if (body.state == READER_BROKEN || (message->state != READER_GOOD && !reader_left(&body)))
		return reading_of(message, MATCH_NO);
	if (!fits(message))
		return MATCH_NO;
	m->said = is_request(operation) ? SAID_REQUEST : SAID_ANSWER;
	m->exchange = exchange_of_number(SERVICE_LDAP, id);
	facts_put_number(&m->facts, is_answer(operation), operation);
	if (operation == BIND)
		read_bind(&body, m);
	return MATCH_YES;
}

enum match validate_ldap(const struct message *u, struct message_info *m)
{
	struct reader r = message_reader(u), message = ber_enter(&r, SEQUENCE);
	uint32_t id = ber_number(&message, INTEGER);

	if (r.state == READER_BROKEN || message.state != READER_GOOD)
		return reading_of(r.state == READER_BROKEN ? &r : &message, MATCH_NO);
	return read_operation(&message, id, m);
}
