/* The core's hash: one 64 x 64 -> 128 bit multiplication, both halves folded.
 *
 * Not for secrets. Where the input is hostile (flow keys) the caller XORs a seed
 * of its own into both arguments.
 */
#ifndef PORTOLAN_HASH_H
#define PORTOLAN_HASH_H

#include <stdint.h>

#define MIX_SEED 0x9e3779b97f4a7c15ull

static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
	__extension__ typedef unsigned __int128 uint128;
	uint128 product = (uint128)(a ^ 0xa0761d6478bd642full) * (b ^ 0xe7037ed1a0b428dbull);

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* The same for arguments that have a seed in them already: two steps less. */
static inline uint64_t hash_mix_seeded(uint64_t a, uint64_t b)
{
	__extension__ typedef unsigned __int128 uint128;
	uint128 product = (uint128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

#endif
