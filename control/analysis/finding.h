/* Findings: flagged flows with the same appliance, direction, responder port, peer and verdict are
 * one finding (DESIGN 9).
 *
 * A bounded collection in one allocation, in order of discovery. Flows that do not fit are counted,
 * not kept. During a flood half of the control thread's time is spent on lookups that find nothing:
 * hence an index of its own, which answers these with one cache line.
 */
#ifndef PORTOLAN_FINDING_H
#define PORTOLAN_FINDING_H

#include <stddef.h>
#include <stdint.h>

#include "record.h"

/* Compared with memcmp(): build it with finding_key_of(), which sets every byte. */
struct finding_key {
	struct address peer;
	uint16_t appliance;
	uint16_t port; /* of the responder */
	uint8_t version, protocol, direction, verdict;
};

struct remap;

/* Up to so many ports of one peer, or peers of one port, are written one by one: more is a scan. */
#define SCAN_PORTS 4
#define SCAN_PEERS 16

/* The fields of a record that explain why it is flagged. */
struct finding_summary {
	uint16_t appliance[2], set[2];
	uint8_t end_verdict[2];
	uint8_t severity, connection, service;
};

struct finding {
	struct finding_key key;
	uint64_t flows, packets, bytes;
	uint64_t first_ns, last_ns;
	void *worst;	  /* full record of the most severe flow, if kept, or NULL */
	uint32_t members; /* findings folded into this one; 1: only itself */
	uint32_t head;	  /* while folding: 1 + index of the finding that absorbs this one */
	uint16_t port_low, port_high;
	struct finding_summary description; /* of the most severe flow, the first one if equal */
	uint8_t several_ports, several_peers;
	uint8_t owns_worst;
};

struct findings {
	struct finding *finding; /* `count`, in order of discovery; adding may move them */
	size_t count, room, max;
	struct finding_slot *slot; /* index: `slots` entries, a power of two */
	size_t slots;
	uint64_t seed;
	uint64_t overflowed; /* flows for which there was no room */
};

struct finding_key finding_key_of(const struct record *);

/* Coarser keys, without the port or without the peer: for scans. */
typedef struct finding_key finding_wider(struct finding_key);
finding_wider finding_key_without_port, finding_key_without_peer;

void findings_init(struct findings *, size_t max);

/* Returns the finding with this key, or NULL. */
struct finding *findings_find(const struct findings *, const struct finding_key *);

/* Adds one flow to its finding, which is created if missing; NULL: no room. */
struct finding *findings_add(struct findings *, const struct finding_key *, const struct record *);

/* The same, when findings_find() has just returned NULL. */
struct finding *findings_insert(
	struct findings *, const struct finding_key *, const struct record *);

/* Adds one flow to a finding. */
void finding_add(struct finding *, const struct record *);

/* Merges `other` into `f`: adds its counts, and takes its most severe flow if that is more
 * severe. */
void finding_absorb(struct finding *f, const struct finding *other);

/* Sets the most severe flow; keeps its record if there is memory. */
void finding_keep_record(struct finding *, const struct record *);

/* The most severe flow: the kept record, or one with only the fields of the summary. */
struct record finding_flow(const struct finding *);

/* Folds findings with the same coarser key into one if there are more than `more_than`. Only for
 * findings without a kept record. */
void findings_fold(struct findings *, finding_wider *, uint32_t more_than);

/* Translates all findings to another ruleset's numbers; those that do not exist there are dropped,
 * their number is returned. Only for findings without a kept record. */
size_t findings_translate(struct findings *, const struct remap *);

void findings_clear(struct findings *);

#endif
