/* The cache: a folder that keeps a few cache entries from one start to the next.
 *
 * Optional: without a folder, if others may write it, if an entry is damaged or the disk full, the
 * cache is empty. The folder is the first of
 *
 *     $PORTOLAN_CACHE (`off`: none), $CACHE_DIRECTORY (systemd's), $XDG_CACHE_HOME/portolan,
 *     $HOME/.cache/portolan
 *
 * and is created if its parent is ours. An entry is read only from a regular file that is ours and
 * that nobody else may write; it is written under another name first and then renamed. A setuid
 * program uses no cache: its user could choose what it loads.
 */
#ifndef PORTOLAN_CACHE_H
#define PORTOLAN_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "policy/cache_entry.h"

/* Number of entries kept, the newest. */
#define CACHE_ENTRIES 8

struct cache {
	int folder; /* descriptor, or -1 */
};

/* 0, or a negative errno; the cache is empty then and stays so. */
int cache_open(struct cache *);
void cache_close(struct cache *);

/* The bytes of an entry and its parts within them, or NULL and a negative errno in `error`. From
 * the heap: free() them. */
uint8_t *cache_get(const struct cache *, const struct cache_key *,
	struct cache_part[CACHE_ENTRY_PARTS], int *error);

/* Writes an entry and removes the oldest beyond CACHE_ENTRIES. 0, or a negative errno with nothing
 * changed. */
int cache_put(
	const struct cache *, const struct cache_key *, const struct cache_part[CACHE_ENTRY_PARTS]);

#endif
