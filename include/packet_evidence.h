/* Packets of flagged flows, on their way from a worker to control.
 *
 * Control gives the memory: a ring for recent packets, and batches. The worker copies what passes
 * its slow path into the ring; when a flow becomes flagged, what the ring still has of it goes into
 * batches, and so do the flow's packets from then on, up to its bound. A batch that is full goes
 * onto the list `filled`; without an empty one packets are counted as lost, and nothing waits.
 *
 * The thread that steps the worker takes `filled` and gives `empty` between two steps. In a batch
 * packets lie one behind the other, each a struct evidence_packet and its bytes.
 */
#ifndef PORTOLAN_PACKET_EVIDENCE_H
#define PORTOLAN_PACKET_EVIDENCE_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "packet.h"

#define EVIDENCE_FRAME_MAX 9216 /* of a longer frame its first bytes */
#define EVIDENCE_BATCH_BYTES (256u << 10)
#define EVIDENCE_RING_MIN (64u << 10)
#define EVIDENCE_RING_MAX (1u << 30)
#define EVIDENCE_PACKETS_MAX 65535u
#define EVIDENCE_BYTES_MAX (65535u * 16) /* a flow's bound of bytes, at most */

struct evidence_packet {
	struct address address[2]; /* [0] is the sender */
	uint16_t port[2];
	uint8_t protocol, version;
	uint8_t from_initiator; /* sent by the flow's initiator */
	uint8_t is_udp_or_tcp;	/* payload_offset is behind the transport header */
	uint32_t tunnel;	/* as in struct record */
	uint16_t link;		/* enum link */
	uint16_t interface;
	uint64_t time_ns;
	uint64_t start_ns; /* of the flow, as its record has it */
	uint64_t number;   /* which packet of its flow: 1 is the first */
	uint32_t caplen, wirelen;
	uint32_t sequence, reserved;		 /* of TCP */
	uint32_t payload_offset, payload_length; /* within the bytes; else of the IP packet */
	uint32_t size;				 /* with this header, to the next one */
	/* The worker's own: of its ring. */
	uint32_t flow;
	uint64_t at;		/* position in the ring, in bytes since the start */
	uint32_t previous, end; /* `end`: the sender's place in the key */
	uint8_t data[];
};

static_assert(sizeof(struct evidence_packet) == 120, "no holes: a header of whole words");

struct evidence_batch {
	struct evidence_batch *next;
	uint32_t used, packets;
	uint64_t byte[EVIDENCE_BATCH_BYTES / sizeof(uint64_t)];
};

struct packet_evidence {
	uint8_t *ring;
	uint64_t ring_bytes, ring_end;	   /* `ring_end`: position behind the last packet */
	uint32_t flow_packets, flow_bytes; /* a flow's bound */
	struct evidence_batch *empty, *filling;
	struct evidence_batch *filled, **filled_end;
};

/* What is in the batch being filled may be taken. */
static inline void packet_evidence_flush(struct packet_evidence *e)
{
	if (!e->filling || e->filling->used == 0)
		return;
	e->filling->next = NULL;
	*e->filled_end = e->filling;
	e->filled_end = &e->filling->next;
	e->filling = NULL;
}

/* Takes the list of filled batches, oldest first; NULL: there is none. */
static inline struct evidence_batch *packet_evidence_take(struct packet_evidence *e)
{
	struct evidence_batch *list = e->filled;

	e->filled = NULL;
	e->filled_end = &e->filled;
	return list;
}

static inline void packet_evidence_give(struct packet_evidence *e, struct evidence_batch *b)
{
	b->used = b->packets = 0;
	b->next = e->empty;
	e->empty = b;
}

/* Batches of which none is missing for what one step can put out: all of the ring, and a burst.
 * Each may end with as much unused as a packet has. */
static inline uint32_t packet_evidence_batches(uint64_t ring_bytes)
{
	const uint64_t frame = sizeof(struct evidence_packet) + EVIDENCE_FRAME_MAX;
	uint64_t bytes = ring_bytes + BURST_MAX * frame;

	return (uint32_t)(bytes / (EVIDENCE_BATCH_BYTES - frame) + 3);
}

typedef void evidence_taker(void *context, const struct evidence_packet *);

/* Each packet of a batch, in order. */
static inline void evidence_batch_each(
	const struct evidence_batch *b, evidence_taker *take, void *context)
{
	const uint8_t *byte = (const uint8_t *)b->byte;

	for (uint32_t at = 0; at < b->used;) {
		const struct evidence_packet *p = (const void *)(byte + at);
		take(context, p);
		at += p->size;
	}
}

#endif
