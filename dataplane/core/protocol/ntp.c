/* NTP: RFC 5905 7.3. Control messages (mode 6: RFC 9327 2) and private ones (mode 7: the
 * reference implementation's own) are no time, and have a name of their own. */
#include "core/protocol/validator.h"

#define PORT 123
#define HEADER 48
#define STRATUM_MAX 16
#define DELAY_MAX 255u /* seconds to the root: nobody is so far away */

#define ORIGIN 24
#define TRANSMIT 40

#define CONTROL_HEADER 12
#define PRIVATE_HEADER 8
#define ANSWER 0x80u /* in the second byte of a control message */
#define PADDING_MAX 7
#define MAC_MIN 12 /* a key's number and a digest: of RFC 1305 8 bytes, now 16 or more */
#define MAC_MAX 68

enum { ACTIVE = 1, CLIENT = 3, SERVER = 4, BROADCAST = 5, CONTROL = 6, PRIVATE = 7 };

/* A power of two in seconds, of a poll or a clock: what no implementation exceeds. Chrony's
 * clients say 32 to tell nothing of their clock. */
static int is_exponent(uint8_t byte)
{
	const int8_t exponent = (int8_t)byte;

	return exponent >= -32 && exponent <= 32;
}

/* A key's number, with no digest (RFC 5905 9.1, crypto-NAK) or one of MD5 or AES (16), SHA-1 (20),
 * SHA-256, SHA-384, SHA-512, or RFC 1305's (8). */
static int is_mac(uint32_t size)
{
	static const uint8_t digest[] = {0, 8, 16, 20, 32, 48, 64};

	for (unsigned i = 0; i < sizeof(digest); i++)
		if (size == 4u + digest[i])
			return 1;
	return 0;
}

/* What may follow the header: a key with a digest, or extension fields (RFC 7822). */
static int fits(struct reader *r, uint32_t size)
{
	unsigned length;

	if (size <= HEADER || is_mac(size - HEADER))
		return 1;
	reader_u16(r);
	length = reader_u16(r);
	if (r->state == READER_SHORT)
		return size % 4 == 0;
	return r->state == READER_GOOD && size % 4 == 0 && length % 4 == 0 && length >= 16 &&
	       length <= size - HEADER;
}

/* What an answer's origin repeats is the request's transmit timestamp. Between peers (modes 1 and
 * 2) each packet asks, and answers the last one from the other side if there was one. */
static uint32_t exchange_of_times(const uint8_t *header, unsigned mode)
{
	static const uint8_t unknown[8];
	const uint8_t *time = header + ORIGIN;

	if (mode == BROADCAST)
		return EXCHANGE_NONE;
	if (mode == CLIENT || (mode != SERVER && memcmp(time, unknown, 8) == 0))
		time = header + TRANSMIT;
	return memcmp(time, unknown, 8) ? exchange_of(SERVICE_NTP, time, 8) : EXCHANGE_NONE;
}

/* No time: on NTP's own port it is named as what it is. On another one its few fields are too weak
 * to name it, and where NTP was moved to, it is still no time. */
static enum match no_time(const struct message *u, struct message_info *m, int answers)
{
	if (u->from != PORT && u->to != PORT)
		return u->from || u->to ? MATCH_NO
					: match_maybe(m, answers ? SIGN_ANSWERING : SIGN_ASKING);
	m->instead = SERVICE_NTP_CONTROL + 1;
	m->said = answers ? SAID_ANSWER : SAID_REQUEST;
	return MATCH_YES;
}

/* The count of the data fits what follows: padding at most, or padding and a MAC. Some tell a leap,
 * whatever RFC 9327 says. The answer repeats operation and sequence. */
static enum match read_control(
	struct reader *r, unsigned operation, const struct message *u, struct message_info *m)
{
	uint32_t rest, count;

	reader_bytes(r, CONTROL_HEADER - 6);
	count = reader_u16(r);
	if (r->state != READER_GOOD)
		return reading_of(r, MATCH_NO);
	if (u->size && count > u->size - CONTROL_HEADER)
		return MATCH_NO;
	rest = u->size ? u->size - CONTROL_HEADER - count : 0;
	if (rest > PADDING_MAX && (rest < MAC_MIN || rest > MAC_MAX + PADDING_MAX))
		return MATCH_NO;
	m->exchange = exchange_of_number(SERVICE_NTP_CONTROL,
		(operation & 0x1f) << 16 | (uint32_t)u->bytes[2] << 8 | u->bytes[3]);
	return no_time(u, m, operation & ANSWER);
}

/* An implementation's number that is in use, nothing in front of the items' size, and room
 * for all of them. */
static enum match read_private(
	struct reader *r, unsigned implementation, const struct message *u, struct message_info *m)
{
	unsigned items = reader_u16(r) & 0xfff, item = reader_u16(r);

	if (implementation != 0 && implementation != 2 && implementation != 3)
		return MATCH_NO;
	if (r->state != READER_GOOD)
		return reading_of(r, MATCH_NO);
	if (item > 0xfff || (u->size && items * item > u->size - PRIVATE_HEADER))
		return MATCH_NO;
	m->exchange = exchange_of_number(SERVICE_NTP_CONTROL, u->bytes[1] & 0x7fu);
	return no_time(u, m, u->bytes[0] & ANSWER);
}

/* What no implementation exceeds: the second field beside version and mode. */
static int is_usual(const uint8_t *h)
{
	unsigned delay = (unsigned)h[4] << 8 | h[5], dispersion = (unsigned)h[8] << 8 | h[9];

	return h[1] <= STRATUM_MAX && is_exponent(h[2]) && is_exponent(h[3]) &&
	       (delay <= DELAY_MAX || delay == 0xffff) && dispersion <= DELAY_MAX;
}

enum match validate_ntp(const struct message *u, struct message_info *m)
{
	struct reader r = message_reader(u);
	unsigned first = reader_u8(&r), version = first >> 3 & 7, mode = first & 7;
	unsigned second = reader_u8(&r), third = reader_u8(&r);

	reader_u8(&r);
	if (r.state != READER_GOOD)
		return reading_of(&r, MATCH_NO);
	if (version < 1 || version > 4 || mode == 0)
		return MATCH_NO;
	if (mode == CONTROL)
		return read_control(&r, second, u, m);
	if (mode == PRIVATE)
		return read_private(&r, third, u, m);
	reader_bytes(&r, HEADER - 4);
	if (r.state != READER_GOOD)
		return reading_of(&r, MATCH_NO);
	if (!fits(&r, u->size))
		return MATCH_NO;
	if (!is_usual(u->bytes))
		return match_maybe(m, mode == CLIENT ? SIGN_ASKING : SIGN_ANSWERING);
	if (mode == CLIENT || mode == SERVER || mode == BROADCAST)
		m->said = mode == CLIENT ? SAID_REQUEST : SAID_ANSWER;
	else if (mode == ACTIVE)
		m->said = SAID_PEER;
	m->exchange = exchange_of_times(u->bytes, mode);
	return MATCH_YES;
}
