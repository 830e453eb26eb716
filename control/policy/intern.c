#include "policy/intern.h"

#include <string.h>

#include "base/arena.h"

enum { SLOTS_MIN = 64 };

void intern_open(struct intern *t, struct arena *arena)
{
	*t = (struct intern){.arena = arena, .slots = SLOTS_MIN};
	t->slot = arena_alloc(arena, t->slots * sizeof(*t->slot));
	t->item = arena_alloc(arena, t->slots / 2 * sizeof(*t->item));
}

/* FNV-1a over words, then over what is left. Sites are written by their own operators: nobody
 * gains by collisions. */
static uint64_t hash_of(const void *key, size_t bytes)
{
	const uint64_t prime = 0x100000001b3ull;
	const unsigned char *at = key;
	uint64_t hash = 0xcbf29ce484222325ull ^ bytes, word;

	for (; bytes >= sizeof(word); bytes -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		hash = (hash ^ word) * prime;
		hash ^= hash >> 29;
	}
	for (; bytes > 0; bytes--, at++)
		hash = (hash ^ *at) * prime;
	return hash ^ hash >> 32;
}

static uint32_t *slot_of(const struct intern *t, const void *key, size_t bytes, uint64_t hash)
{
	size_t i = hash & (t->slots - 1);

	for (;; i = (i + 1) & (t->slots - 1)) {
		const struct interned *item = &t->item[t->slot[i] - 1u];
		if (t->slot[i] == 0)
			return &t->slot[i];
		if (item->hash == hash && item->bytes == bytes &&
			memcmp(item->key, key, bytes) == 0)
			return &t->slot[i];
	}
}

static void grow(struct intern *t)
{
	struct interned *item;

	t->slots *= 2;
	item = arena_alloc(t->arena, t->slots / 2 * sizeof(*item));
	memcpy(item, t->item, t->count * sizeof(*item));
	t->item = item;
	t->slot = arena_alloc(t->arena, t->slots * sizeof(*t->slot));
	for (size_t n = 0; n < t->count; n++)
		*slot_of(t, item[n].key, item[n].bytes, item[n].hash) = (uint32_t)n + 1;
}

uint32_t intern_number(struct intern *t, const void *key, size_t bytes, bool *is_new)
{
	uint64_t hash = hash_of(key, bytes);
	uint32_t *slot = slot_of(t, key, bytes, hash);
	void *copy;

	if (is_new)
		*is_new = *slot == 0;
	if (*slot)
		return *slot - 1;
	if (t->count == t->slots / 2) {
		grow(t);
		slot = slot_of(t, key, bytes, hash);
	}
	copy = arena_alloc(t->arena, bytes ? bytes : 1);
	memcpy(copy, key, bytes);
	t->item[t->count] = (struct interned){copy, bytes, hash};
	*slot = (uint32_t)++t->count;
	return *slot - 1;
}
