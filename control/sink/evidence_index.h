/* Which flow is part of which finding, for as long as packets of it may come (evidence_files.h).
 *
 * Two tables of fixed size, in sets of eight: in a flood every packet is a new flow of a new
 * finding, so that nothing is allocated for one. In a set the oldest makes room.
 */
#ifndef PORTOLAN_EVIDENCE_INDEX_H
#define PORTOLAN_EVIDENCE_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "address.h"
#include "record/mask.h"

#define EVIDENCE_FLOWS 65536u
#define EVIDENCE_FINDINGS 65536u
#define EVIDENCE_ID_BYTES 32
#define EVIDENCE_FLOW_FINDINGS 3

/* The same for both directions of a flow; whole words. */
struct evidence_key {
	struct address address[2];
	uint16_t port[2];
	uint8_t version, protocol, zero[2];
	uint32_t tunnel, more_zero;
};

struct evidence_told {
	char id[EVIDENCE_ID_BYTES];
	const char *verdict; /* a constant */
	char *message;	     /* owned, or NULL */
	uint64_t hash;	     /* of the id */
	bool is_begun;	     /* its first packet is written */
	bool is_fresh;	     /* in a list of the files */
	uint32_t running;
	unsigned long file; /* number of the file that the figures are of; 0: none */
	uint64_t first_offset, packets, bytes;
	struct evidence_told *fresh;
};

struct evidence_flow {
	struct evidence_key key;
	uint64_t start_ns;
	/* Its findings, that of its verdict first: place and hash, which tells whether it is there
	 * still. */
	uint32_t finding[EVIDENCE_FLOW_FINDINGS];
	uint64_t hash[EVIDENCE_FLOW_FINDINGS];
	struct mask_state *mask; /* owned; NULL: no payload so far */
	uint8_t findings;
	bool is_verdict; /* the first one is its verdict's */
};

#define EVIDENCE_WAYS 8

/* One line, so that a search which finds nothing, of which a flood has two a packet, looks at one:
 * the entries of a hash, whose places follow from the set's. */
struct evidence_set {
	uint32_t tag[EVIDENCE_WAYS]; /* of the hash; 0: none */
	uint32_t next;		     /* which way makes room */
	uint32_t masks;		     /* bits: ways that own what mask_payload() remembers */
	uint32_t zero[6];
};

/* A set is there when so many others were asked for after it. */
#define EVIDENCE_EXPECTED 4

struct evidence_index {
	struct evidence_flow *flow;
	struct evidence_told *told;
	struct evidence_set *flow_set, *told_set;
	uint32_t expected[EVIDENCE_EXPECTED], turn; /* numbers of sets of flows */
};

/* 0 or -ENOMEM. */
int evidence_index_open(struct evidence_index *);
void evidence_index_close(struct evidence_index *);

struct evidence_key evidence_key_of(const struct address[2], const uint16_t port[2]);
uint64_t evidence_hash(const char *finding_id);

/* The flow that began when this did, or, where that moved, the next one of the key; NULL: none. */
struct evidence_flow *evidence_index_flow(
	const struct evidence_index *, const struct evidence_key *, uint64_t start_ns);
struct evidence_flow *evidence_index_add_flow(
	struct evidence_index *, const struct evidence_key *, uint64_t start_ns);

/* Asks for the memory that evidence_index_flow() will look at, and for the entry that
 * evidence_index_add_flow() of the key before the last three will take. */
void evidence_index_expect(struct evidence_index *, const struct evidence_key *);

/* What mask_payload() remembers of a flow; NULL: no memory. */
struct mask_state *evidence_index_mask(struct evidence_index *, struct evidence_flow *);

/* By the id's hash. */
struct evidence_told *evidence_index_told(const struct evidence_index *, uint64_t hash);

/* The one that evidence_index_add_told() would forget; NULL: none. */
struct evidence_told *evidence_index_oldest(const struct evidence_index *, uint64_t hash);
struct evidence_told *evidence_index_add_told(
	struct evidence_index *, const char *id, uint64_t hash);

/* The flow is part of the finding: one of evasion beside others, else in their first place. */
void evidence_flow_join(struct evidence_index *, struct evidence_flow *,
	const struct evidence_told *, bool is_evasion);

/* One of a flow's findings, NULL: it was forgotten. */
struct evidence_told *evidence_flow_told(
	const struct evidence_index *, const struct evidence_flow *, unsigned i);

#endif
