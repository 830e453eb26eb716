#include "policy/scanner_cache.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "config/signatures.h"
#include "policy/cache.h"

static_assert((int)SCANNER_PARTS <= (int)JAR_PARTS, "every part has its place in the jar");

static int terms(const void *about, void (*take)(void *, const void *, size_t), void *context)
{
	const struct lexicon *lexicon = about;

	return scanner_terms(lexicon->signature, lexicon->count, take, context);
}

static struct scanner *scanner_kept(const struct larder *larder, const struct jar_key *key,
	const struct lexicon *lexicon, struct arena *arena)
{
	struct scanner_part kept[SCANNER_PARTS];
	struct jar_part part[JAR_PARTS];
	struct scanner *scanner;
	int error;
	uint8_t *bytes = larder_take(larder, key, part, &error);

	if (!bytes) {
		log_say(LOG_LEVEL_DEBUG, "signatures: none kept: %s", strerror(-error));
		return NULL;
	}
	for (unsigned i = 0; i < SCANNER_PARTS; i++)
		kept[i] = (struct scanner_part){(char *)part[i].bytes, part[i].length};
	scanner = arena_alloc(arena, scanner_size());
	error = scanner_load(scanner, lexicon->signature, lexicon->count, kept);
	free(bytes);
	log_say(LOG_LEVEL_DEBUG, "signatures: %s",
		error ? "kept ones do not load" : "as kept, nothing compiled");
	return error ? NULL : scanner;
}

static void scanner_keep(
	const struct scanner *scanner, const struct larder *larder, const struct jar_key *key)
{
	struct scanner_part saved[SCANNER_PARTS];
	struct jar_part part[JAR_PARTS] = {0};
	int error = scanner_save(scanner, saved);

	for (unsigned i = 0; i < SCANNER_PARTS; i++)
		part[i] = (struct jar_part){saved[i].bytes, saved[i].length};
	if (error == 0)
		error = larder_put(larder, key, part);
	for (unsigned i = 0; i < SCANNER_PARTS; i++)
		free(saved[i].bytes);
	log_say(LOG_LEVEL_DEBUG, "signatures: compiled, %s",
		error ? strerror(-error) : "and kept for the next start");
}

struct scanner *armoury_scanner(
	const struct lexicon *lexicon, struct arena *arena, struct complaint *complaint)
{
	struct scanner *scanner = NULL;
	struct larder larder;
	struct jar_key key;
	int error = larder_open(&larder);

	if (error == 0)
		error = jar_name(&key, terms, lexicon);
	if (error == 0)
		scanner = scanner_kept(&larder, &key, lexicon, arena);
	if (!scanner) {
		scanner = lexicon_compile(lexicon, arena, complaint);
		if (scanner && error == 0)
			scanner_keep(scanner, &larder, &key);
	}
	if (error)
		log_say(LOG_LEVEL_DEBUG, "signatures: compiled; no cache: %s", strerror(-error));
	larder_close(&larder);
	return scanner;
}
