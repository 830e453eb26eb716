/* A cache entry: a sealed file format.
 *
 * A header with magic, key, lengths of the parts and a SHA-256 over everything, then the parts.
 * Detects corruption, not forgery: protecting the file is up to the cache. Works on bytes, not on
 * files.
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

/* The key: a hash over the format's version and the bytes that `terms` passes to `take`. 0, or what
 * `terms` returned. */
int cache_key_name(struct cache_key *,
	int (*terms)(const void *about,
		void (*take)(void *context, const void *bytes, size_t length), void *context),
	const void *about);

/* The bytes of an entry, from the heap: free() them. NULL: too large, or out of memory. */
uint8_t *cache_entry_write(
	const struct cache_key *, const struct cache_part[CACHE_ENTRY_PARTS], size_t *size);

/* 0, and the parts point into `bytes`; -EINVAL: another format, another key, or damaged. */
int cache_entry_read(const struct cache_key *, const uint8_t *bytes, size_t size,
	struct cache_part[CACHE_ENTRY_PARTS]);

#endif
