/* Exchanges: what an answer repeats of its request, as one number to compare.
 *
 * Only who saw the request can repeat it: an answer that fits is evidence of both sides
 * (DESIGN 4). The upper half of the number is of the id; the lower one is of the question, or 0
 * where a message does not repeat it (DNS errors, RFC 1035 4.1.1), and never 0 otherwise.
 */
#ifndef PORTOLAN_EXCHANGE_NUMBER_H
#define PORTOLAN_EXCHANGE_NUMBER_H

#include <stddef.h>
#include <stdint.h>

#define EXCHANGE_NONE 0u

#define EXCHANGE_SEED 2166136261u /* FNV-1a's */

static inline uint32_t exchange_mix(uint32_t hash, uint8_t byte)
{
	return (hash ^ byte) * 16777619u;
}

/* Spreads what was mixed over all bits. */
static inline uint32_t exchange_end(uint32_t hash)
{
	hash ^= hash >> 15;
	hash *= 0x2c1b3c6du;
	hash ^= hash >> 12;
	hash *= 0x297a2d39u;
	return hash ^ hash >> 15;
}

/* Of an id alone that every answer repeats. `kind` tells ids of different kinds apart. */
static inline uint32_t exchange_of(unsigned kind, const uint8_t *id, size_t count)
{
	uint32_t hash = exchange_mix(EXCHANGE_SEED, (uint8_t)kind);

	for (size_t i = 0; i < count; i++)
		hash = exchange_mix(hash, id[i]);
	hash = exchange_end(hash);
	return hash & 0xffffu ? hash : hash | 1u;
}

static inline uint32_t exchange_of_number(unsigned kind, uint32_t id)
{
	const uint8_t bytes[] = {
		(uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id};

	return exchange_of(kind, bytes, sizeof(bytes));
}

/* Whether a message with `answered` may be the answer to one with `asked`. */
static inline int exchange_fits(uint32_t asked, uint32_t answered)
{
	if (asked == EXCHANGE_NONE || answered == EXCHANGE_NONE)
		return 0;
	return asked == answered ||
	       ((asked ^ answered) < 0x10000u && (!(asked & 0xffffu) || !(answered & 0xffffu)));
}

#endif
