/* ESP in UDP: RFC 3948, RFC 4303 section 2. Ciphertext says nothing of itself: a second
 * datagram of the same association, a little further in its sequence, has to agree. */
#include "core/protocol/validator.h"

#define KEEPALIVE 0xff
#define SPI_RESERVED 255u
#define HEADER 8
#define SEQUENCE_STEP 1024u /* what may be lost, or elsewhere, between the two */

static enum match compare(uint32_t spi, uint32_t sequence, const struct message *u)
{
	struct reader r = {0};
	uint32_t earlier_spi, step;

	if (!u->earlier_length)
		return MATCH_MAYBE;
	r.at = u->earlier;
	r.end = u->earlier + u->earlier_length;
	earlier_spi = reader_u32(&r);
	step = sequence - reader_u32(&r);
	if (r.state != READER_GOOD || earlier_spi != spi)
		return MATCH_MAYBE; /* a keepalive came before, or another association */
	return step >= 1 && step <= SEQUENCE_STEP ? MATCH_YES : MATCH_MAYBE;
}

enum match validate_esp_in_udp(const struct message *u, struct message_info *m)
{
	struct reader r = message_reader(u);
	uint32_t spi, sequence;

	(void)m;
	if (u->size == 1)
		return u->bytes[0] == KEEPALIVE ? MATCH_MAYBE : MATCH_NO;
	spi = reader_u32(&r);
	sequence = reader_u32(&r);
	if (r.state != READER_GOOD)
		return reading_of(&r, MATCH_NO);
	if (spi <= SPI_RESERVED || (u->size && u->size % 4 != 0 && u->size < 16))
		return MATCH_NO;
	return compare(spi, sequence, u);
}
