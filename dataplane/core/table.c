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
	return buckets_for(capacity) * sizeof(struct bucket) +
	       ((size_t)capacity + 1) * sizeof(struct flow) + capacity * sizeof(uint32_t);
}

void table_init(struct table *t, void *memory, uint32_t capacity, uint64_t seed)
{
	uint32_t buckets = buckets_for(capacity);

	memset(t, 0, sizeof(*t));
	t->bucket = memory;
	t->flow = (struct flow *)(t->bucket + buckets);
	t->free = (uint32_t *)(t->flow + capacity + 1);
	t->fresh = 1; /* the first one is spare */
	table_let_go(t);
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
	return t->free_count > 0 || t->fresh <= t->capacity;
}

/* The first place whose flow is worth this, or BUCKET_SLOTS: eight bytes compared as one word,
 * of which no byte carries into the next. Empty places are worth nothing. */
static unsigned worth_slot(const struct bucket *b, enum worth worth)
{
	const uint64_t ones = 0x0101010101010101, lower = 0x7f * ones;
	uint64_t word, equal;

	memcpy(&word, b->worth, sizeof(word));
	equal = ~(((word & lower) ^ worth * ones) + lower) & ~lower;
	return equal ? (unsigned)__builtin_ctzll(equal) / 8 : BUCKET_SLOTS;
}

/* The least first. An attempt goes for any other, a closed one or a probe only for one that is
 * worth more: a flood does not drive out what it brought itself, it is counted and reported and
 * goes by until the sweep has made room. WORTH_FLAGGED and WORTH_BELONGS never go: they would
 * be evidence lost. */
struct place table_victim(const struct table *t, uint64_t hash, enum worth worth)
{
	const struct bucket *b = &t->bucket[hash & t->bucket_mask];

	for (enum worth w = WORTH_ATTEMPT; w == WORTH_ATTEMPT || (w < worth && w < WORTH_FLAGGED);
		w++) {
		unsigned slot = worth_slot(b, w);
		if (slot < BUCKET_SLOTS)
			return (struct place){b->index[slot], slot};
	}
	return (struct place){FLOW_NONE, 0};
}

int table_refuses(const struct table *t, uint64_t hash, enum worth worth)
{
	const struct bucket *b = &t->bucket[hash & t->bucket_mask];

	return !has_free_flow(t) && !b->overflowed && !table_match_twice(b, table_tag(hash)) &&
	       table_victim(t, hash, worth).flow == FLOW_NONE;
}

static void set_free(struct flow *f)
{
	f->bucket = BUCKET_NONE;
	f->last_ns = UINT64_MAX;  /* no sweep finds it idle */
	f->seen[1] = SEEN1_FREED; /* and no guess finds it at all */
}

struct flow *table_spare(struct table *t, const union flow_key *k)
{
	struct flow *f = &t->flow[t->spare];

	memcpy(f, k, sizeof(*k)); /* state is the key's version; nothing is seen yet */
	f->last_ns = f->tally[0] = f->tally[1] = 0;
	memset(&f->first_ns, 0, sizeof(*f) - offsetof(struct flow, first_ns));
	return f;
}

void table_let_go(struct table *t)
{
	set_free(&t->flow[t->spare]);
}

static uint32_t take_flow(struct table *t)
{
	if (t->free_count > 0)
		return t->free[--t->free_count];
	return t->fresh++;
}

static void place(struct table *t, uint32_t bucket, unsigned slot, uint16_t tag, uint32_t index,
	uint8_t worth)
{
	struct bucket *b = &t->bucket[bucket];

	b->tag[slot] = tag;
	b->index[slot] = index;
	b->worth[slot] = worth;
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

/* A first bucket knows how many of its flows had to go to their second one. Of the two each is
 * the other's other, so where a flow is tells where it was to be. */
static void forget_overflow(struct table *t, uint32_t bucket, uint16_t tag)
{
	uint32_t *overflowed = &t->bucket[other_bucket(t, bucket, tag)].overflowed;

	if (*overflowed < UINT32_MAX)
		--*overflowed;
}

static void note_overflow(struct table *t, uint32_t bucket, uint16_t tag)
{
	uint32_t *overflowed = &t->bucket[other_bucket(t, bucket, tag)].overflowed;

	if (*overflowed < UINT32_MAX)
		++*overflowed;
}

/* Moves one flow of a full bucket to the other bucket that it may be in; the place it leaves,
 * or BUCKET_SLOTS. Without this two in a thousand flows would find both of theirs full. */
static unsigned displace(struct table *t, uint32_t bucket)
{
	struct bucket *b = &t->bucket[bucket];

	for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++) {
		uint32_t to = other_bucket(t, bucket, b->tag[slot]);
		unsigned empty = table_match(&t->bucket[to], 0), at;
		if (!empty || to == bucket)
			continue;
		at = (unsigned)__builtin_ctz(empty);
		if (b->worth[slot] & WORTH_DISPLACED)
			forget_overflow(t, bucket, b->tag[slot]);
		else
			note_overflow(t, to, b->tag[slot]);
		t->bucket[to].tag[at] = b->tag[slot];
		t->bucket[to].index[at] = b->index[slot];
		t->bucket[to].worth[at] = b->worth[slot] ^ WORTH_DISPLACED;
		t->flow[b->index[slot]].bucket = to;
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

uint32_t table_insert(struct table *t, uint64_t hash, enum worth worth)
{
	uint32_t first = (uint32_t)hash & t->bucket_mask, bucket, index = t->spare;
	uint16_t tag = table_tag(hash);
	unsigned slot, displaced;

	if (!has_free_flow(t) || !find_place(t, first, tag, &bucket, &slot))
		return FLOW_NONE;
	displaced = bucket != first;
	if (displaced)
		note_overflow(t, bucket, tag);
	place(t, bucket, slot, tag, index, (uint8_t)(worth | (displaced ? WORTH_DISPLACED : 0)));
	t->spare = take_flow(t);
	set_free(&t->flow[t->spare]);
	return index;
}

uint32_t table_replace(struct table *t, struct place victim, uint64_t hash, enum worth worth)
{
	uint32_t index = t->spare, bucket = t->flow[victim.flow].bucket;
	struct bucket *b = &t->bucket[bucket];

	if (b->worth[victim.slot] & WORTH_DISPLACED)
		forget_overflow(t, bucket, b->tag[victim.slot]);
	b->tag[victim.slot] = table_tag(hash);
	b->index[victim.slot] = index;
	b->worth[victim.slot] = (uint8_t)worth;
	t->flow[index].bucket = bucket;
	t->spare = victim.flow;
	set_free(&t->flow[victim.flow]);
	return index;
}

void table_remove(struct table *t, uint32_t index)
{
	struct flow *f = &t->flow[index];
	struct bucket *b = &t->bucket[f->bucket];
	unsigned slot = slot_of(b, index);

	if (b->worth[slot] & WORTH_DISPLACED)
		forget_overflow(t, f->bucket, b->tag[slot]);
	b->tag[slot] = 0;
	b->worth[slot] = WORTH_NOTHING;
	set_free(f);
	t->free[t->free_count++] = index;
	t->active--;
}

void table_set_worth(struct table *t, uint32_t index, enum worth worth)
{
	struct bucket *b = &t->bucket[t->flow[index].bucket];

	uint8_t *old = &b->worth[slot_of(b, index)];

	*old = (uint8_t)(worth | (*old & WORTH_DISPLACED));
}
