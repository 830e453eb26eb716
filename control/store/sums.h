/* Sums over flows, gathered in memory until they are written: by hour and endpoint, by peer, by
 * service, by exposure, and how many sides of TCP were seen by ten minutes.
 *
 * Memory: one allocation an entry, freed by sums_clear().
 */
#ifndef PORTOLAN_SUMS_H
#define PORTOLAN_SUMS_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash_table.h"
#include "store/store_message.h"

enum sum_kind {
	SUM_HOUR,
	SUM_PEER,
	SUM_SERVICE,
	SUM_EXPOSURE,
	SUM_SIDES,
	SUM_FINDING,
	SUM_KIND_COUNT
};

/* Compared with memcmp(): every byte is set. */
struct sum_key {
	uint64_t time_ns; /* of the hour or the ten minutes; else 0 */
	int64_t endpoint; /* of SUM_FINDING its number */
	struct address peer;
	uint16_t port;
	uint8_t version, protocol, what, zero[3]; /* what: service or exposure */
};

struct sum {
	struct sum_key key;
	uint64_t flows, packets[2], bytes[2]; /* [0] sent by the appliance */
	uint64_t first_ns, last_ns;
	uint64_t *start_ns; /* of a peer's flows, in the order in which they ended */
	size_t starts;
	UT_hash_handle hh;
};

struct sums {
	struct sum *first[SUM_KIND_COUNT];
	int error; /* -ENOMEM: something is missing */
};

/* Adds a flow as its end `end` saw it, whose endpoint has this row. */
void sums_add_end(struct sums *, const struct stored_flow *, unsigned end, int64_t endpoint);

/* Adds what is not of one end: the sides that were seen. */
void sums_add_sides(struct sums *, const struct stored_flow *);

/* Adds a flow to what its finding carried. */
void sums_add_finding(struct sums *, const struct stored_flow *);

/* The seconds between the starts of a peer's flows. */
struct sum_gaps {
	uint64_t first_ns, last_ns; /* starts; 0: none */
	uint64_t gaps;
	double sum, squares;
};
struct sum_gaps sum_gaps(struct sum *);

void sums_clear(struct sums *);

#endif
