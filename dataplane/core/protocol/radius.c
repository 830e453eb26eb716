/* RADIUS: RFC 2865 section 3 and 5, RFC 2866, RFC 5176. */
#include "core/protocol/validator.h"

#define HEADER 20
#define LENGTH_MAX 4096
#define USUAL_MIN 4 /* attributes */
#define EAP_MESSAGE 79
#define LENGTH_FULL 255

enum { ACCESS_REQUEST = 1, ACCOUNTING_REQUEST = 4, PORT_ACCESS = 1812, PORT_ACCOUNTING = 1813 };

static enum sender said_by(unsigned code)
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

/* RFC 3575 2.1, RFC 2882, RFC 7930: others that somebody may send. */
static int is_assigned(unsigned code)
{
	return (code >= 6 && code <= 10) || (code >= 21 && code <= 34) ||
	       (code >= 50 && code <= 52);
}

static enum sign sign_of(unsigned code)
{
	return said_by(code) == SAID_REQUEST  ? SIGN_ASKING
	       : said_by(code) == SAID_ANSWER ? SIGN_ANSWERING
					      : SIGN_NONE;
}

/* RFC 2865 3 and RFC 2866 3: each has a port of its own. */
static uint8_t misplaced(unsigned code, unsigned port)
{
	if (code == ACCESS_REQUEST && port == PORT_ACCOUNTING)
		return SERVICE_RADIUS_ACCESS + 1;
	if (code == ACCOUNTING_REQUEST && port == PORT_ACCESS)
		return SERVICE_RADIUS_ACCOUNTING + 1;
	return 0;
}

/* RFC 2865 5, 2866 5, 2869 5 and 4675 2: a type of the first 64 whose value is four bytes. */
static int is_number(unsigned type)
{
	static const uint64_t numbers = 0x63bbef603881f7f0;

	return type < 64 && numbers >> type & 1;
}

/* RFC 3575 2.1 and RFC 6929 10.1: above are types for experiments and such that nobody has. */
static int is_usual(unsigned type, unsigned length)
{
	return (type < 192 || (type >= 241 && type <= 246)) && (!is_number(type) || length == 6);
}

/* Attributes walk exactly to the end. Where that is not at hand several of them have to be
 * usual, since random lengths walk on for some steps, too; or a full EAP message goes on in the
 * next one (RFC 3579 3.1), which fills all that is looked at. */
static enum match walk_attributes(struct reader *r)
{
	unsigned usual = 0, odd = 0, goes_on = 0;

	while (r->state == READER_GOOD && !reader_is_spent(r)) {
		unsigned type = reader_u8(r), length = reader_u8(r);
		if (r->state != READER_GOOD)
			break;
		if (type == 0 || length < 2)
			reader_fail(r);
		reader_part(r, length - 2u);
		odd += !is_usual(type, length);
		usual += r->state == READER_GOOD;
		usual += goes_on && type == EAP_MESSAGE ? USUAL_MIN : 0;
		goes_on = type == EAP_MESSAGE && length == LENGTH_FULL;
	}
	if (r->state == READER_BROKEN)
		return MATCH_NO;
	return r->state == READER_GOOD || (usual >= USUAL_MIN && !odd) ? MATCH_YES : MATCH_MAYBE;
}

enum match validate_radius(const struct message *u, struct message_info *m)
{
	struct reader r = message_reader(u), attributes;
	unsigned code = reader_u8(&r), identifier, length;
	enum match reading;

	if (u->length && said_by(code) == SAID_NOTHING && !is_assigned(code))
		return MATCH_NO;
	identifier = reader_u8(&r);
	length = reader_u16(&r);
	reader_bytes(&r, HEADER - 4);
	if (r.state != READER_GOOD)
		return reading_of(&r, MATCH_NO);
	if (length < HEADER || length > LENGTH_MAX || (u->size && length > u->size))
		return MATCH_NO;
	m->instead = misplaced(code, u->to);
	attributes = reader_part(&r, length - HEADER);
	reading = walk_attributes(&attributes);
	if (reading != MATCH_YES || said_by(code) == SAID_NOTHING)
		return reading == MATCH_NO ? reading : match_maybe(m, sign_of(code));
	m->said = (uint8_t)said_by(code);
	m->exchange = exchange_of_number(SERVICE_RADIUS, identifier);
	facts_put_number(&m->facts, m->said == SAID_ANSWER, code);
	return MATCH_YES;
}
