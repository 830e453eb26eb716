/* A cache entry: something that is kept, sealed, so that it comes out as it went in or not at all.
 *
 * A file's bytes: a header with the key under which it is kept, the lengths of its parts and a
 * SHA-256 over all of it, then the parts. A broken seal is found; one that somebody made on
 * purpose is not: who may write the file is the cache's business. Only bytes are known here, and
 * no file.
 */
#ifndef PORTOLAN_CACHE_ENTRY_H
#define PORTOLAN_CACHE_ENTRY_H

#include <stddef.h>
#include <stdint.h>

#define CACHE_DIGEST_BYTES 32
#define CACHE_ENTRY_PARTS 4
#define CACHE_HEADER_BYTES (8 + 2 * CACHE_DIGEST_BYTES + 8 * CACHE_ENTRY_PARTS)
#define CACHE_ENTRY_BYTES_MAX (64u << 20)

struct cache_key {
	uint8_t byte[CACHE_DIGEST_BYTES];
};

struct cache_part {
	const void *bytes;
	size_t length;
};

/* The key of whatever `terms` hands to `take`, with the format's own version: 0, or what `terms`
 * returned. */
int cache_key_name(struct cache_key *,
	int (*terms)(const void *about,
		void (*take)(void *context, const void *bytes, size_t length), void *context),
	const void *about);

/* All bytes of the cache entry, from the heap: free() them. NULL where they are too many or memory
 * is too little. */
uint8_t *cache_entry_write(
	const struct cache_key *, const struct cache_part[CACHE_ENTRY_PARTS], size_t *size);

/* 0, and the parts lie within `bytes`; -EINVAL: another format, another key, other bytes than
 * were sealed. */
int cache_entry_read(const struct cache_key *, const uint8_t *bytes, size_t size,
	struct cache_part[CACHE_ENTRY_PARTS]);

#endif
