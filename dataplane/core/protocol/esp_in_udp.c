/* ESP in UDP: RFC 3948, RFC 4303 section 2. Ciphertext says nothing of itself: a second
 * datagram of the same association, a little further in its sequence, has to agree. */
#include "core/protocol/validator.h"

#define KEEPALIVE 0xff
#define SPI_RESERVED 255u
#define HEADER 8
#define SEQUENCE_STEP 1024u /* what may be lost, or elsewhere, between the two */

static enum reading compare(uint32_t spi, uint32_t sequence, const struct utterance *u)
{
	struct reader r = {0};
	uint32_t earlier_spi, step;

	if (!u->earlier_length)
		return READING_MAYBE;
	r.at = u->earlier;
	r.end = u->earlier + u->earlier_length;
	earlier_spi = reader_u32(&r);
	step = sequence - reader_u32(&r);
	if (r.state != READER_GOOD || earlier_spi != spi)
		return READING_MAYBE; /* a keepalive came before, or another association */
	return step >= 1 && step <= SEQUENCE_STEP ? READING_YES : READING_MAYBE;
}

enum reading validate_esp_in_udp(const struct utterance *u, struct meaning *m)
{
	struct reader r = utterance_reader(u);
	uint32_t spi, sequence;

	(void)m;
	if (u->size == 1)
		return u->bytes[0] == KEEPALIVE ? READING_MAYBE : READING_NO;
	spi = reader_u32(&r);
	sequence = reader_u32(&r);
	if (r.state != READER_GOOD)
		return reading_of(&r, READING_NO);
	if (spi <= SPI_RESERVED || (u->size && u->size % 4 != 0 && u->size < 16))
		return READING_NO;
	return compare(spi, sequence, u);
}
