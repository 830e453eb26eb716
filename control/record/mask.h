/* Credentials in the payload of packets that are kept as evidence are overwritten with `X`.
 *
 * Lengths and offsets stay; checksums are left as they are, and no longer fit. Found by what they
 * look like, at any offset of any payload, on any port and before a service is recognised, so also
 * in packets in packets: where it is in doubt, bytes are masked. What a stream has shown so far (a
 * credential that goes on in the next segment, an answer that asks for a password) is in a state
 * that the caller keeps with the flow. Reads and writes nothing but the payload.
 *
 * A segment that does not go on where the last one ended (sent again, or out of order) is masked
 * whole where its flow had credentials. XXX: in a flow that had none so far, a credential's parts
 * that come in another order may be shown.
 */
#ifndef PORTOLAN_MASK_H
#define PORTOLAN_MASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MASK_LIST(X)                                                                               \
	X(SNMP, "snmp community")                                                                  \
	X(LDAP, "ldap bind")                                                                       \
	X(RADIUS, "radius password")                                                               \
	X(HTTP, "http authorization")                                                              \
	X(COOKIE, "http cookie")                                                                   \
	X(QUERY, "url query")                                                                      \
	X(USERINFO, "url password")                                                                \
	X(MAIL, "mail authentication")                                                             \
	X(PASS, "password command")                                                                \
	X(LOGIN, "login command")                                                                  \
	X(TERMINAL, "terminal input")                                                              \
	X(DISORDER, "segment out of order, among credentials")

#define MASK_MEMBER(name, text) MASK_##name,
enum mask { MASK_LIST(MASK_MEMBER) MASK_COUNT };

#define MASK_TAIL 64

/* Of one direction of a flow. All zero: nothing was seen. */
struct mask_stream {
	uint8_t tail[MASK_TAIL]; /* the last bytes, as they were sent */
	uint8_t tail_bytes;
	uint8_t is_long; /* more came before the tail */
	uint8_t carry;	 /* what goes on: enum carry of mask.c */
	uint8_t kind;	 /* and as what */
	uint8_t lines;	 /* whole lines that are credentials */
	uint32_t left;	 /* bytes of a credential that are still to come */
	uint32_t next;	 /* the sequence number that goes on */
	bool is_begun, had_credentials;
};

struct mask_state {
	struct mask_stream stream[2]; /* by who sends: [0] the initiator */
	bool is_terminal;
};

/* What is known of the packet whose payload it is. */
struct mask_context {
	struct mask_state *state; /* NULL: a payload of its own, of which nothing goes on */
	unsigned sender;	  /* 0: the initiator */
	uint16_t sender_port, receiver_port;
	bool is_stream;	   /* TCP: the bytes go on in the flow's next packet */
	uint32_t sequence; /* of TCP: of the first byte */
};

/* Overwrites what is a credential. Returns what was found: 1 << enum mask. */
uint32_t mask_payload(const struct mask_context *, uint8_t *payload, size_t bytes);

#define MASK_TEXT_BYTES 256

/* "masked: snmp community, url query"; empty if nothing was. */
void mask_describe(uint32_t found, char text[MASK_TEXT_BYTES]);

#endif
