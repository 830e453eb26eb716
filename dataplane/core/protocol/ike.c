/* IKE: RFC 7296 3.1 and 3.2, ISAKMP: RFC 2408 3.1; behind the non-ESP marker on port 4500:
 * RFC 3948 2.2. */
#include "core/protocol/validator.h"

#define HEADER 28
#define KEEPALIVE 0xff

enum { PAYLOAD_SA = 1, MAIN = 2, AGGRESSIVE = 4 };
enum { ENCRYPTED = 0x01, RESPONSE = 0x20 };

static int is_exchange(unsigned version, unsigned exchange)
{
	if (version >> 4 == 2)
		return exchange >= 34 && exchange <= 45;
	return (exchange >= 1 && exchange <= 6) || exchange == 32 || exchange == 33;
}

/* RFC 7296 3.1 and RFC 2408 3.1: a later minor version, exchanges that are not assigned yet or
 * private. */
static int may_be_exchange(unsigned version, unsigned exchange)
{
	return version >> 4 == 2 ? exchange >= 34 : exchange >= 1;
}

static int is_zero(const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (bytes[i])
			return 0;
	return 1;
}

/* The initiator's SPI or cookie, and the message's id: RFC 7296 2.2, RFC 2408 3.1. */
static uint32_t exchange_of_id(const uint8_t *h)
{
	uint8_t id[12];

	memcpy(id, h, 8);
	memcpy(id + 8, h + 20, 4);
	return exchange_of(SERVICE_IKE, id, sizeof(id));
}

static enum sender said_by_flags(unsigned flags)
{
	return flags & RESPONSE ? SAID_ANSWER : SAID_REQUEST;
}

/* RFC 2408 3.1 and RFC 2409 5: only the initiator's first message has no responder's cookie, and
 * only the first of each side in phase 1 begins with a security association. */
static enum sender said_by_cookies(const uint8_t *h)
{
	if (is_zero(h + 8, 8))
		return SAID_REQUEST;
	return h[16] == PAYLOAD_SA && (h[18] == MAIN || h[18] == AGGRESSIVE) && !(h[19] & ENCRYPTED)
		       ? SAID_ANSWER
		       : SAID_NOTHING;
}

static enum match read_header(struct reader *r, uint32_t size, struct message_info *m)
{
	const uint8_t *h = reader_bytes(r, HEADER);
	uint32_t length;

	if (!h)
		return reading_of(r, MATCH_NO);
	length = (uint32_t)h[24] << 24 | (uint32_t)h[25] << 16 | (uint32_t)h[26] << 8 | h[27];
	if ((h[17] >> 4 != 1 && h[17] >> 4 != 2) || is_zero(h, 8) ||
		!may_be_exchange(h[17], h[18]) || length < HEADER || length > 65535 ||
		(size && length > size))
		return MATCH_NO;
	if ((h[17] & 15) > 1 || !is_exchange(h[17], h[18]))
		return MATCH_MAYBE;
	m->exchange = exchange_of_id(h);
	m->said = (uint8_t)(h[17] >> 4 == 2 ? said_by_flags(h[19]) : said_by_cookies(h));
	return MATCH_YES;
}

enum match validate_ike(const struct message *u, struct message_info *m)
{
	struct reader r = message_reader(u);
	int marked = u->length >= 4 && is_zero(u->bytes, 4);

	if (u->size == 1 && u->bytes[0] == KEEPALIVE) /* RFC 3948 2.3 */
		return MATCH_MAYBE;
	if (marked)
		reader_bytes(&r, 4);
	return read_header(&r, u->size && marked ? u->size - 4 : u->size, m);
}
