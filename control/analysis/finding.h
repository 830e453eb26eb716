/* Findings: flagged flows with the same appliance, direction, responder port, peer and verdict are
 * one finding (DESIGN 9); so are flows with the same of these and the same reason of evasion.
 *
 * A bounded collection in one allocation, in order of discovery. Flows that do not fit are counted,
 * not kept. During a flood half of the control thread's time is spent on lookups that find nothing:
 * hence an index of its own, which answers these with one cache line.
 */
#ifndef PORTOLAN_FINDING_H
#define PORTOLAN_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"

/* Compared with memcmp(): build it with finding_key_of(), which sets every byte. */
struct finding_key {
	struct address peer;
	uint16_t appliance;
	uint16_t port; /* of the responder */
	uint8_t version, protocol, direction;
	uint8_t verdict; /* or FINDING_EVASION and a reason of evasion */
};

#define FINDING_EVASION 0x80

static inline bool finding_is_evasion(const struct finding_key *k)
{
	return (k->verdict & FINDING_EVASION) != 0;
}

static inline enum evasion finding_evasion(const struct finding_key *k)
{
	return (enum evasion)(k->verdict & ~FINDING_EVASION);
}

/* Of a verdict or a reason of evasion, as people read it. */
const char *finding_name(const struct finding_key *);

struct remap;

/* Up to so many ports of one peer, or peers of one port, are written one by one: more is a scan. */
#define SCAN_PORTS 4
#define SCAN_PEERS 16

/* The fields of a record that explain why it is flagged. */
struct finding_summary {
	struct address own; /* the end that the finding is about; the peer is in the key */
	uint16_t appliance[2], set[2];
	uint8_t end_verdict[2];
	uint8_t verdict, severity, connection, service;
};

/* Whether anybody was told of a finding. */
enum finding_told {
	FINDING_UNTOLD,
	FINDING_COUNTED, /* as one of many, with a scan */
	FINDING_TOLD,
};

struct finding {
	struct finding_key key;
	uint64_t flows, packets, bytes;
	uint64_t first_ns, last_ns;
	uint64_t born_ns;    /* first_ns when it was found: what its id is made of */
	uint64_t told_flows; /* `flows` when it was told last */
	uint64_t next_ns;    /* not told again before */
	uint32_t open;	     /* flows that have not ended */
	void *worst;	     /* full record of the most severe flow, if kept, or NULL */
	uint32_t members;    /* findings folded into this one; 1: only itself */
	uint32_t head;	     /* while folding: 1 + index of the finding that absorbs this one */
	uint16_t port_low, port_high;
	struct finding_summary description; /* of the most severe flow, the first one if equal */
	uint8_t several_ports, several_peers, several_own; /* addresses of the appliance */
	uint8_t owns_worst;
	uint8_t told; /* enum finding_told */
	uint8_t step; /* how often it was told again */
};

struct findings {
	struct finding *finding; /* `count`, in order of discovery; adding may move them */
	size_t count, room, max;
	struct finding_slot *slot; /* index: `slots` entries, a power of two */
	size_t slots;
	uint64_t seed;
	uint64_t overflowed; /* flows for which there was no room */
};

/* Of a RECORD_EVASION by its reason, of others by their verdict. */
struct finding_key finding_key_of(const struct record *);

/* The hour of the first packet and a hash of the key with the appliance's name: the same input has
 * the same id, whatever the numbers of appliances are. */
#define FINDING_ID_BYTES 32
void finding_id(const struct finding *, const char *appliance, char[FINDING_ID_BYTES]);

/* Coarser keys, without the port or without the peer: for scans. */
typedef struct finding_key finding_wider(struct finding_key);
finding_wider finding_key_without_port, finding_key_without_peer;

void findings_init(struct findings *, size_t max);

/* Returns the finding with this key, or NULL. */
struct finding *findings_find(const struct findings *, const struct finding_key *);

/* Asks for the memory that findings_find() will look at. */
void findings_expect(const struct findings *, const struct finding_key *);

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

/* Keeps those for which `keeps` says so, in their order; returns how many went. */
typedef bool finding_keeper(void *context, const struct finding *);
size_t findings_retain(struct findings *, finding_keeper *, void *context);

/* Forgets the kept records. */
void findings_release_records(struct findings *);

/* Translates all findings to another ruleset's numbers; those that do not exist there are dropped,
 * their number is returned. Only for findings without a kept record. */
size_t findings_translate(struct findings *, const struct remap *);

void findings_clear(struct findings *);

#endif
