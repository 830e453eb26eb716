/* DNS: RFC 1035 4.1 and 4.2.2, and what has its shape: multicast DNS, LLMNR, NetBIOS names.
 *
 * A name may be as long as its message: what a tunnel makes of DNS is DNS. */
#include "core/protocol/validator.h"

#define NAME_KEPT 110
#define LABELS_MAX 256
#define COUNT_MAX 512
#define ANSWER 0x8000u
#define ZERO 0x0040u

enum { STATEFUL = 6, OPT = 41, TSIG = 250 };

struct head {
	unsigned id, flags, questions, answers, authorities, additional;
};

/* Labels to the root or to a pointer; written down with dots between them. */
static void read_name(struct reader *r, char *name, size_t *length)
{
	for (unsigned labels = 0;; labels++) {
		unsigned size = reader_u8(r);
		const uint8_t *label;
		if (r->state != READER_GOOD || size == 0)
			return;
		if ((size & 0xc0) == 0xc0) {
			reader_u8(r);
			return;
		}
		if (size & 0xc0 || labels == LABELS_MAX) {
			reader_fail(r);
			return;
		}
		label = reader_bytes(r, size);
		if (!label)
			return;
		if (*length && *length < NAME_KEPT)
			name[(*length)++] = '.';
		for (unsigned i = 0; i < size && *length < NAME_KEPT; i++)
			name[(*length)++] = (char)label[i];
	}
}

static int is_class(unsigned class)
{
	class &= 0x7fff; /* multicast DNS: the top bit asks for a unicast answer */
	return class == 1 || class == 3 || class == 4 || class == 254 || class == 255;
}

/* RFC 6895 3.2: assigned long ago, or for private use. Nobody uses them, but somebody may. */
static int may_be_class(unsigned class)
{
	return class == 2 || (class >= 65280 && class <= 65534);
}

/* RFC 6895 2.2: query, inverse query, status, notify, update; NetBIOS has 5 to 8. */
static int is_head(const struct head *h)
{
	unsigned opcode = h->flags >> 11 & 15;

	return opcode <= 8 && opcode != 3 && !(h->flags & ZERO) && h->questions <= 16 &&
	       h->answers <= COUNT_MAX && h->authorities <= COUNT_MAX && h->additional <= COUNT_MAX;
}

/* Eight bytes at a time, letters of either case the same (RFC 1035 2.3.3), and what else differs in
 * that bit alone. */
static uint32_t hash_question(const uint8_t *from, size_t count)
{
	uint64_t hash = count;

	while (count > 0) {
		size_t n = count < 8 ? count : 8;
		uint64_t word = 0;
		memcpy(&word, from, n);
		hash = (hash ^ (word | 0x2020202020202020)) * 0x9e3779b97f4a7c15;
		hash ^= hash >> 32;
		from += n;
		count -= n;
	}
	return hash & 0xffffu ? (uint32_t)hash & 0xffffu : 1u;
}

/* The id, and the question; without one (`from` is NULL) the id alone. */
static uint32_t exchange_of_question(unsigned id, const uint8_t *from, const uint8_t *to)
{
	uint32_t number = ((uint32_t)id ^ 0xffffu) << 16; /* the id 0 is one, the number 0 none */

	if (from)
		number |= hash_question(from, (size_t)(to - from));
	return number == EXCHANGE_NONE ? 1u : number;
}

/* A question, or the head of the first record; its type and class are the second field. */
static enum match read_entry(struct reader *r, const struct head *h, struct facts *f)
{
	char name[NAME_KEPT + 1];
	size_t length = 0;
	unsigned type, class;

	read_name(r, name, &length);
	type = reader_u16(r);
	class = reader_u16(r);
	if (r->state != READER_GOOD)
		return reading_of(r, MATCH_NO);
	if (type == 0 || !(is_class(class) || may_be_class(class)))
		return MATCH_NO;
	if (!is_class(class))
		return MATCH_MAYBE;
	facts_put_text(f, 0, length ? name : ".", length ? length : 1, NAME_KEPT);
	facts_put_number(f, 0, type);
	if (h->flags & ANSWER)
		facts_put_number(f, 1, h->flags & 15);
	return MATCH_YES;
}

/* Neither question nor answer: an error code and nothing more, whose head is one field; or a
 * cookie (RFC 7873 5.4) or a signature at the end, the second one; or RFC 8490's opcode 6. */
static enum match read_bare(struct reader *r, const struct head *h, struct message_info *m)
{
	unsigned root, type;

	if (h->authorities || h->additional > 2)
		return MATCH_NO;
	m->exchange = exchange_of_question(h->id, NULL, NULL);
	if (!h->additional)
		return h->flags & ANSWER || (h->flags >> 11 & 15) == STATEFUL
			       ? match_maybe(m, h->flags & ANSWER ? SIGN_ANSWERING : SIGN_ASKING)
			       : MATCH_NO;
	root = reader_u8(r);
	type = reader_u16(r);
	reader_bytes(r, 6);
	reader_part(r, reader_u16(r));
	if (r->state == READER_BROKEN || root != 0 || (type && type != OPT && type != TSIG))
		return MATCH_NO;
	if (!type)
		return reading_of(r, MATCH_NO);
	m->said = h->flags & ANSWER ? SAID_ANSWER : SAID_REQUEST;
	return MATCH_YES;
}

static struct head read_head(struct reader *r)
{
	struct head h;

	h.id = reader_u16(r);
	h.flags = reader_u16(r);
	h.questions = reader_u16(r);
	h.answers = reader_u16(r);
	h.authorities = reader_u16(r);
	h.additional = reader_u16(r);
	return h;
}

static enum match read_message(struct reader *r, struct message_info *m)
{
	struct head h = read_head(r);
	const uint8_t *question = h.questions ? r->at : NULL;
	enum match reading;

	if (r->state != READER_GOOD)
		return reading_of(r, MATCH_NO);
	if (!is_head(&h))
		return MATCH_NO;
	if (h.questions + h.answers == 0)
		return read_bare(r, &h, m);
	/* Without a question: an answer, or an inverse query, which asks by its answers. */
	if (h.questions == 0 && !(h.flags & ANSWER) && (h.flags >> 11 & 15) != 1)
		return MATCH_NO;
	reading = read_entry(r, &h, &m->facts);
	if (reading == MATCH_YES) {
		m->exchange = exchange_of_question(h.id, question, r->at);
		m->said = h.flags & ANSWER ? SAID_ANSWER : SAID_REQUEST;
	}
	return reading;
}

enum match validate_dns(const struct message *u, struct message_info *m)
{
	struct reader r = message_reader(u), message;
	unsigned length;

	if (u->transport == TRANSPORT_UDP)
		return read_message(&r, m);
	length = reader_u16(&r);
	if (r.state != READER_GOOD)
		return reading_of(&r, MATCH_NO);
	if (length < 12)
		return MATCH_NO;
	message = reader_part(&r, length);
	return read_message(&message, m);
}
