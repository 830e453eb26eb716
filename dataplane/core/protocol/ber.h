/* Basic encoding rules, as far as SNMP and LDAP need them: a tag, a length, the contents.
 *
 * Definite lengths of at most four bytes (X.690 8.1.3); anything else is broken.
 */
#ifndef PORTOLAN_BER_H
#define PORTOLAN_BER_H

#include "core/protocol/message_reader.h"

static inline uint32_t ber_length(struct reader *r)
{
	uint32_t length = reader_u8(r);
	unsigned bytes = length & 0x7f;

	if (length < 0x80)
		return length;
	if (bytes == 0 || bytes > 4) {
		reader_fail(r);
		return 0;
	}
	for (length = 0; bytes > 0; bytes--)
		length = length << 8 | reader_u8(r);
	if (length > 1u << 24)
		reader_fail(r);
	return length;
}

/* The contents of the next element, whose tag has to be `tag`. */
static inline struct reader ber_enter(struct reader *r, uint8_t tag)
{
	uint8_t found = reader_u8(r);
	uint32_t length;

	if (r->state == READER_GOOD && found != tag)
		reader_fail(r);
	length = ber_length(r);
	return reader_part(r, length);
}

/* A small integer that is not negative. */
static inline uint32_t ber_number(struct reader *r, uint8_t tag)
{
	struct reader contents = ber_enter(r, tag);
	uint32_t value = 0;

	if (contents.state == READER_GOOD && reader_left(&contents) + contents.beyond > 4)
		reader_fail(r);
	for (size_t n = reader_left(&contents); n > 0 && r->state == READER_GOOD; n--)
		value = value << 8 | reader_u8(&contents);
	return value;
}

#endif
