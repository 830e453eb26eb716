/* Validators: whether what one side says first is a message of their protocol.
 *
 * Pure and total: they read through a reader, never past the bytes at hand, and keep nothing.
 * YES needs two independent fields to agree; what fits, but on the strength of one field only,
 * is MAYBE, and then the other side or a second datagram has to agree. NO is definite: no
 * bytes that may follow could make it this protocol.
 */
#ifndef PORTOLAN_VALIDATOR_H
#define PORTOLAN_VALIDATOR_H

#include "core/protocol/exchange_number.h"
#include "core/protocol/facts_writer.h"
#include "core/protocol/message_reader.h"
#include "facts.h"
#include "signature.h"

enum match {
	MATCH_NO,
	MATCH_MORE, /* could be: it takes more bytes to tell */
	MATCH_MAYBE,
	MATCH_YES,
};

/* What a message says of its sender. */
enum sender {
	SAID_NOTHING,
	SAID_REQUEST, /* a client sent it */
	SAID_ANSWER,  /* a server sent it */
	SAID_FIRST,   /* a server, if it speaks first */
	SAID_PEER,    /* of two that both ask */
};

/* What MAYBE rests on. One side's sign of asking and the other's of answering are two fields; the
 * same sign of both, or one that anything may show, are none. */
enum sign {
	SIGN_NONE,
	SIGN_ASKING,
	SIGN_ANSWERING,
};

#define MESSAGE_HEAD 8u

/* The first bytes of one direction of a flow. */
struct message {
	const uint8_t *bytes;
	uint32_t length;
	uint32_t size;	   /* of the whole datagram; 0: a stream, or nobody knows */
	uint8_t transport; /* enum transport */
	uint8_t side;	   /* enum side, as far as a handshake told */
	uint16_t from, to; /* the sender's port and the receiver's; both 0: unknown */
	uint8_t answers;   /* the other side has spoken before */
	uint8_t cut;	   /* not all of it was captured, and no more will come */
	uint8_t other_cut; /* the same of the other side's datagram */
	/* Of datagrams: the last one from the same side and from the other, and the beginnings of
	 * the first ones, MESSAGE_HEAD bytes or less. */
	const uint8_t *earlier, *other, *first, *other_first;
	uint32_t earlier_length, other_length, first_length, other_first_length;
};

struct message_info {
	uint8_t said;		/* enum sender */
	uint8_t unfinished;	/* it is recognised, but more bytes would tell more facts */
	uint8_t sign;		/* enum sign, of a MAYBE */
	uint8_t contradicts;	/* of a MAYBE: it does not go with what came before */
	uint8_t answer_is_free; /* the other side may say anything now */
	uint8_t instead; /* enum service + 1: a message of the service that its port is not for; or
			    0 */
	/* Of what an answer repeats of its request: exchange_fits() compares the two.
	 * EXCHANGE_NONE: nothing is repeated, or it is not known. Means nothing unless the message
	 * is recognised. */
	uint32_t exchange;
	struct facts facts; /* noted into, not cleared, by a validator */
};

static inline void message_info_init(struct message_info *m)
{
	m->said = SAID_NOTHING;
	m->unfinished = m->sign = m->contradicts = m->answer_is_free = m->instead = 0;
	m->exchange = EXCHANGE_NONE;
	facts_init(&m->facts);
}

typedef enum match validator_function(const struct message *, struct message_info *);

#define VALIDATOR_DECLARATION(name, text, function) validator_function function;
VALIDATOR_LIST(VALIDATOR_DECLARATION)

/* A datagram of which not all is at hand: captured cut, or longer than what is looked at. */
static inline int message_is_part(const struct message *u)
{
	return u->transport == TRANSPORT_UDP && u->size != u->length;
}

static inline struct reader message_reader(const struct message *u)
{
	return (struct reader){
		.at = u->bytes,
		.end = u->bytes + u->length,
		.beyond = u->size ? u->size - u->length : READER_ENDLESS,
	};
}

/* MAYBE, with the sign that it rests on. */
static inline enum match match_maybe(struct message_info *m, enum sign sign)
{
	m->sign = (uint8_t)sign;
	return MATCH_MAYBE;
}

/* Of a reader that ran out: whether more bytes may help. */
static inline enum match reading_of(const struct reader *r, enum match otherwise)
{
	if (r->state == READER_GOOD)
		return otherwise;
	return r->state == READER_SHORT ? MATCH_MORE : MATCH_NO;
}

#endif
