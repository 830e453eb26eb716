#include "core/decode/duplicates.h"

#include <assert.h>
#include <string.h>

#include "core/hash.h"

static_assert(sizeof(struct original) * DUPLICATE_WAYS == 64, "a set is one cache line");

size_t duplicates_size(unsigned sets_log2)
{
	return ((size_t)DUPLICATE_WAYS << sets_log2) * sizeof(struct original);
}

void duplicates_init(struct duplicates *d, void *memory, unsigned sets_log2, uint64_t seed)
{
	*d = (struct duplicates){
		.original = memory,
		.seed = hash_mix(seed, MIX_SEED),
		.set_mask = (1u << sets_log2) - 1,
	};
}

/* --- the hash -------------------------------------------------------------------------- */

static uint64_t absorb(uint64_t h, uint64_t seed, const uint8_t *p)
{
	uint64_t word[2];

	memcpy(word, p, sizeof(word));
	return hash_mix(h ^ word[0], word[1] ^ seed);
}

/* The fixed header, without what a router changes: TTL and checksum, or the hop limit. */
static uint64_t hash_header(const struct duplicates *d, const uint8_t *ip, unsigned version)
{
	uint8_t header[16];

	memcpy(header, ip, sizeof(header));
	if (version == 4)
		header[8] = header[10] = header[11] = 0;
	else
		header[7] = 0;
	return absorb(d->seed, d->seed, header);
}

/* The last piece has its length in its last byte, so that it never equals a whole one. */
static uint64_t hash_packet(
	const struct duplicates *d, const uint8_t *ip, size_t length, unsigned version)
{
	uint64_t h = hash_header(d, ip, version);
	uint8_t last[16] = {0};
	size_t at;

	for (at = 16; at + 16 <= length; at += 16)
		h = absorb(h, d->seed, ip + at);
	memcpy(last, ip + at, length - at);
	last[15] = (uint8_t)(length - at);
	h = absorb(h, d->seed, last);
	return h ? h : 1;
}

/* --- the sets -------------------------------------------------------------------------- */

static int is_young(const struct original *o, uint64_t now_ns)
{
	return o->hash != 0 && now_ns - o->time_ns <= DUPLICATE_WINDOW_NS;
}

int duplicates_see(
	struct duplicates *d, const uint8_t *ip, size_t length, unsigned version, uint64_t now_ns)
{
	uint64_t hash = hash_packet(d, ip, length, version);
	struct original *set = &d->original[(hash & d->set_mask) * DUPLICATE_WAYS], *oldest = set;

	for (unsigned i = 0; i < DUPLICATE_WAYS; i++) {
		if (set[i].hash == hash && is_young(&set[i], now_ns))
			return 1;
		if (set[i].time_ns < oldest->time_ns)
			oldest = &set[i];
	}
	d->forgotten += is_young(oldest, now_ns);
	*oldest = (struct original){hash, now_ns};
	return 0;
}
