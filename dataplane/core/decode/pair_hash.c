#include "pair_hash.h"

#include <string.h>

#include "core/decode/decode.h"
#include "core/hash.h"

uint32_t pair_hash_of(const struct packet *p, const struct inventory *inventory)
{
	uint64_t a[2], b[2];
	struct decoded v;

	decode(p, inventory, &v);
	if (v.outcome != OUTCOME_IP)
		return 0;
	memcpy(a, &v.source, sizeof(a));
	memcpy(b, &v.destination, sizeof(b));
	/* Sum and product of the two ends do not know which of them comes first. */
	return (uint32_t)(hash_mix(a[0] + b[0] + (a[1] ^ b[1]), a[1] + b[1] + (a[0] ^ b[0])) >> 16);
}
