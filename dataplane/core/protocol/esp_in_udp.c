/* ESP in UDP: RFC 3948, RFC 4303 section 2. Ciphertext says nothing of itself: a second
 * datagram of the same association, a little further in its sequence, has to agree. */
#include "core/protocol/validator.h"

#define KEEPALIVE 0xff
#define SPI_RESERVED 255u
#define HEADER 8u
#define SEQUENCE_STEP 1024u /* what may be lost, or elsewhere, between the two */

/* Whether two datagrams of one side may be of the same sender: of one association a little apart,
 * or of two, of which the later one begins to count (RFC 4303 3.3.3). */
enum kinship { KIN_UNKNOWN, KIN, NO_KIN };

static enum kinship compare(
	uint32_t spi, uint32_t sequence, const uint8_t *earlier, uint32_t earlier_length)
{
	struct reader r = {0};
	uint32_t earlier_spi, step;

	if (earlier_length < HEADER)
		return KIN_UNKNOWN; /* none, or a keepalive */
	r.at = earlier;
	r.end = earlier + earlier_length;
	earlier_spi = reader_u32(&r);
	step = sequence - reader_u32(&r);
	if (earlier_spi <= SPI_RESERVED)
		return KIN_UNKNOWN; /* IKE */
	if (earlier_spi != spi)
		return sequence <= SEQUENCE_STEP ? KIN_UNKNOWN : NO_KIN;
	if (step == 0)
		return KIN_UNKNOWN; /* the same one again */
	return step <= SEQUENCE_STEP || -step <= SEQUENCE_STEP ? KIN : NO_KIN;
}

enum match validate_esp_in_udp(const struct message *u, struct message_info *m)
{
	struct reader r = message_reader(u);
	uint32_t spi, sequence;
	enum kinship last, first;

	if (u->size == 1)
		return u->bytes[0] == KEEPALIVE ? MATCH_MAYBE : MATCH_NO;
	spi = reader_u32(&r);
	sequence = reader_u32(&r);
	if (r.state != READER_GOOD)
		return reading_of(&r, MATCH_NO);
	if (spi <= SPI_RESERVED || (u->size && u->size % 4 != 0 && u->size < 16))
		return MATCH_NO;
	last = compare(spi, sequence, u->earlier, u->earlier_length);
	first = compare(spi, sequence, u->first, u->first_length);
	if (last == KIN || first == KIN)
		return MATCH_YES;
	/* RFC 4303 2.4: what is encrypted ends at a multiple of four, and so do all digests. */
	m->contradicts = last == NO_KIN || first == NO_KIN || u->size % 4 != 0;
	return MATCH_MAYBE;
}
