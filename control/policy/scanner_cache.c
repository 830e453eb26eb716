#include "policy/scanner_cache.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

static int scanner_get(struct scanner *memory, const struct cache *cache,
	const struct cache_key *key, const struct signatures *signatures)
{
	struct scanner_part kept[SCANNER_PARTS];
	struct cache_part part[CACHE_ENTRY_PARTS];
	int error;
	uint8_t *bytes = cache_get(cache, key, part, &error);

	if (!bytes) {
		log_say(LOG_LEVEL_DEBUG, "signatures: none kept: %s", strerror(-error));
		return error;
	}
	for (unsigned i = 0; i < SCANNER_PARTS; i++)
		kept[i] = (struct scanner_part){(char *)part[i].bytes, part[i].length};
	error = scanner_load(memory, signatures->signature, signatures->count, kept);
	free(bytes);
	log_say(LOG_LEVEL_DEBUG, "signatures: %s",
		error ? "kept ones do not load" : "as kept, nothing compiled");
	return error;
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

int scanner_cache_load(
	struct scanner *memory, const struct signatures *signatures, struct errors *errors)
{
	struct cache cache;
	struct cache_key key;
	int rc = -ENOENT, error = cache_open(&cache);

	if (error == 0)
		error = cache_key_name(&key, terms, signatures);
	if (error == 0)
		rc = scanner_get(memory, &cache, &key, signatures);
	if (rc < 0) {
		rc = signatures_compile(memory, signatures, errors);
		if (rc == 0 && error == 0)
			scanner_put(memory, &cache, &key);
	}
	if (error)
		log_say(LOG_LEVEL_DEBUG, "signatures: compiled; no cache: %s", strerror(-error));
	cache_close(&cache);
	return rc;
}
