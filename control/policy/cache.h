/* The cache: the folder in which a few cache entries are kept from one start to the next.
 *
 * Nothing depends on it: where there is no folder, where it is not ours alone, where a cache entry
 * is broken or the disk full, there is simply nothing in it. The folder is the first of
 *
 *     $PORTOLAN_CACHE (`off`: none), $CACHE_DIRECTORY (systemd's), $XDG_CACHE_HOME/portolan,
 *     $HOME/.cache/portolan
 *
 * and is made where its parent is ours. A cache entry is taken only from a regular file that is
 * ours and that nobody else may write, and it comes into being whole, under another name first. A
 * program with more rights than its user has none of this: its user would decide what it runs.
 */
#ifndef PORTOLAN_CACHE_H
#define PORTOLAN_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "policy/cache_entry.h"

/* So many cache entries stay, the newest. */
#define CACHE_ENTRIES 8

struct cache {
	int folder; /* a descriptor, or -1 */
};

/* 0, or a negative errno; the cache is empty then and stays so. */
int cache_open(struct cache *);
void cache_close(struct cache *);

/* The bytes of a cache entry and its parts within them, or NULL and a negative errno in `error`.
 * From the heap: free() them. */
uint8_t *cache_get(const struct cache *, const struct cache_key *,
	struct cache_part[CACHE_ENTRY_PARTS], int *error);

/* 0, or a negative errno and everything is as it was. Throws out what is too old. */
int cache_put(
	const struct cache *, const struct cache_key *, const struct cache_part[CACHE_ENTRY_PARTS]);

#endif
