/* NTP: RFC 5905 7.3. Control messages (mode 6: RFC 9327 2) and private ones (mode 7: the
 * reference implementation's own) are no time: only MAYBE. */
#include "core/protocol/validator.h"

#define HEADER 48
#define DELAY_MAX 255u /* seconds to the root: nobody is so far away */

#define ORIGIN 24
#define TRANSMIT 40

#define CONTROL_HEADER 12
#define PRIVATE_HEADER 8
#define ANSWER 0x80u /* in the second byte of a control message */
#define PADDING_MAX 7
#define MAC_MIN 12 /* a key's number and a digest: of RFC 1305 8 bytes, now 16 or more */
#define MAC_MAX 36

enum { CLIENT = 3, SERVER = 4, BROADCAST = 5, CONTROL = 6, PRIVATE = 7 };

/* A power of two in seconds, of a poll or a clock: what no implementation exceeds. */
static int is_exponent(uint8_t byte)
{
	const int8_t exponent = (int8_t)byte;

	return exponent >= -32 && exponent <= 20;
}

/* What may follow the header: a key with a digest, or extension fields (RFC 7822). */
static int fits(struct reader *r, uint32_t size)
{
	unsigned length;

	if (size <= HEADER || size == HEADER + 4 || size == HEADER + 20 || size == HEADER + 24)
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

/* The count of the data fits what follows: padding at most, or padding and a MAC. Who asks has no
 * leap to tell of; servers do tell in their answers, whatever RFC 9327 says. */
static enum match read_control(struct reader *r, unsigned leap, unsigned operation, uint32_t size)
{
	uint32_t rest, count;

	if (leap && !(operation & ANSWER))
		return MATCH_NO;
	reader_bytes(r, CONTROL_HEADER - 6);
	count = reader_u16(r);
	if (r->state != READER_GOOD || !size)
		return reading_of(r, MATCH_MAYBE);
	if (count > size - CONTROL_HEADER)
		return MATCH_NO;
	rest = size - CONTROL_HEADER - count;
	return rest <= PADDING_MAX || (rest >= MAC_MIN && rest <= MAC_MAX + PADDING_MAX)
		       ? MATCH_MAYBE
		       : MATCH_NO;
}

/* An implementation's number that is in use, nothing in front of the items' size, and room
 * for all of them. */
static enum match read_private(struct reader *r, unsigned implementation, uint32_t size)
{
	unsigned items = reader_u16(r) & 0xfff, item = reader_u16(r);

	if (implementation != 0 && implementation != 2 && implementation != 3)
		return MATCH_NO;
	if (r->state != READER_GOOD)
		return reading_of(r, MATCH_NO);
	if (item > 0xfff || (size && items * item > size - PRIVATE_HEADER))
		return MATCH_NO;
	return MATCH_MAYBE;
}

enum match validate_ntp(const struct message *u, struct message_info *m)
{
	struct reader r = message_reader(u);
	unsigned first = reader_u8(&r), version = first >> 3 & 7, mode = first & 7;
	unsigned stratum = reader_u8(&r), poll = reader_u8(&r), precision = reader_u8(&r);
	unsigned delay, dispersion;

	if (r.state != READER_GOOD)
		return reading_of(&r, MATCH_NO);
	if (version < 1 || version > 4 || mode == 0)
		return MATCH_NO;
	if (mode == CONTROL)
		return read_control(&r, first >> 6, stratum, u->size);
	if (mode == PRIVATE)
		return read_private(&r, poll, u->size);
	delay = reader_u16(&r);
	reader_u16(&r);
	dispersion = reader_u16(&r);
	reader_bytes(&r, HEADER - 10);
	if (r.state != READER_GOOD)
		return reading_of(&r, MATCH_NO);
	if ((delay > DELAY_MAX && delay < 0xffff) || dispersion > DELAY_MAX || stratum > 16 ||
		!is_exponent((uint8_t)poll) || !is_exponent((uint8_t)precision) ||
		!fits(&r, u->size))
		return MATCH_NO;
	if (mode == CLIENT || mode == SERVER || mode == BROADCAST)
		m->said = mode == CLIENT ? SAID_REQUEST : SAID_ANSWER;
	m->exchange = exchange_of_times(u->bytes, mode);
	return MATCH_YES;
}
