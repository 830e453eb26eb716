#include "core/flow/responder_cache.h"

#include <assert.h>
#include <string.h>

#include "core/hash.h"

static_assert(
	sizeof(struct cached_responder) * RESPONDER_CACHE_WAYS == 64, "a set is one cache line");

size_t responder_cache_size(unsigned sets_log2)
{
	return ((size_t)RESPONDER_CACHE_WAYS << sets_log2) * sizeof(struct cached_responder);
}

void responder_cache_init(struct responder_cache *m, void *given, unsigned sets_log2, uint64_t seed)
{
	*m = (struct responder_cache){
		.recollection = given,
		.seed = hash_mix(seed ^ MIX_SEED, MIX_SEED),
		.set_mask = (1u << sets_log2) - 1,
	};
}

/* Of the two hosts, which of them responds, its port and the transport. */
static uint64_t hash_of(const struct responder_cache *m, const struct flow_tuple *c)
{
	uint64_t from[2], to[2], h;

	memcpy(from, &c->address[0], sizeof(from));
	memcpy(to, &c->address[1], sizeof(to));
	h = hash_mix(m->seed ^ from[0], m->seed ^ from[1]);
	h = hash_mix(h ^ to[0], m->seed ^ to[1]);
	h = hash_mix(
		h ^ (uint64_t)c->port[1] << 16 ^ (uint64_t)c->protocol << 8 ^ c->version, m->seed);
	return h ? h : 1;
}

/* The same of one connection: in the set of the two hosts', so that one line has both. */
static uint64_t connection_hash(
	const struct responder_cache *m, const struct flow_tuple *c, uint32_t tunnel, uint64_t hash)
{
	uint64_t h = hash_mix(hash ^ c->port[0] ^ (uint64_t)tunnel << 32, m->seed);

	h = (h & ~(uint64_t)m->set_mask) | (hash & m->set_mask);
	return h ? h : (uint64_t)1 << 63;
}

static struct cached_responder *set_of(const struct responder_cache *m, uint64_t hash)
{
	return &m->recollection[(hash & m->set_mask) * RESPONDER_CACHE_WAYS];
}

/* The place of this hash, or of what is out of date first. */
static struct cached_responder *place_of(const struct responder_cache *m, uint64_t hash)
{
	struct cached_responder *set = set_of(m, hash), *place = set;

	for (unsigned i = 0; i < RESPONDER_CACHE_WAYS; i++) {
		if (set[i].hash == hash)
			return &set[i];
		if (set[i].until_ns < place->until_ns)
			place = &set[i];
	}
	return place;
}

void responder_cache_add(struct responder_cache *m, const struct flow_tuple *c, uint64_t until_ns)
{
	uint64_t hash = hash_of(m, c);
	struct cached_responder *place = place_of(m, hash);

	if (place->hash != hash || place->until_ns < until_ns)
		*place = (struct cached_responder){hash, until_ns};
}

void responder_cache_set(struct responder_cache *m, const struct flow_tuple *c, uint64_t until_ns)
{
	uint64_t hash = hash_of(m, c);

	*place_of(m, hash) = (struct cached_responder){hash, until_ns};
}

void responder_cache_add_connection(
	struct responder_cache *m, const struct flow_tuple *c, uint32_t tunnel, uint64_t until_ns)
{
	uint64_t hash = connection_hash(m, c, tunnel, hash_of(m, c));

	*place_of(m, hash) = (struct cached_responder){hash, until_ns};
}

unsigned responder_cache_find(const struct responder_cache *m, const struct flow_tuple *c,
	uint32_t tunnel, uint64_t now_ns)
{
	uint64_t hash = hash_of(m, c), connection = connection_hash(m, c, tunnel, hash);
	const struct cached_responder *set = set_of(m, hash);
	unsigned found = 0;

	for (unsigned i = 0; i < RESPONDER_CACHE_WAYS; i++) {
		if (set[i].until_ns < now_ns)
			continue;
		if (set[i].hash == hash)
			found |= RESPONDER_SEEN;
		else if (set[i].hash == connection)
			found |= CONNECTION_SEEN;
	}
	return found;
}
