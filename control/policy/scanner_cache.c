#include "policy/scanner_cache.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "config/signatures.h"
#include "policy/cache.h"

static_assert(
	(int)SCANNER_PARTS <= (int)CACHE_ENTRY_PARTS, "every part has its place in the entry");

static int terms(const void *about, void (*take)(void *, const void *, size_t), void *context)
{
	const struct signatures *signatures = about;

	return scanner_terms(signatures->signature, signatures->count, take, context);
}

static struct scanner *scanner_get(const struct cache *cache, const struct cache_key *key,
	const struct signatures *signatures, struct arena *arena)
{
	struct scanner_part kept[SCANNER_PARTS];
	struct cache_part part[CACHE_ENTRY_PARTS];
	struct scanner *scanner;
	int error;
	uint8_t *bytes = cache_get(cache, key, part, &error);

	if (!bytes) {
		log_say(LOG_LEVEL_DEBUG, "signatures: none kept: %s", strerror(-error));
		return NULL;
	}
	for (unsigned i = 0; i < SCANNER_PARTS; i++)
		kept[i] = (struct scanner_part){(char *)part[i].bytes, part[i].length};
	scanner = arena_alloc(arena, scanner_size());
	error = scanner_load(scanner, signatures->signature, signatures->count, kept);
	free(bytes);
	log_say(LOG_LEVEL_DEBUG, "signatures: %s",
		error ? "kept ones do not load" : "as kept, nothing compiled");
	return error ? NULL : scanner;
}

static void scanner_put(
	const struct scanner *scanner, const struct cache *cache, const struct cache_key *key)
{
	struct scanner_part saved[SCANNER_PARTS];
	struct cache_part part[CACHE_ENTRY_PARTS] = {0};
	int error = scanner_save(scanner, saved);

	for (unsigned i = 0; i < SCANNER_PARTS; i++)
		part[i] = (struct cache_part){saved[i].bytes, saved[i].length};
	if (error == 0)
		error = cache_put(cache, key, part);
	for (unsigned i = 0; i < SCANNER_PARTS; i++)
		free(saved[i].bytes);
	log_say(LOG_LEVEL_DEBUG, "signatures: compiled, %s",
		error ? strerror(-error) : "and kept for the next start");
}

struct scanner *scanner_cache_load(
	const struct signatures *signatures, struct arena *arena, struct errors *errors)
{
	struct scanner *scanner = NULL;
	struct cache cache;
	struct cache_key key;
	int error = cache_open(&cache);

	if (error == 0)
		error = cache_key_name(&key, terms, signatures);
	if (error == 0)
		scanner = scanner_get(&cache, &key, signatures, arena);
	if (!scanner) {
		scanner = signatures_compile(signatures, arena, errors);
		if (scanner && error == 0)
			scanner_put(scanner, &cache, &key);
	}
	if (error)
		log_say(LOG_LEVEL_DEBUG, "signatures: compiled; no cache: %s", strerror(-error));
	cache_close(&cache);
	return scanner;
}
