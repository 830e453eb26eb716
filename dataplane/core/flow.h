/* One flow: two cache lines, the first of which is all that an ordinary packet touches.
 *
 * The key is canonical: the smaller (address, port) first. Counters and letters are kept by
 * the key's direction, and a bit says which end is the initiator, so correcting the initiator
 * swaps nothing. A worker owns its flows; nobody else reads them.
 */
#ifndef PORTOLAN_FLOW_H
#define PORTOLAN_FLOW_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "verdict.h"
#include "view.h"

#define CACHE_LINE 64

/* flow.state: bit 0 the version (1: IPv6), bit 1 the initiator's place in the key,
 * bits 2..4 the timeout, bits 5..7 the verdict. */
#define STATE_VERSION6 0x01u
#define STATE_INITIATOR 0x02u
#define STATE_TIMEOUT_SHIFT 2
#define STATE_VERDICT_SHIFT 5

enum timeout {
	TIMEOUT_TCP_ATTEMPT,
	TIMEOUT_TCP_ESTABLISHED,
	TIMEOUT_TCP_CLOSED,
	TIMEOUT_UDP_ONE_WAY,
	TIMEOUT_UDP_TWO_WAY,
	TIMEOUT_IKE,
	TIMEOUT_OTHER,
	TIMEOUT_COUNT,
};

/* flow.seen: the letters of direction 0 in bits 0..6, of direction 1 in bits 7..13. */
#define SEEN_SHIFT 7
#define SEEN_SKEWED 0x4000u /* end_skew_ns is not zero */
#define SEEN_FREED 0x8000u  /* nobody's: the flow was given back to the table */

/* Five words: in IPv4 the addresses fill the upper halves of the second and the fourth. */
union flow_key {
	struct {
		struct address address[2];
		uint16_t port[2];
		uint8_t protocol;
		uint8_t version6; /* STATE_VERSION6 or 0 */
		uint8_t zero[2];
	};
	uint64_t word[5];
};

#define FLOW_KEY_BYTES offsetof(struct flow, state)

struct flow {
	/* First line: every packet. */
	struct address address[2];
	uint16_t port[2];
	uint8_t protocol;
	uint8_t state;
	uint16_t seen;
	uint64_t last_ns; /* stream time of the last packet: never runs backwards */
	uint32_t packets[2];
	uint32_t bytes[2];
	/* Second line: when something changes. */
	uint64_t first_ns;   /* the first packet's own time */
	int64_t end_skew_ns; /* the last packet's own time, less last_ns */
	uint64_t history;    /* nibbles: letter, and the key's direction in bit 3 */
	uint32_t bucket;     /* where the table keeps it; BUCKET_NONE: the slot is free */
	uint32_t sequence;   /* of the initiator's SYN; else of the first packet, see view.h */
	uint32_t generation; /* of the policy that judged it */
	uint16_t packets_high[2], bytes_high[2];
	uint16_t appliance[2];	/* by the key's direction */
	uint16_t set[2];	/* [0] initiator's, [1] responder's */
	uint8_t end_verdict[2]; /* likewise */
	uint8_t connection;
	uint8_t basis;
	uint8_t history_length;
	uint8_t corrected;
	uint8_t reported;    /* severity that was reported, 0: none */
	uint8_t syn_carried; /* a SYN had data: data of that side proves nothing */
};

static_assert(sizeof(struct flow) == 2 * CACHE_LINE, "a flow is two cache lines");
static_assert(offsetof(struct flow, first_ns) == CACHE_LINE, "the first line is the hot one");
static_assert(sizeof(union flow_key) == 40, "a key is five words");

static inline enum verdict flow_verdict(const struct flow *f)
{
	return (enum verdict)(f->state >> STATE_VERDICT_SHIFT);
}

static inline enum timeout flow_timeout(const struct flow *f)
{
	return (enum timeout)(f->state >> STATE_TIMEOUT_SHIFT & 7);
}

static inline unsigned flow_initiator(const struct flow *f)
{
	return f->state & STATE_INITIATOR ? 1 : 0;
}

static inline unsigned flow_version(const struct flow *f)
{
	return f->state & STATE_VERSION6 ? 6 : 4;
}

/* The letters that this direction of the key has shown. */
static inline unsigned flow_letters(const struct flow *f, unsigned direction)
{
	return f->seen >> (direction ? SEEN_SHIFT : 0) & ((1u << LETTER_COUNT) - 1);
}

/* Addresses, ports, protocol and version; of the rest only that the flow is somebody's. */
static inline int flow_has_key(const struct flow *f, const union flow_key *k)
{
	static const uint8_t mask_bytes[8] = {255, 255, 255, 255, 255, STATE_VERSION6, 0, 0x80};
	const uint64_t *b = k->word;
	uint64_t a[5], mask;

	memcpy(a, f, sizeof(a));
	memcpy(&mask, mask_bytes, sizeof(mask));
	return ((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]) |
		       ((a[4] & mask) ^ b[4])) == 0;
}

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "SEEN_FREED is in seen's last byte");
static_assert(LETTER_COUNT == SEEN_SHIFT, "letters fill their half of flow.seen");

#endif
