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

static struct cached_responder *set_of(const struct responder_cache *m, uint64_t hash)
{
	return &m->recollection[(hash & m->set_mask) * RESPONDER_CACHE_WAYS];
}

void responder_cache_add(struct responder_cache *m, const struct flow_tuple *c, uint64_t time_ns)
{
	uint64_t hash = hash_of(m, c);
	struct cached_responder *set = set_of(m, hash), *place = set;

	for (unsigned i = 0; i < RESPONDER_CACHE_WAYS; i++) {
		if (set[i].hash == hash) {
			place = &set[i];
			break;
		}
		if (set[i].time_ns < place->time_ns)
			place = &set[i];
	}
	if (place->hash == hash && place->time_ns > time_ns)
		return;
	*place = (struct cached_responder){hash, time_ns};
}

uint64_t responder_cache_find(
	const struct responder_cache *m, const struct flow_tuple *c, uint64_t now_ns)
{
	uint64_t hash = hash_of(m, c);
	const struct cached_responder *set = set_of(m, hash);

	for (unsigned i = 0; i < RESPONDER_CACHE_WAYS; i++)
		if (set[i].hash == hash)
			return now_ns - set[i].time_ns <= RESPONDER_CACHE_NS ? set[i].time_ns : 0;
	return 0;
}
