/* What flagged flows have in common: same appliance, direction, responder's port, peer and
 * verdict is one finding, however many flows it is (DESIGN 9).
 *
 * A bounded collection. What does not fit is counted, not kept.
 */
#ifndef PORTOLAN_FINDING_H
#define PORTOLAN_FINDING_H

#include <stddef.h>
#include <stdint.h>
#include <uthash.h>

#include "record.h"

/* Compared byte by byte: made with finding_key_of(), which leaves no byte undefined. */
struct finding_key {
	struct address peer;
	uint16_t appliance;
	uint16_t port; /* of the responder */
	uint8_t version, protocol, direction, verdict;
};

struct heirs;

struct finding {
	struct finding_key key;
	uint64_t flows, packets, bytes;
	uint64_t first_ns, last_ns;
	uint16_t port_low, port_high; /* where several findings were made one */
	uint32_t members;	      /* how many: 1 for a finding of its own */
	int several_ports, several_peers;
	struct record worst;  /* the gravest flow; of equals the first */
	struct finding *head; /* while they are folded: the one that absorbs the others */
	UT_hash_handle hh;
};

struct findings {
	struct finding *first; /* in order of discovery, by hh.next */
	size_t count, max;
	uint64_t overflowed; /* flows that found no place */
};

struct finding_key finding_key_of(const struct record *);

/* The same with less in it: what many ports of one peer share, or many peers of one port. */
typedef struct finding_key finding_wider(struct finding_key);
finding_wider finding_key_without_port, finding_key_without_peer;

/* The finding with this key, or NULL. */
struct finding *findings_find(const struct findings *, const struct finding_key *);

/* Adds one flow to its finding, made where there is none; NULL where there is no room. */
struct finding *findings_add(struct findings *, const struct finding_key *, const struct record *);

/* Makes one of two: `other`'s numbers are added to `f`. */
void finding_absorb(struct finding *f, const struct finding *other);

/* Makes one finding of those with the same wider key, where they are more than so many. */
void findings_fold(struct findings *, finding_wider *, uint32_t more_than);

/* Finds new keys for all: of the gravest record, translated; what that refuses is dropped, and
 * how many there were is returned. */
size_t findings_translate(struct findings *, const struct heirs *);

void findings_clear(struct findings *);

#endif
