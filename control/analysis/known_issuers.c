#include "analysis/known_issuers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash_table.h"
#include "base/heap.h"

#define KEY_BYTES 1024

struct known_issuer {
	uint64_t seen_ns;
	char *issuer;
	UT_hash_handle hh;
	char key[]; /* the holder and its peer, each with its end */
};

/* How many bytes it has. */
static size_t key_of(char key[KEY_BYTES], const char *holder, const char *peer)
{
	int bytes = snprintf(key, KEY_BYTES, "%.400s%c%.400s", holder, '\0', peer);

	return (size_t)bytes + 1;
}

static struct known_issuer *find(const struct known_issuers *k, const char *key, size_t bytes)
{
	struct known_issuer *i;

	HASH_FIND(hh, k->first, key, bytes, i);
	return i;
}

static struct known_issuer *add(struct known_issuers *k, const char *key, size_t bytes)
{
	struct known_issuer *i = HASH_COUNT(k->first) < KNOWN_ISSUERS_MAX
					 ? heap_calloc(1, sizeof(*i) + bytes)
					 : NULL;

	if (!i)
		return NULL;
	memcpy(i->key, key, bytes);
	HASH_ADD_KEYPTR(hh, k->first, i->key, bytes, i);
	if (i->hh.tbl)
		return i;
	free(i);
	return NULL;
}

void known_issuers_fini(struct known_issuers *k)
{
	struct known_issuer *i, *next;

	HASH_ITER(hh, k->first, i, next)
	{
		HASH_DEL(k->first, i);
		free(i->issuer);
		free(i);
	}
}

void known_issuers_note(struct known_issuers *k, const char *holder, const char *peer,
	const char *issuer, uint64_t seen_ns)
{
	char key[KEY_BYTES];
	size_t bytes = key_of(key, holder, peer);
	struct known_issuer *i = find(k, key, bytes);
	char *text;

	if (!i)
		i = add(k, key, bytes);
	if (!i || seen_ns < i->seen_ns)
		return;
	i->seen_ns = seen_ns;
	if (i->issuer && strcmp(i->issuer, issuer) == 0)
		return;
	text = heap_strdup(issuer);
	free(i->issuer);
	i->issuer = text;
}

const char *known_issuers_find(
	const struct known_issuers *k, const char *holder, const char *peer, uint64_t at_ns)
{
	char key[KEY_BYTES];
	size_t bytes = key_of(key, holder, peer);
	const struct known_issuer *i = find(k, key, bytes);

	return i && i->seen_ns <= at_ns ? i->issuer : NULL;
}
