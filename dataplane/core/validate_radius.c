/* RADIUS: RFC 2865 section 3 and 5, RFC 2866, RFC 5176. */
#include "validate.h"

#define HEADER 20
#define LENGTH_MAX 4096

static enum role_said said_by(unsigned code)
{
	switch (code) {
	case 1:	 /* Access-Request */
	case 4:	 /* Accounting-Request */
	case 12: /* Status-Server */
	case 13: /* Status-Client */
	case 40: /* Disconnect-Request */
	case 43: /* CoA-Request */
		return SAID_REQUEST;
	case 2:
	case 3:
	case 5:
	case 11: /* Access-Challenge */
	case 41:
	case 42:
	case 44:
	case 45:
		return SAID_ANSWER;
	default:
		return SAID_NOTHING;
	}
}

/* Attributes walk exactly to the end. */
static void walk_attributes(struct reader *r)
{
	while (r->state == READER_GOOD && !reader_is_spent(r)) {
		unsigned type = reader_u8(r), length = reader_u8(r);
		if (r->state == READER_GOOD && (type == 0 || length < 2))
			reader_fail(r);
		reader_part(r, length - 2u);
	}
}

enum reading validate_radius(const struct utterance *u, struct meaning *m)
{
	struct reader r = utterance_reader(u), attributes;
	unsigned code = reader_u8(&r), length;

	if (u->length && said_by(code) == SAID_NOTHING)
		return READING_NO;
	reader_u8(&r);
	length = reader_u16(&r);
	reader_bytes(&r, HEADER - 4);
	if (r.state != READER_GOOD)
		return reading_of(&r, READING_NO);
	if (length < HEADER || length > LENGTH_MAX || (u->size && length > u->size))
		return READING_NO;
	attributes = reader_part(&r, length - HEADER);
	walk_attributes(&attributes);
	if (attributes.state == READER_BROKEN)
		return READING_NO;
	m->said = (uint8_t)said_by(code);
	note_number(&m->facts, m->said == SAID_ANSWER, code);
	return READING_YES;
}
