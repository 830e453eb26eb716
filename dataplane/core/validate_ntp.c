/* NTP: RFC 5905 7.3. Control and private messages (modes 6 and 7) are no time: only MAYBE. */
#include "validate.h"

#define HEADER 48
#define DELAY_MAX 255u /* seconds to the root: nobody is so far away */

enum { SYMMETRIC_ACTIVE = 1, CLIENT = 3, SERVER = 4, BROADCAST = 5, CONTROL = 6 };

/* A power of two in seconds, of a poll or a clock: what no implementation exceeds. */
static int is_exponent(uint8_t byte)
{
	int exponent = (int8_t)byte;

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

enum reading validate_ntp(const struct utterance *u, struct meaning *m)
{
	struct reader r = utterance_reader(u);
	unsigned first = reader_u8(&r), version = first >> 3 & 7, mode = first & 7;
	unsigned stratum = reader_u8(&r), poll = reader_u8(&r), precision = reader_u8(&r);
	unsigned delay, dispersion;

	if (r.state != READER_GOOD)
		return reading_of(&r, READING_NO);
	if (version < 1 || version > 4 || mode == 0)
		return READING_NO;
	if (mode >= CONTROL)
		return u->size == 0 || u->size >= 8 ? READING_MAYBE : READING_NO;
	delay = reader_u16(&r);
	reader_u16(&r);
	dispersion = reader_u16(&r);
	reader_bytes(&r, HEADER - 10);
	if (r.state != READER_GOOD)
		return reading_of(&r, READING_NO);
	if ((delay > DELAY_MAX && delay < 0xffff) || dispersion > DELAY_MAX || stratum > 16 ||
		!is_exponent((uint8_t)poll) || !is_exponent((uint8_t)precision) ||
		!fits(&r, u->size))
		return READING_NO;
	if (mode == CLIENT || mode == SERVER || mode == BROADCAST)
		m->said = mode == CLIENT ? SAID_REQUEST : SAID_ANSWER;
	return READING_YES;
}
