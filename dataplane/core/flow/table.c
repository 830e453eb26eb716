#include "core/flow/table.h"

#include <string.h>

static uint32_t buckets_for(uint32_t capacity)
{
	uint32_t n = 1;

	/* Half full on average: with eight places a bucket one in twenty overflows. */
	while ((uint64_t)n * BUCKET_SLOTS < 2 * (uint64_t)capacity)
		n *= 2;
	return n;
}

/* Two more than the capacity: flow 0, which is never used, and the spare one. */
static size_t flows_for(uint32_t capacity)
{
	return (size_t)capacity + 2;
}

size_t table_size(uint32_t capacity)
{
	return buckets_for(capacity) * (sizeof(struct bucket) + sizeof(struct bucket_classes)) +
	       flows_for(capacity) * (sizeof(struct flow) + sizeof(struct evidence)) +
	       capacity * sizeof(uint32_t);
}

static void set_free(struct flow *f)
{
	f->bucket = BUCKET_NONE;
	f->last_ns = UINT64_MAX;  /* no sweep finds it idle */
	f->seen[1] = SEEN1_FREED; /* and no guess finds it at all */
}

void table_let_go(struct table *t)
{
	set_free(&t->flow[t->spare]);
}

/* The memory that the next new flow is written to. */
static void set_spare(struct table *t, uint32_t flow)
{
	t->spare = flow;
	table_let_go(t);
	__builtin_prefetch(&t->evidence[flow], 1);
}

void table_init(struct table *t, void *memory, uint32_t capacity, uint64_t seed)
{
	uint32_t buckets = buckets_for(capacity);

	memset(t, 0, sizeof(*t));
	t->flow = memory;
	t->bucket = (struct bucket *)(t->flow + flows_for(capacity));
	t->classes = (struct bucket_classes *)(t->bucket + buckets);
	t->evidence = (struct evidence *)(t->classes + buckets);
	t->free = (uint32_t *)(t->evidence + flows_for(capacity));
	set_free(&t->flow[0]);
	set_spare(t, 1);
	t->fresh = 2;
	t->bucket_mask = buckets - 1;
	t->tag_one = 1u << (32 - __builtin_clz(capacity + 1));
	t->tag_mask = -t->tag_one;
	t->index_mask = ~t->tag_mask;
	for (unsigned i = 0; i < 4; i++)
		t->tag_masks[i] = t->tag_mask;
	t->capacity = capacity;
	t->seed[0] = hash_mix(seed, 1);
	t->seed[1] = hash_mix(seed, 2);
}

static uint32_t tag_of(const struct table *t, uint32_t entry)
{
	return entry & t->tag_mask;
}

static uint32_t index_of(const struct table *t, uint32_t entry)
{
	return entry & t->index_mask;
}

/* Any bits of the tag change any bits of the bucket; and one always does. */
static uint32_t other_bucket(const struct table *t, uint32_t bucket, uint32_t tag)
{
	return (bucket ^ ((uint32_t)(tag * MIX_SEED >> 32) | 1)) & t->bucket_mask;
}

static unsigned first_of(unsigned match_twice)
{
	return (unsigned)__builtin_ctz(match_twice) / 2;
}

/* --- eviction classes ------------------------------------------------------------ */

static unsigned class_at(const struct table *t, uint32_t bucket, unsigned slot)
{
	return t->classes[bucket].eviction_class >> EVICT_BITS * slot & ((1u << EVICT_BITS) - 1);
}

static void set_class_at(struct table *t, uint32_t bucket, unsigned slot, unsigned eviction_class)
{
	uint32_t *all = &t->classes[bucket].eviction_class;

	*all ^= (eviction_class ^ class_at(t, bucket, slot)) << EVICT_BITS * slot;
}

/* The first slot of this class, or BUCKET_SLOTS: all are compared as one word, in which no slot
 * carries into the next. Empty slots have class 0. */
static unsigned class_slot(const struct bucket_classes *s, enum eviction_class eviction_class)
{
	const uint32_t ones = 0x11111111, lower = 7 * ones;
	uint32_t equal = ~(((s->eviction_class & lower) ^ eviction_class * ones) + lower) & ~lower;

	return equal ? (unsigned)__builtin_ctz(equal) / EVICT_BITS : BUCKET_SLOTS;
}

/* --- finding -------------------------------------------------------------------------- */

static uint32_t find_in(
	const struct table *t, uint32_t bucket, uint32_t tag, const union flow_key *k)
{
	const struct bucket *b = &t->bucket[bucket];

	for (unsigned bits = table_match_twice(t, b, tag) & 0x5555; bits; bits &= bits - 1) {
		uint32_t index = index_of(t, b->entry[first_of(bits)]);
		if (flow_has_key(&t->flow[index], k))
			return index;
	}
	return FLOW_NONE;
}

uint32_t table_find(const struct table *t, const union flow_key *k, uint64_t hash, uint32_t guess)
{
	uint32_t first = (uint32_t)hash & t->bucket_mask, found;
	uint32_t tag = table_tag(t, hash);

	if (guess < t->fresh && flow_has_key(&t->flow[guess], k) &&
		(!k->version6 || table_has_at(t, hash, guess)))
		return guess;
	found = find_in(t, first, tag, k);
	if (found == FLOW_NONE && t->classes[first].overflowed)
		found = find_in(t, other_bucket(t, first, tag), tag, k);
	return found;
}

static int has_free_flow(const struct table *t)
{
	return t->free_count > 0 || t->fresh < flows_for(t->capacity);
}

/* The least first. An attempt goes for any other, a closed one or a probe only for one that is
 * worth more: a flood does not drive out what it brought itself, it is counted and reported and
 * goes by until the sweep has made room. EVICT_FLAGGED and EVICT_BELONGS never go: they would
 * be evidence lost. */
struct place table_victim(const struct table *t, uint64_t hash, enum eviction_class eviction_class)
{
	uint32_t bucket = (uint32_t)hash & t->bucket_mask;

	for (enum eviction_class w = EVICT_ATTEMPT;
		w == EVICT_ATTEMPT || (w < eviction_class && w < EVICT_FLAGGED); w++) {
		unsigned slot = class_slot(&t->classes[bucket], w);
		if (slot < BUCKET_SLOTS)
			return (struct place){index_of(t, t->bucket[bucket].entry[slot]), slot};
	}
	return (struct place){FLOW_NONE, 0};
}

void table_prefetch_victim(const struct table *t, uint64_t hash)
{
	uint32_t flow = has_free_flow(t) ? FLOW_NONE : table_victim(t, hash, EVICT_BELONGS).flow;

	if (flow == FLOW_NONE)
		return;
	__builtin_prefetch(&t->flow[flow], 1);
	__builtin_prefetch(&t->flow[flow].first_ns, 1);
}

int table_refuses(const struct table *t, uint64_t hash, enum eviction_class eviction_class)
{
	uint32_t bucket = (uint32_t)hash & t->bucket_mask;

	return !has_free_flow(t) && !t->classes[bucket].overflowed &&
	       !table_match_twice(t, &t->bucket[bucket], table_tag(t, hash)) &&
	       table_victim(t, hash, eviction_class).flow == FLOW_NONE;
}

/* --- coming and going ----------------------------------------------------------------- */

struct flow *table_spare(struct table *t, const union flow_key *k)
{
	struct flow *f = &t->flow[t->spare];

	memcpy(f, k, sizeof(*k)); /* state is the key's version; nothing is seen yet */
	f->last_ns = f->tally[0] = f->tally[1] = 0;
	memset(&f->first_ns, 0, sizeof(*f) - offsetof(struct flow, first_ns));
	memset(&t->evidence[t->spare], 0, sizeof(t->evidence[0]));
	return f;
}

static uint32_t take_flow(struct table *t)
{
	if (t->free_count > 0)
		return t->free[--t->free_count];
	return t->fresh++;
}

/* Tells the flow that its entry is in this bucket now. */
static void place(
	struct table *t, uint32_t bucket, unsigned slot, uint32_t entry, unsigned eviction_class)
{
	t->bucket[bucket].entry[slot] = entry;
	set_class_at(t, bucket, slot, eviction_class);
	t->flow[index_of(t, entry)].bucket = bucket;
}

static unsigned slot_of(const struct table *t, uint32_t index)
{
	const struct bucket *b = &t->bucket[t->flow[index].bucket];
	unsigned slot = 0;

	while (index_of(t, b->entry[slot]) != index)
		slot++;
	return slot;
}

/* A first bucket knows how many of its flows had to go to their second one. Of the two each is
 * the other's other, so where a flow is tells where it was to be. */
static void clear_overflow(struct table *t, uint32_t bucket, uint32_t tag)
{
	uint32_t *overflowed = &t->classes[other_bucket(t, bucket, tag)].overflowed;

	if (*overflowed < UINT32_MAX)
		--*overflowed;
}

static void set_overflow(struct table *t, uint32_t bucket, uint32_t tag)
{
	uint32_t *overflowed = &t->classes[other_bucket(t, bucket, tag)].overflowed;

	if (*overflowed < UINT32_MAX)
		++*overflowed;
}

/* Moves one flow of a full bucket to the other bucket that it may be in; the place it leaves,
 * or BUCKET_SLOTS. Without this two in a thousand flows would find both of theirs full. */
static unsigned displace(struct table *t, uint32_t bucket)
{
	struct bucket *b = &t->bucket[bucket];

	for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++) {
		uint32_t entry = b->entry[slot], to = other_bucket(t, bucket, tag_of(t, entry));
		unsigned empty = table_match_twice(t, &t->bucket[to], 0);
		unsigned eviction_class = class_at(t, bucket, slot);
		if (!empty || to == bucket)
			continue;
		if (eviction_class & EVICT_DISPLACED)
			clear_overflow(t, bucket, tag_of(t, entry));
		else
			set_overflow(t, to, tag_of(t, entry));
		place(t, to, first_of(empty), entry, eviction_class ^ EVICT_DISPLACED);
		b->entry[slot] = 0;
		return slot;
	}
	return BUCKET_SLOTS;
}

/* An empty place in one of the key's two buckets, made if need be: 1, or 0 if there is none. */
static int find_place(
	struct table *t, uint32_t first, uint32_t tag, uint32_t *bucket, unsigned *slot)
{
	unsigned empty;

	*bucket = first;
	empty = table_match_twice(t, &t->bucket[first], 0);
	if (!empty) {
		*bucket = other_bucket(t, first, tag);
		empty = table_match_twice(t, &t->bucket[*bucket], 0);
	}
	if (empty) {
		*slot = first_of(empty);
		return 1;
	}
	*bucket = first;
	*slot = displace(t, first);
	return *slot < BUCKET_SLOTS;
}

uint32_t table_insert(struct table *t, uint64_t hash, enum eviction_class eviction_class)
{
	uint32_t first = (uint32_t)hash & t->bucket_mask, bucket, index = t->spare;
	uint32_t tag = table_tag(t, hash);
	unsigned slot, displaced;

	if (!has_free_flow(t) || !find_place(t, first, tag, &bucket, &slot))
		return FLOW_NONE;
	displaced = bucket != first;
	if (displaced)
		set_overflow(t, bucket, tag);
	place(t, bucket, slot, tag | index, eviction_class | (displaced ? EVICT_DISPLACED : 0));
	t->active++;
	set_spare(t, take_flow(t));
	return index;
}

/* The place is to be free. */
static void leave(struct table *t, uint32_t bucket, unsigned slot)
{
	if (class_at(t, bucket, slot) & EVICT_DISPLACED)
		clear_overflow(t, bucket, tag_of(t, t->bucket[bucket].entry[slot]));
	t->bucket[bucket].entry[slot] = 0;
	set_class_at(t, bucket, slot, EVICT_NOTHING);
}

uint32_t table_replace(
	struct table *t, struct place victim, uint64_t hash, enum eviction_class eviction_class)
{
	uint32_t index = t->spare, bucket = t->flow[victim.flow].bucket;

	leave(t, bucket, victim.slot);
	place(t, bucket, victim.slot, table_tag(t, hash) | index, eviction_class);
	set_spare(t, victim.flow);
	return index;
}

void table_succeed(struct table *t, uint32_t flow, enum eviction_class eviction_class)
{
	uint32_t bucket = t->flow[flow].bucket;
	unsigned slot = slot_of(t, flow);
	uint32_t tag = tag_of(t, t->bucket[bucket].entry[slot]);
	unsigned displaced = class_at(t, bucket, slot) & EVICT_DISPLACED;

	place(t, bucket, slot, tag | t->spare, eviction_class | displaced);
	set_spare(t, flow);
}

void table_remove(struct table *t, uint32_t index)
{
	struct flow *f = &t->flow[index];

	leave(t, f->bucket, slot_of(t, index));
	set_free(f);
	t->free[t->free_count++] = index;
	t->active--;
}

void table_set_class(struct table *t, uint32_t index, enum eviction_class eviction_class)
{
	uint32_t bucket = t->flow[index].bucket;
	unsigned slot = slot_of(t, index);

	set_class_at(
		t, bucket, slot, eviction_class | (class_at(t, bucket, slot) & EVICT_DISPLACED));
}
