#include "core/flow/encap_table.h"

#include <assert.h>

#include "core/hash.h"

static_assert(sizeof(struct encap) == 12, "a path has no padding: its bytes are compared");
static_assert(ENCAPS_MAX <= UINT16_MAX, "a path's number has two bytes");

static uint32_t slot_of(const struct encap *p)
{
	uint64_t first;
	uint32_t last;

	memcpy(&first, p, sizeof(first));
	memcpy(&last, (const uint8_t *)p + sizeof(first), sizeof(last));
	return (uint32_t)hash_mix(first, last) & (ENCAP_SLOTS - 1);
}

static uint16_t add(struct encap_table *p, const struct encap *encap, uint16_t *slot)
{
	if (p->count + 1 == ENCAPS_MAX)
		return ENCAP_UNKNOWN;
	*slot = (uint16_t)++p->count;
	p->encap[*slot] = *encap;
	return *slot;
}

uint16_t encap_table_find(struct encap_table *p, const struct encap *encap)
{
	uint32_t at;

	for (at = slot_of(encap); p->slot[at] != 0; at = (at + 1) & (ENCAP_SLOTS - 1))
		if (encap_equal(&p->encap[p->slot[at]], encap))
			return p->last = p->slot[at];
	return p->last = add(p, encap, &p->slot[at]);
}
