/* One flow: two cache lines, the first of which is all that an ordinary packet touches.
 *
 * The key is canonical: the smaller (address, port) first,
 * in an order of no meaning. Counters and history bits are kept by
 * the key's direction, and a bit says which end is the initiator, so correcting the initiator
 * swaps nothing. A worker owns its flows; nobody else reads them.
 */
#ifndef PORTOLAN_FLOW_H
#define PORTOLAN_FLOW_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "core/decode/decoded.h"
#include "core/service/inspection.h"
#include "verdict.h"

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

/* flow.seen: the history bits of each direction of the key that need no second look, in bits 0..6
 * (while a flow is inspected, data is not among them: see flow.shown for what there was); in bit 7
 * of the first and the second: */
#define SEEN0_SKEWED                                                                               \
	0x80u		  /* it ends at end_ns and not at last_ns, or the mirror's sample has it   \
			   */
#define SEEN1_FREED 0x80u /* the flow was given back to the table */

/* Five words. In IPv4 the second and the fourth are the two ends, from the top: the address as
 * its bytes lie, protocol, port; the first and the third are zero but for what a MAC address
 * attributed. So two words tell nearly all flows apart. */
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

/* The two ends of IPv6 addresses, as they lie in a packet, in any order that both directions
 * agree on; `ports` are the source's and below it the destination's. Which way it points. */
static inline uint8_t flow_key_ipv6(union flow_key *k, const uint8_t *source,
	const uint8_t *destination, uint32_t ports, uint64_t protocol)
{
	uint64_t a[2], b[2];
	uint32_t from = ports >> 16, to = ports & 0xffff;
	unsigned turned;

	memcpy(a, source, sizeof(a));
	memcpy(b, destination, sizeof(b));
	turned = a[0] != b[0] ? a[0] > b[0] : a[1] != b[1] ? a[1] > b[1] : from > to;
	memcpy(&k->word[2 * turned], a, sizeof(a));
	memcpy(&k->word[2 - 2 * turned], b, sizeof(b));
	k->word[4] = (turned ? to | from << 16 : from | to << 16) | protocol << 32 |
		     (uint64_t)STATE_VERSION6 << 40;
	return (uint8_t)turned;
}

/* Packets (upper half) and IP bytes (lower half) in one word, so that one addition counts both.
 * What no longer fits is carried to the second line. */
#define TALLY_PACKET ((uint64_t)1 << 32)

static inline uint64_t tally_of(uint32_t packets, uint32_t bytes)
{
	return packets * TALLY_PACKET + bytes;
}

/* 1 with the sum in `tally`, or 0 if it does not fit. Bytes overflow long before packets can:
 * a packet has at least 20, and the carry keeps the upper half under 2^31. */
static inline int tally_add(uint64_t *tally, uint64_t more)
{
	uint64_t sum = *tally + more;

	if ((uint32_t)sum < (uint32_t)more)
		return 0;
	*tally = sum;
	return 1;
}

/* A flow that may look otherwise in a moment is told of a little later (DESIGN 9). */
enum waits {
	WAITS_NEVER, /* as far as was seen */
	WAITS_NOW,   /* its place is in the queue, see waiting.h */
	WAITS_DONE,  /* it has waited: what there is to tell is told at once */
};

#define FLOW_KEY_BYTES offsetof(struct flow, state)

struct flow {
	/* First line: every packet. */
	struct address address[2];
	uint16_t port[2];
	uint8_t protocol;
	uint8_t state;
	uint8_t seen[2];
	uint64_t last_ns;  /* stream time of the last packet: never runs backwards */
	uint64_t tally[2]; /* by the key's direction, see TALLY_PACKET */
	/* Second line: when something changes. */
	uint64_t first_ns; /* the first packet's own time */
	uint64_t end_ns;   /* with SEEN0_SKEWED: the largest of its packets' own times */
	uint64_t history;  /* nibbles: history bit, and the key's direction in bit 3 */
	uint32_t bucket;   /* where the table keeps it; BUCKET_NONE: the slot is free */
	uint8_t shown[2]; /* history bits that each direction of the key has shown and that count */
	uint16_t evasions;   /* EVASION_BIT(): what was seen of it so far */
	uint16_t generation; /* of the policy that judged it, its lower half */
	uint16_t packets_high[2], bytes_high[2];
	uint16_t appliance[2];	/* by the key's direction */
	uint16_t set[2];	/* [0] initiator's, [1] responder's */
	uint8_t end_verdict[2]; /* likewise */
	uint8_t connection : 3;
	uint8_t basis : 3;
	uint8_t reported : 2; /* severity that was reported, 0: none */
	uint8_t history_length : 4;
	uint8_t corrected : 1;
	uint8_t milder_turned : 1; /* the initiator is a guess, and the other would be milder */
	uint8_t waits : 2;	   /* enum waits: whether its alert waits for the other side */
	uint16_t encap;		   /* its first packet's, see encap_table.h */
	struct service_state service_state;
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

#define HISTORY_LETTERS 15 /* of both sides: a reset that was ignored may come again */
#define HISTORY_TALK (HISTORY_BIT(ACK) | HISTORY_BIT(DATA) | HISTORY_BIT(FIN))

/* Both sides have sent something that is neither a reset nor half of a handshake. */
static inline int flow_talks(const struct flow *f)
{
	return f->shown[0] & HISTORY_TALK && f->shown[1] & HISTORY_TALK;
}

/* The sender of the first packet, as a place in the key. */
static inline unsigned flow_first_sender(const struct flow *f)
{
	return f->history >> 3 & 1;
}

/* Compares addresses, ports, protocol and version, and that the flow is in use. */
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

static inline void flow_set_verdict(struct flow *f, enum verdict v)
{
	f->state = (uint8_t)((f->state & ((1u << STATE_VERDICT_SHIFT) - 1)) |
			     (unsigned)v << STATE_VERDICT_SHIFT);
}

static inline void flow_set_timeout(struct flow *f, enum timeout timeout)
{
	f->state = (uint8_t)((f->state & ~(7u << STATE_TIMEOUT_SHIFT)) |
			     (unsigned)timeout << STATE_TIMEOUT_SHIFT);
}

static inline void flow_set_initiator(struct flow *f, unsigned initiator)
{
	f->state = (uint8_t)((f->state & ~STATE_INITIATOR) | (initiator ? STATE_INITIATOR : 0));
}

/* Whoever initiated is known by other evidence; the verdict is not judged again here. */
static inline void flow_orient(struct flow *f, unsigned initiator, enum basis basis)
{
	f->basis = basis & 7;
	flow_set_initiator(f, initiator);
}

/* Without what the key has beside an IPv4 address. Whole words, in place: what is stored in
 * pieces, or copied as it was just stored, keeps whoever loads it waiting. */
static inline void flow_address(struct address *out, const struct flow *f, unsigned end)
{
	uint64_t word[2];

	memcpy(word, &f->address[end], sizeof(word));
	if (flow_version(f) == 4) {
		word[0] = 0;
		word[1] &= 0xffffffff00000000;
	}
	memcpy(out->byte, &word[0], sizeof(word[0]));
	memcpy(out->byte + 8, &word[1], sizeof(word[1]));
}

static inline uint64_t flow_packets(const struct flow *f, unsigned direction)
{
	return ((uint64_t)f->packets_high[direction] << 31) + (f->tally[direction] >> 32);
}

static inline uint64_t flow_bytes(const struct flow *f, unsigned direction)
{
	return (uint64_t)f->bytes_high[direction] << 32 | (uint32_t)f->tally[direction];
}

/* The largest of its packets' own times. */
static inline uint64_t flow_end_ns(const struct flow *f)
{
	return f->seen[0] & SEEN0_SKEWED ? f->end_ns : f->last_ns;
}

/* When its last packet was seen, as far as the stream's time has come: a flow that began while the
 * stream did not believe its packets' times yet is as old as these. */
static inline uint64_t flow_seen_ns(const struct flow *f, uint64_t now_ns)
{
	uint64_t end_ns = flow_end_ns(f);

	return end_ns > f->last_ns && end_ns <= now_ns ? end_ns : f->last_ns;
}

/* The history's directions become initiator (0) and responder (1). */
static inline uint64_t flow_history_oriented(const struct flow *f)
{
	return flow_initiator(f) ? f->history ^ 0x8888888888888888ull : f->history;
}

/* Two numbers by the key's direction as two by initiator and responder. */
static inline uint32_t flow_pair_turned(const uint16_t pair[2], unsigned from)
{
	uint32_t both;

	memcpy(&both, pair, sizeof(both));
	return from ? both << 16 | both >> 16 : both;
}

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "SEEN1_FREED is in a word's last byte");
static_assert(HISTORY_COUNT == 7, "letters leave a bit of each flow.seen");

#endif
