/* Which finding each reported flow is part of, until the flow ends.
 *
 * A flow that is judged anew belongs to another finding, or to none: what was counted for it has to
 * be taken back where it was counted. Bounded: a flow that finds no room stays where it was first
 * counted. Memory: one allocation a flow, freed when it ends. Never on the packet path.
 */
#ifndef PORTOLAN_REPORTED_H
#define PORTOLAN_REPORTED_H

#include <stdint.h>

#include "analysis/finding.h"
#include "base/hash_table.h"

struct remap;

#define REPORTED_MAX 65536
#define REPORTED_ALIKE (16 * REPORTED_MAX)

/* The same for both orientations of a flow. Compared with memcmp(): every byte is set. */
struct reported_key {
	struct address address[2];
	uint16_t port[2];
	uint8_t version, protocol, zero[6];
	uint32_t tunnel; /* what is in there is another flow, and speaks for no other */
};

/* A flow may be reported before the end of the one that had its ports before: two may have the same
 * key, told apart by when they began. */
struct reported_flow {
	struct reported_key key;
	uint64_t start_ns; /* only an older packet that comes late makes it smaller */
	uint64_t seen_ns;  /* when its last record came */
	struct finding_key finding;
	struct reported_flow *before; /* of the same key, or NULL; not in the hash itself */
	UT_hash_handle hh;
};

struct reported {
	struct reported_flow *flow; /* hash by key */
	/* How many of them have a hash with these lowest bits: in a flood, most of whose flows
	 * found no room, nearly every search ends here, with one byte and not with a chain of
	 * flows. */
	uint8_t *alike;
	uint64_t overflowed;
};

/* Of a record's flow, or NULL. */
struct reported_flow *reported_find(struct reported *, const struct record *);

/* Of a flow that reported_find() has just not found. NULL: no room, which is counted. */
struct reported_flow *reported_add(
	struct reported *, const struct record *, const struct finding_key *);

void reported_drop(struct reported *, struct reported_flow *);

/* Drops the flows without a record since `before_ns`, whose end nobody is going to tell: they found
 * the flow table full. `dropped` is called for each. */
typedef void reported_dropper(void *context, const struct finding_key *);
void reported_expire(struct reported *, uint64_t before_ns, reported_dropper *, void *context);

/* Translates to another ruleset's numbers; flows of appliances that it does not have are dropped.
 */
void reported_translate(struct reported *, const struct remap *);

void reported_clear(struct reported *);

/* Asks for the memory that reported_find() of this record will look at. */
void reported_expect(const struct reported *, const struct record *);

#endif
