/* FNV-1a, 64 bits: the same on every machine, for ids that people and files keep. Whoever chooses
 * the bytes chooses the result: not for tables that strangers fill.
 */
#ifndef PORTOLAN_TEXT_HASH_H
#define PORTOLAN_TEXT_HASH_H

#include <stddef.h>
#include <stdint.h>

#define TEXT_HASH_START 0xcbf29ce484222325ull

/* Goes on from `hash`, TEXT_HASH_START or what came out before. */
static inline uint64_t text_hash(uint64_t hash, const void *bytes, size_t count)
{
	const uint8_t *byte = bytes;

	for (size_t i = 0; i < count; i++)
		hash = (hash ^ byte[i]) * 0x100000001b3ull;
	return hash;
}

#endif
