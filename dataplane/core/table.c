#include "table.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "mix.h"

/* last_ns of a flow that was given back: no sweep finds it idle, no guess finds it at all. */
#define FREED UINT64_MAX

static uint32_t buckets_for(uint32_t capacity)
{
	uint32_t n = 1;

	/* Half full on average: with eight places a bucket one in twenty overflows. */
	while ((uint64_t)n * BUCKET_SLOTS < 2 * (uint64_t)capacity)
		n *= 2;
	return n;
}

size_t table_size(uint32_t capacity)
{
	return buckets_for(capacity) * sizeof(struct bucket) + capacity * sizeof(struct flow) +
	       capacity * sizeof(uint32_t);
}

void table_init(struct table *t, void *memory, uint32_t capacity, uint64_t seed)
{
	uint32_t buckets = buckets_for(capacity);

	memset(t, 0, sizeof(*t));
	t->bucket = memory;
	t->flow = (struct flow *)(t->bucket + buckets);
	t->free = (uint32_t *)(t->flow + capacity);
	t->bucket_mask = buckets - 1;
	t->capacity = capacity;
	t->seed[0] = mix(seed, 1);
	t->seed[1] = mix(seed, 2);
}

uint64_t table_hash(const struct table *t, const struct flow_key *k)
{
	uint64_t w[5];

	memcpy(w, k, sizeof(w));
	if (k->version6)
		return mix(mix(w[0] ^ t->seed[0], w[2] ^ t->seed[1]) ^ w[1],
		        mix(w[4] ^ t->seed[0], w[3] ^ t->seed[1]));
	/* IPv4: four bytes of each address; the rest is zero, or the number that tells apart
	 * what a MAC address attributed. */
	return mix(
	        w[1] ^ w[0] ^ t->seed[0], (w[3] << 1 | w[3] >> 63) ^ w[2] ^ mix(w[4], t->seed[1]));
}

/* From the top of the hash, of which buckets use the bottom; never 0. */
static uint16_t tag_of(uint64_t hash)
{
	return (uint16_t)(hash >> 48 | 1);
}

static uint32_t other_bucket(const struct table *t, uint32_t bucket, uint16_t tag)
{
	return (bucket ^ (tag * 0x5bd1e995u | 1)) & t->bucket_mask;
}

/* A bit for every place whose tag is `tag`. */
static unsigned match(const struct bucket *b, uint16_t tag)
{
#ifdef __SSE2__
	__m128i tags = _mm_load_si128((const __m128i *)(const void *)b->tag);
	__m128i equal = _mm_cmpeq_epi16(tags, _mm_set1_epi16((short)tag));

	return (unsigned)_mm_movemask_epi8(_mm_packs_epi16(equal, _mm_setzero_si128()));
#else
	unsigned bits = 0;

	for (unsigned i = 0; i < BUCKET_SLOTS; i++)
		bits |= (unsigned)(b->tag[i] == tag) << i;
	return bits;
#endif
}

/* Addresses and ports, the protocol and the version; not the rest of `state`. */
static int key_equal(const struct flow *f, const struct flow_key *k)
{
	static const uint8_t mask_bytes[8] = {255, 255, 255, 255, 255, STATE_VERSION6, 0, 0};
	uint64_t a[5], b[5], mask;

	memcpy(a, f, sizeof(a));
	memcpy(b, k, sizeof(b));
	memcpy(&mask, mask_bytes, sizeof(mask));
	return ((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]) |
	               ((a[4] & mask) ^ b[4])) == 0;
}

uint32_t table_guess(const struct table *t, uint64_t hash)
{
	const struct bucket *b = &t->bucket[hash & t->bucket_mask];
	unsigned bits = match(b, tag_of(hash));

	return bits ? b->index[__builtin_ctz(bits)] : FLOW_NONE;
}

static uint32_t find_in(
        const struct table *t, uint32_t bucket, uint16_t tag, const struct flow_key *k)
{
	const struct bucket *b = &t->bucket[bucket];

	for (unsigned bits = match(b, tag); bits; bits &= bits - 1) {
		uint32_t index = b->index[__builtin_ctz(bits)];
		if (key_equal(&t->flow[index], k))
			return index;
	}
	return FLOW_NONE;
}

uint32_t table_find(const struct table *t, const struct flow_key *k, uint64_t hash, uint32_t guess)
{
	uint32_t first = (uint32_t)hash & t->bucket_mask, found;
	uint16_t tag = tag_of(hash);

	if (guess != FLOW_NONE && key_equal(&t->flow[guess], k) && t->flow[guess].last_ns != FREED)
		return guess;
	found = find_in(t, first, tag, k);
	if (found == FLOW_NONE && t->bucket[first].overflowed)
		found = find_in(t, other_bucket(t, first, tag), tag, k);
	return found;
}

static int has_free_flow(const struct table *t)
{
	return t->free_count > 0 || t->fresh < t->capacity;
}

/* WORTH_FLAGGED and WORTH_BELONGS never go: they would be evidence lost. */
static int may_replace(uint8_t old, enum worth new)
{
	if (old >= WORTH_FLAGGED)
		return 0;
	return new >= WORTH_FLAGGED || old <= (uint8_t) new;
}

uint32_t table_victim(const struct table *t, uint64_t hash, enum worth worth)
{
	const struct bucket *b = &t->bucket[hash & t->bucket_mask];
	unsigned best = BUCKET_SLOTS;

	for (unsigned i = 0; i < BUCKET_SLOTS; i++)
		if (b->tag[i] && may_replace(b->worth[i], worth) &&
		        (best == BUCKET_SLOTS || b->worth[i] < b->worth[best]))
			best = i;
	return best == BUCKET_SLOTS ? FLOW_NONE : b->index[best];
}

static uint32_t take_flow(struct table *t)
{
	if (t->free_count > 0)
		return t->free[--t->free_count];
	return t->fresh < t->capacity ? t->fresh++ : FLOW_NONE;
}

static void place(struct table *t, uint32_t bucket, unsigned slot, uint16_t tag, uint32_t index,
        enum worth worth)
{
	struct bucket *b = &t->bucket[bucket];

	b->tag[slot] = tag;
	b->index[slot] = index;
	b->worth[slot] = (uint8_t)worth;
	t->flow[index].bucket = bucket;
	t->active++;
}

uint32_t table_insert(struct table *t, const struct flow_key *k, uint64_t hash, enum worth worth)
{
	uint32_t bucket = (uint32_t)hash & t->bucket_mask, index;
	uint16_t tag = tag_of(hash);
	unsigned empty = match(&t->bucket[bucket], 0);
	struct flow *f;

	if (!has_free_flow(t))
		return FLOW_NONE;
	if (!empty) {
		uint32_t second = other_bucket(t, bucket, tag);
		empty = match(&t->bucket[second], 0);
		if (!empty)
			return FLOW_NONE;
		if (t->bucket[bucket].overflowed < UINT32_MAX)
			t->bucket[bucket].overflowed++;
		bucket = second;
	}
	index = take_flow(t);
	f = &t->flow[index];
	memset(f, 0, sizeof(*f));
	memcpy(f, k, offsetof(struct flow_key, version6));
	f->state = k->version6;
	place(t, bucket, (unsigned)__builtin_ctz(empty), tag, index, worth);
	return index;
}

static unsigned slot_of(const struct bucket *b, uint32_t index)
{
	unsigned slot = 0;

	while (b->tag[slot] == 0 || b->index[slot] != index)
		slot++;
	return slot;
}

/* In which of its two buckets a flow lies is known from its hash alone: the one that a
 * key's first bucket leads to was counted there. */
static void forget_overflow(struct table *t, const struct flow *f, uint32_t bucket)
{
	struct flow_key k;
	uint32_t first;

	memset(&k, 0, sizeof(k));
	memcpy(&k, f, offsetof(struct flow_key, version6));
	k.version6 = f->state & STATE_VERSION6;
	first = (uint32_t)table_hash(t, &k) & t->bucket_mask;
	if (first != bucket && t->bucket[first].overflowed < UINT32_MAX)
		t->bucket[first].overflowed--;
}

void table_remove(struct table *t, uint32_t index)
{
	struct flow *f = &t->flow[index];
	struct bucket *b = &t->bucket[f->bucket];
	unsigned slot = slot_of(b, index);

	forget_overflow(t, f, f->bucket);
	b->tag[slot] = 0;
	b->worth[slot] = WORTH_NOTHING;
	f->bucket = BUCKET_NONE;
	f->last_ns = FREED;
	t->free[t->free_count++] = index;
	t->active--;
}

void table_set_worth(struct table *t, uint32_t index, enum worth worth)
{
	struct bucket *b = &t->bucket[t->flow[index].bucket];

	b->worth[slot_of(b, index)] = (uint8_t)worth;
}
