/* OpenVPN's hard resets: opcode, session, packet ids; over TCP a length before them. With
 * tls-auth an HMAC of a known size lies between the session and the ids. */
#include "core/protocol/validator.h"

enum {
	CLIENT_RESET_1 = 1,
	SERVER_RESET_1,
	CLIENT_RESET_2 = 7,
	SERVER_RESET_2,
	CLIENT_RESET_3 = 10
};

#define SESSION 8
#define PLAIN 14   /* opcode, session, no acknowledgements, packet id */
#define REPLAY 8   /* packet id and time of tls-auth */
#define ACKED 12   /* one acknowledgement and the peer's session */
#define WRAPPED 54 /* tls-crypt: everything behind the replay id and the tag is encrypted */

static int is_size(uint32_t size, uint32_t more)
{
	static const uint8_t hmac[] = {16, 20, 28, 32, 48, 64};

	if (size == PLAIN + more || size == WRAPPED + more)
		return 1;
	for (unsigned i = 0; i < sizeof(hmac); i++)
		if (size == PLAIN + more + hmac[i] + REPLAY)
			return 1;
	return 0;
}

/* Nobody has acknowledged anything yet, and ids count from nought. */
static int ends_with_zeros(const struct reader *r)
{
	return reader_left(r) >= 5 && memcmp(r->end - 5, "\0\0\0\0", 5) == 0;
}

static enum match read_reset(const struct reader *r, uint32_t size, struct message_info *m)
{
	unsigned opcode, key;

	if (reader_left(r) < 1)
		return MATCH_MORE;
	opcode = *r->at >> 3;
	key = *r->at & 7;
	if (key != 0)
		return MATCH_NO;
	if (opcode == CLIENT_RESET_1 || opcode == CLIENT_RESET_2 || opcode == CLIENT_RESET_3) {
		if (!is_size(size, 0))
			return MATCH_NO;
		m->said = SAID_REQUEST;
		if (size == PLAIN && reader_left(r) == size)
			m->exchange = exchange_of(SERVICE_OPENVPN, r->at + 1, SESSION);
		return ends_with_zeros(r) ? MATCH_YES : MATCH_MAYBE;
	}
	if (opcode != SERVER_RESET_1 && opcode != SERVER_RESET_2)
		return MATCH_NO;
	m->said = SAID_ANSWER;
	if (size == PLAIN + ACKED && reader_left(r) == size && r->at[9] == 1 &&
		memcmp(r->end - 4, "\0\0\0\0", 4) == 0) {
		/* It acknowledges the client's first by its session, and is the first. */
		m->exchange = exchange_of(SERVICE_OPENVPN, r->end - 4 - SESSION, SESSION);
		return MATCH_YES;
	}
	return is_size(size, ACKED) || is_size(size, 0) ? MATCH_MAYBE : MATCH_NO;
}

enum match validate_openvpn(const struct message *u, struct message_info *m)
{
	struct reader r = message_reader(u), packet;
	uint32_t size = u->size;

	if (u->transport == TRANSPORT_UDP)
		return size ? read_reset(&r, size, m) : MATCH_MORE;
	size = reader_u16(&r);
	if (r.state != READER_GOOD)
		return reading_of(&r, MATCH_NO);
	packet = reader_part(&r, size);
	if (packet.state == READER_BROKEN || size > 200)
		return MATCH_NO;
	if (packet.beyond)
		return MATCH_MORE;
	return read_reset(&packet, size, m);
}
