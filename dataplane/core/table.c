#include "table.h"

#include <string.h>

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

static uint32_t other_bucket(const struct table *t, uint32_t bucket, uint16_t tag)
{
	return (bucket ^ (tag * 0x5bd1e995u | 1)) & t->bucket_mask;
}

static uint32_t find_in(
	const struct table *t, uint32_t bucket, uint16_t tag, const union flow_key *k)
{
	const struct bucket *b = &t->bucket[bucket];

	for (unsigned bits = table_match(b, tag); bits; bits &= bits - 1) {
		uint32_t index = b->index[__builtin_ctz(bits)];
		if (flow_has_key(&t->flow[index], k))
			return index;
	}
	return FLOW_NONE;
}

uint32_t table_find(const struct table *t, const union flow_key *k, uint64_t hash, uint32_t guess)
{
	uint32_t first = (uint32_t)hash & t->bucket_mask, found;
	uint16_t tag = table_tag(hash);

	if (guess < t->fresh && flow_has_key(&t->flow[guess], k))
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

static unsigned slot_of(const struct bucket *b, uint32_t index)
{
	unsigned slot = 0;

	while (b->tag[slot] == 0 || b->index[slot] != index)
		slot++;
	return slot;
}

static uint32_t first_bucket(const struct table *t, const struct flow *f)
{
	union flow_key k;

	memset(&k, 0, sizeof(k));
	memcpy(&k, f, FLOW_KEY_BYTES);
	k.version6 = f->state & STATE_VERSION6;
	return (uint32_t)table_hash(t, &k) & t->bucket_mask;
}

/* A first bucket knows how many of its flows had to go to their second one. */
static void forget_overflow(struct table *t, uint32_t first, uint32_t bucket)
{
	if (first != bucket && t->bucket[first].overflowed < UINT32_MAX)
		t->bucket[first].overflowed--;
}

static void note_overflow(struct table *t, uint32_t first, uint32_t bucket)
{
	if (first != bucket && t->bucket[first].overflowed < UINT32_MAX)
		t->bucket[first].overflowed++;
}

/* Moves one flow of a full bucket to the other bucket that it may be in; the place it leaves,
 * or BUCKET_SLOTS. Without this two in a thousand flows would find both of theirs full. */
static unsigned displace(struct table *t, uint32_t bucket)
{
	struct bucket *b = &t->bucket[bucket];

	for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++) {
		uint32_t to = other_bucket(t, bucket, b->tag[slot]);
		unsigned empty = table_match(&t->bucket[to], 0), at;
		struct flow *f = &t->flow[b->index[slot]];
		uint32_t first;
		if (!empty || to == bucket)
			continue;
		at = (unsigned)__builtin_ctz(empty);
		first = first_bucket(t, f);
		forget_overflow(t, first, bucket);
		note_overflow(t, first, to);
		t->bucket[to].tag[at] = b->tag[slot];
		t->bucket[to].index[at] = b->index[slot];
		t->bucket[to].worth[at] = b->worth[slot];
		f->bucket = to;
		b->tag[slot] = 0;
		return slot;
	}
	return BUCKET_SLOTS;
}

/* An empty place in one of the key's two buckets, made if need be: 1, or 0 if there is none. */
static int find_place(
	struct table *t, uint32_t first, uint16_t tag, uint32_t *bucket, unsigned *slot)
{
	unsigned empty;

	*bucket = first;
	empty = table_match(&t->bucket[first], 0);
	if (!empty) {
		*bucket = other_bucket(t, first, tag);
		empty = table_match(&t->bucket[*bucket], 0);
	}
	if (empty) {
		*slot = (unsigned)__builtin_ctz(empty);
		return 1;
	}
	*bucket = first;
	*slot = displace(t, first);
	return *slot < BUCKET_SLOTS;
}

uint32_t table_insert(struct table *t, const union flow_key *k, uint64_t hash, enum worth worth)
{
	uint32_t first = (uint32_t)hash & t->bucket_mask, bucket, index;
	struct flow *f;
	unsigned slot;

	if (!has_free_flow(t) || !find_place(t, first, table_tag(hash), &bucket, &slot))
		return FLOW_NONE;
	note_overflow(t, first, bucket);
	index = take_flow(t);
	f = &t->flow[index];
	memset(f, 0, sizeof(*f));
	memcpy(f, k, FLOW_KEY_BYTES);
	f->state = k->version6;
	place(t, bucket, slot, table_tag(hash), index, worth);
	return index;
}

void table_remove(struct table *t, uint32_t index)
{
	struct flow *f = &t->flow[index];
	struct bucket *b = &t->bucket[f->bucket];
	unsigned slot = slot_of(b, index);

	forget_overflow(t, first_bucket(t, f), f->bucket);
	b->tag[slot] = 0;
	b->worth[slot] = WORTH_NOTHING;
	f->bucket = BUCKET_NONE;
	f->last_ns = UINT64_MAX;  /* no sweep finds it idle */
	f->seen[1] = SEEN1_FREED; /* and no guess finds it at all */
	t->free[t->free_count++] = index;
	t->active--;
}

void table_set_worth(struct table *t, uint32_t index, enum worth worth)
{
	struct bucket *b = &t->bucket[t->flow[index].bucket];

	b->worth[slot_of(b, index)] = (uint8_t)worth;
}
