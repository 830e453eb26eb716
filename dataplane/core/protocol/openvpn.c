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
#define PLAIN 14 /* opcode, session, no acknowledgements, packet id */
#define REPLAY 8 /* packet id and time of tls-auth */
#define ACKED 12 /* one acknowledgement and the peer's session */
#define WRAPPED_KEY                                                                                \
	290	   /* tls-crypt-v2: a tag, a key of 256 bytes, a type and a length at least        \
		    */
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

/* tls-crypt counts its packets from 1 and tells the time, in front of its tag: after the session,
 * or with a cookie (0x0f000001). */
static int is_wrapped(const struct reader *r)
{
	const uint8_t *id = r->at + 1 + SESSION;

	if (reader_left(r) < 1 + SESSION + REPLAY)
		return 0;
	return (id[0] == 0 || id[0] == 0x0f) && id[1] == 0 && id[2] == 0 && id[3] == 1;
}

/* tls-crypt-v2: the client's key, wrapped by the server's, lies behind its packet and ends with
 * its own length. */
static enum match read_wrapped(const struct reader *r, struct message_info *m)
{
	if (reader_left(r) < 1 + SESSION + REPLAY)
		return MATCH_MORE;
	if (!is_wrapped(r))
		return MATCH_NO;
	m->said = SAID_REQUEST;
	return MATCH_YES;
}

/* What is told by its size and by its last bytes: of a datagram that was cut, nothing. */
static enum match read_client(const struct reader *r, uint32_t size, struct message_info *m)
{
	if (!is_size(size, 0))
		return MATCH_NO;
	if (reader_left(r) < size)
		return MATCH_MORE;
	m->said = SAID_REQUEST;
	if (size == PLAIN)
		m->exchange = exchange_of(SERVICE_OPENVPN, r->at + 1, SESSION);
	return ends_with_zeros(r) ? MATCH_YES : match_maybe(m, SIGN_ASKING);
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
	if (opcode == CLIENT_RESET_3 && size >= WRAPPED + WRAPPED_KEY)
		return read_wrapped(r, m);
	if (opcode == CLIENT_RESET_1 || opcode == CLIENT_RESET_2 || opcode == CLIENT_RESET_3)
		return read_client(r, size, m);
	if (reader_left(r) < size && reader_left(r) < 1 + SESSION + REPLAY)
		return MATCH_MORE;
	if (is_wrapped(r))
		return match_maybe(m, SIGN_ANSWERING);
	if (opcode != SERVER_RESET_1 && opcode != SERVER_RESET_2)
		return MATCH_NO;
	m->said = SAID_ANSWER;
	if (size == PLAIN + ACKED && reader_left(r) == size && r->at[9] == 1 &&
		memcmp(r->end - 4, "\0\0\0\0", 4) == 0) {
		/* It acknowledges the client's first by its session, and is the first. */
		m->exchange = exchange_of(SERVICE_OPENVPN, r->end - 4 - SESSION, SESSION);
		return MATCH_YES;
	}
	return is_size(size, ACKED) || is_size(size, 0) ? match_maybe(m, SIGN_ANSWERING) : MATCH_NO;
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
