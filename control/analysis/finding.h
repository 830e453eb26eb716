/* What flagged flows have in common: same appliance, direction, responder's port, peer and
 * verdict is one finding, however many flows it is (DESIGN 9).
 *
 * A bounded collection in one piece of memory, in order of discovery. What does not fit is
 * counted, not kept. Half of the control thread's time goes into looking for findings that are not
 * there while a flood comes in: hence an index of its own, which says so in one line of memory.
 */
#ifndef PORTOLAN_FINDING_H
#define PORTOLAN_FINDING_H

#include <stddef.h>
#include <stdint.h>

#include "record.h"

/* Compared byte by byte: made with finding_key_of(), which leaves no byte undefined. */
struct finding_key {
	struct address peer;
	uint16_t appliance;
	uint16_t port; /* of the responder */
	uint8_t version, protocol, direction, verdict;
};

struct remap;

/* So many ports of one peer, or peers of one port, are told one by one: more is a scan. */
#define SCAN_PORTS 4
#define SCAN_PEERS 16

/* What of a record says why it is flagged. */
struct finding_summary {
	uint16_t appliance[2], set[2];
	uint8_t end_verdict[2];
	uint8_t severity, connection, service;
};

struct finding {
	struct finding_key key;
	uint64_t flows, packets, bytes;
	uint64_t first_ns, last_ns;
	void *worst;	  /* that flow's whole record where somebody kept it, or NULL */
	uint32_t members; /* how many were made one: 1 for a finding of its own */
	uint32_t head;	  /* while they are folded: 1 + the one that absorbs the others */
	uint16_t port_low, port_high;
	struct finding_summary description; /* of the gravest flow; of equals the first */
	uint8_t several_ports, several_peers;
	uint8_t owns_worst;
};

struct findings {
	struct finding *finding; /* so many, in order of discovery; they move when one is added */
	size_t count, room, max;
	struct finding_slot *slot; /* the index: `slots` of them, a power of two */
	size_t slots;
	uint64_t seed;
	uint64_t overflowed; /* flows that found no place */
};

struct finding_key finding_key_of(const struct record *);

/* The same with less in it: what many ports of one peer share, or many peers of one port. */
typedef struct finding_key finding_wider(struct finding_key);
finding_wider finding_key_without_port, finding_key_without_peer;

void findings_init(struct findings *, size_t max);

/* The finding with this key, or NULL. */
struct finding *findings_find(const struct findings *, const struct finding_key *);

/* Adds one flow to its finding, made where there is none; NULL where there is no room. */
struct finding *findings_add(struct findings *, const struct finding_key *, const struct record *);

/* The same where findings_find() has just found none. */
struct finding *findings_insert(
	struct findings *, const struct finding_key *, const struct record *);

/* Adds one more flow to a finding. */
void finding_add(struct finding *, const struct record *);

/* Makes one of two: `other`'s numbers are added to `f`, whose gravest flow may be the other's. */
void finding_absorb(struct finding *f, const struct finding *other);

/* This flow is the gravest, and its record is kept if there is memory. */
void finding_keep_record(struct finding *, const struct record *);

/* The gravest flow: as it was kept, or as much of it as says why it is flagged. */
struct record finding_flow(const struct finding *);

/* Makes one finding of those with the same wider key, where they are more than so many. For
 * findings of which no record was kept. */
void findings_fold(struct findings *, finding_wider *, uint32_t more_than);

/* All in the numbers of another ruleset; what has no place there is dropped, and how many there
 * were is returned. For findings of which no record was kept. */
size_t findings_translate(struct findings *, const struct remap *);

void findings_clear(struct findings *);

#endif
