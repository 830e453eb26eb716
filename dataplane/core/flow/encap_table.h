/* Numbers the encapsulations that flows came in (VLANs, tunnel, interface): two bytes a flow
 * instead of twelve.
 *
 * Bounded. Once ENCAPS_MAX different ones were seen, further ones are number 0, the unknown one:
 * the caller counts them. Looked up when a flow begins, never for a packet of a known one.
 *
 * Owned by one worker, in given memory, zeroed. Never forgets.
 */
#ifndef PORTOLAN_ENCAP_TABLE_H
#define PORTOLAN_ENCAP_TABLE_H

#include <stdint.h>
#include <string.h>

#include "encap.h"

#define ENCAPS_MAX 4096u
#define ENCAP_UNKNOWN 0
#define ENCAP_SLOTS (2 * ENCAPS_MAX)

struct encap_table {
	uint32_t count;		    /* without the unknown one */
	uint16_t last;		    /* what was asked for last: mostly it is asked for again */
	uint16_t slot[ENCAP_SLOTS]; /* by hash; 0: empty */
	struct encap encap[ENCAPS_MAX];
};

static inline int encap_equal(const struct encap *a, const struct encap *b)
{
	uint64_t first[2];
	uint32_t last[2];

	memcpy(&first[0], a, sizeof(first[0]));
	memcpy(&first[1], b, sizeof(first[1]));
	memcpy(&last[0], (const uint8_t *)a + 8, sizeof(last[0]));
	memcpy(&last[1], (const uint8_t *)b + 8, sizeof(last[1]));
	return ((first[0] ^ first[1]) | (last[0] ^ last[1])) == 0;
}

/* The number by hash, added where it is new. */
uint16_t encap_table_find(struct encap_table *, const struct encap *);

/* The number; ENCAP_UNKNOWN where there is no room for it. */
static inline uint16_t encap_table_number(struct encap_table *p, const struct encap *encap)
{
	/* No packet equals the unknown one: `is_known` differs. */
	return encap_equal(&p->encap[p->last], encap) ? p->last : encap_table_find(p, encap);
}

/* By its number; `is_known` is 0 in the unknown one. */
static inline const struct encap *encap_table_at(const struct encap_table *p, uint16_t number)
{
	return &p->encap[number];
}

#endif
