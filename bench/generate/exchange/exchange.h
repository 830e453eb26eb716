/* What two hosts say to each other: a list of steps, played into packets.
 *
 * TCP's sequence numbers go on from one exchange of a pair of ports to the next, so
 * that a script may spread a connection over several lines.
 */
#ifndef GENERATE_EXCHANGE_H
#define GENERATE_EXCHANGE_H

#include "packet/build.h"

/* name, arguments, kinds of statement, help: see step.c */
enum step_kind {
	STEP_HANDSHAKE,
	STEP_SYN,
	STEP_SYN_ACK,
	STEP_ACK,
	STEP_ACK_BACK,
	STEP_UNANSWERED,
	STEP_REFUSED,
	STEP_MIDSTREAM,
	STEP_SEND,
	STEP_REPLY,
	STEP_DATA,
	STEP_AGAIN,
	STEP_KEEPALIVE,
	STEP_SKIP,
	STEP_SKIP_BACK,
	STEP_FIN,
	STEP_FIN_BACK,
	STEP_CLOSE,
	STEP_CLOSE_BACK,
	STEP_RESET,
	STEP_RESET_BACK,
	STEP_FLAGS,
	STEP_ECHO,
	STEP_MESSAGE,
	STEP_UNREACHABLE,
	STEP_ASK,
	STEP_ANSWER,
	STEP_DISCOVER,
	STEP_OFFER,
	STEP_REQUEST,
	STEP_ACKNOWLEDGE,
	STEP_LEASE,
	STEP_RENEW,
	STEP_WAIT,
	STEP_COUNT,
};

struct span {
	const uint8_t *at;
	size_t length;
};

struct step {
	enum step_kind kind;
	struct span payload[2]; /* there, back */
	uint64_t number[2];
	uint8_t protocol;	   /* of what an ICMP error quotes */
	struct endpoint quoted[2]; /* its ends */
	uint32_t times;
	uint64_t every_ns;
};

#define SEQ_TABLE_SLOTS 4096

/* Sequence numbers by pair of ends. A slot that another pair takes is forgotten. */
struct seq_entry {
	uint64_t key;
	uint32_t next[SIDE_COUNT];
	bool known;
};

struct seq_table {
	struct seq_entry entry[SEQ_TABLE_SLOTS];
	uint32_t connections; /* begun so far: each has other sequence numbers */
};

/* What is put around the payloads. */
enum layer { LAYER_TCP, LAYER_UDP, LAYER_IP, LAYER_ETHERNET, LAYER_RAW };

struct exchange {
	struct packet_builder *builder;
	struct seq_table *seq_table;
	const struct packet_options *shape;
	struct endpoint end[SIDE_COUNT];
	enum layer layer;
	uint8_t protocol;   /* IP protocol, where it is one */
	uint16_t ethertype; /* LAYER_ETHERNET */
	uint64_t now_ns;    /* of the next packet */
	uint64_t last_ns;   /* of the last one */
	uint16_t echoes;
	uint32_t next[SIDE_COUNT];
	struct {
		enum side side;
		uint32_t seq;
		struct span payload;
	} last; /* segment with data */
};

/* Plays the steps from `now_ns` on; `last_ns` is then the time of the last packet. */
void exchange_play(struct exchange *, const struct step *, size_t count);

#endif
