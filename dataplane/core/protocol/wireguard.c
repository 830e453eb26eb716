/* WireGuard: section 5.4 of its paper. A type, three zero bytes and a size that is exact. */
#include "core/protocol/validator.h"

enum { INITIATION = 1, RESPONSE, COOKIE, DATA };

/* Padded to 16 bytes, and counted from nought: nobody gets to half of the counter's eight bytes. */
static enum match read_data(struct reader *r, uint32_t receiver, uint32_t size)
{
	uint32_t high;

	reader_u32(r);
	high = reader_u32(r);
	if (size < 32 || size % 16 != 0 || r->state == READER_BROKEN)
		return MATCH_NO;
	return r->state == READER_GOOD && receiver && high == 0 ? MATCH_YES : MATCH_MAYBE;
}

enum match validate_wireguard(const struct message *u, struct message_info *m)
{
	static const uint8_t exact[] = {0, 148, 92, 64};
	struct reader r = message_reader(u);
	unsigned type = reader_u8(&r);
	uint32_t reserved = reader_u24(&r), sender, receiver;

	sender = reader_u32(&r);
	receiver = type == RESPONSE ? reader_u32(&r) : sender;
	if (r.state != READER_GOOD || u->size == 0)
		return r.state == READER_BROKEN ? MATCH_NO : MATCH_MORE;
	if (type < INITIATION || type > DATA || reserved != 0)
		return MATCH_NO;
	if (type == DATA)
		return read_data(&r, receiver, u->size);
	if (u->size != exact[type])
		return MATCH_NO;
	/* The sender chose an index that the other side repeats as the receiver's. */
	m->exchange = exchange_of_number(SERVICE_WIREGUARD, type == INITIATION ? sender : receiver);
	m->said = type == INITIATION ? SAID_REQUEST : SAID_ANSWER;
	return MATCH_YES;
}
