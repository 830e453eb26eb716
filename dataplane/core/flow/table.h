/* The flow table: bounded, in given memory, half a cache line a bucket.
 *
 * A bucket holds eight entries: a flow number, and in the bits above it a tag. That much every
 * packet touches, so it is kept small, for the cache's sake. Eviction classes are in an array of
 * their own.
 * Every key has two buckets; the second is looked at only where the first has overflowed, and
 * a flow moves from one to the other where that makes room.
 * When all flows are in use, a new one may take the place of a flow in its own bucket that
 * has a lower class: unflagged attempts first, never an answered flow for an unanswered one. If
 * there is none the new flow is not kept (and its packets are counted as untracked). SYNs of a
 * flood are of the class of those that filled the table, so they evict nothing and cost little.
 *
 * Owned by one worker. Never allocates, never fails, never looks at a clock.
 */
#ifndef PORTOLAN_TABLE_H
#define PORTOLAN_TABLE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "core/flow/evidence.h"
#include "core/flow/flow.h"
#include "core/hash.h"

#define BUCKET_SLOTS 8
#define BUCKET_NONE UINT32_MAX
#define FLOW_NONE UINT32_MAX

/* In a full bucket the flow of the smallest class is evicted first. */
enum eviction_class {
	EVICT_NOTHING, /* an empty place */
	EVICT_ATTEMPT, /* unflagged and unanswered */
	EVICT_CLOSED,  /* over, waiting for late packets */
	EVICT_PROBE,   /* flagged and unanswered: already reported */
	EVICT_FLAGGED, /* flagged and answered */
	EVICT_BELONGS, /* unflagged and answered */
};

#define EVICT_DISPLACED 8u /* the flow is in its second bucket */
#define EVICT_BITS 4

struct bucket {
	uint32_t entry[BUCKET_SLOTS]; /* 0: empty */
};

static_assert(2 * sizeof(struct bucket) == CACHE_LINE, "a bucket is half a cache line");

struct bucket_classes {
	uint32_t eviction_class; /* EVICT_BITS a slot: enum eviction_class, perhaps with
				    EVICT_DISPLACED */
	uint32_t overflowed; /* flows that had to go to their second bucket; sticks at the top */
};

struct table {
	struct bucket *bucket;
	struct bucket_classes *classes; /* one a bucket */
	struct flow *flow;	   /* the first one is never used: an empty entry has its number */
	struct evidence *evidence; /* by the flow's number */
	uint32_t *free;		   /* a stack of flow numbers that were used and given back */
	uint32_t bucket_mask;
	uint32_t index_mask; /* of an entry, the bits that are the flow's number */
	uint32_t tag_mask;   /* and those that are its tag */
	uint32_t tag_one;    /* the lowest of them, which every tag has: no entry in use is 0 */
	uint32_t capacity;
	uint32_t fresh; /* flows from this number on were never used */
	uint32_t spare; /* the flow that the next newcomer is written to: table_spare() */
	uint32_t free_count;
	uint32_t active;
	uint32_t sweep_at; /* the tracker's: the flow it looks at next */
	_Alignas(16)
		uint32_t tag_masks[4]; /* tag_mask four times, to compare four entries at once */
	uint64_t seed[2];
};

/* Bytes of memory for `capacity` flows; the memory is zeroed and aligned to 64. */
size_t table_size(uint32_t capacity);
void table_init(struct table *, void *memory, uint32_t capacity, uint64_t seed);

/* Of the two ends of an IPv4 key; `marks` is zero, see union flow_key. */
static inline uint64_t table_hash_ends(
	const struct table *t, uint64_t lower, uint64_t upper, uint64_t marks)
{
	return hash_mix_seeded(lower ^ t->seed[0], upper ^ marks ^ t->seed[1]);
}

static inline uint64_t table_hash(const struct table *t, const union flow_key *k)
{
	const uint64_t *w = k->word;

	if (k->version6)
		return hash_mix(hash_mix(w[0] ^ t->seed[0], w[2] ^ t->seed[1]) ^ w[1],
			hash_mix(w[4] ^ t->seed[0], w[3] ^ t->seed[1]));
	return table_hash_ends(t, w[1], w[3], w[0] << 16 ^ w[2]);
}

/* The same of what is inside of a tunnel. The key of IPv6 has no room for the tunnel: such flows
 * are told apart by bucket and tag. */
static inline uint64_t table_hash_of(
	const struct table *t, const union flow_key *k, uint32_t foreign_tunnel)
{
	uint64_t hash = table_hash(t, k);

	return foreign_tunnel ? hash_mix(hash, foreign_tunnel ^ t->seed[0]) : hash;
}

static inline void table_prefetch(const struct table *t, uint64_t hash)
{
	__builtin_prefetch(&t->bucket[hash & t->bucket_mask]);
}

static inline void table_prefetch_standing(const struct table *t, uint64_t hash)
{
	__builtin_prefetch(&t->classes[hash & t->bucket_mask], 1);
}

/* Of a flow that is about to be removed. */
static inline void table_prefetch_place(const struct table *t, uint32_t flow)
{
	uint32_t bucket = t->flow[flow].bucket;

	__builtin_prefetch(&t->bucket[bucket], 1);
	__builtin_prefetch(&t->classes[bucket], 1);
}

/* From the top of the hash, of which buckets use the bottom; never 0. As it stands in an entry:
 * a table of a million flows leaves it 11 bits, the largest there can be (2^26) 5. */
static inline uint32_t table_tag(const struct table *t, uint64_t hash)
{
	return ((uint32_t)(hash >> 32) & t->tag_mask) | t->tag_one;
}

#ifdef __SSE2__
/* Two bits for every place whose tag is `tag`, which is 0 where it is empty. */
static inline unsigned table_match_twice(
	const struct table *t, const struct bucket *b, uint32_t tag)
{
	const __m128i *half = (const __m128i *)(const void *)b->entry;
	__m128i mask = _mm_load_si128((const __m128i *)(const void *)t->tag_masks);
	__m128i wanted = _mm_set1_epi32((int)tag);
	__m128i lower = _mm_cmpeq_epi32(_mm_and_si128(_mm_load_si128(half), mask), wanted);
	__m128i upper = _mm_cmpeq_epi32(_mm_and_si128(_mm_load_si128(half + 1), mask), wanted);

	return (unsigned)_mm_movemask_epi8(_mm_packs_epi32(lower, upper));
}
#else
static inline unsigned table_match_twice(
	const struct table *t, const struct bucket *b, uint32_t tag)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < BUCKET_SLOTS; i++)
		bits |= (unsigned)((b->entry[i] & t->tag_mask) == tag) * 3 << 2 * i;
	return bits;
}
#endif

/* The flow that the first bucket's tags point to, to be asked for and compared. Where no tag
 * fits, the spare flow, which is in the cache; the bucket's eviction classes are prefetched, since
 * a new flow needs them next. */
static inline uint32_t table_guess(const struct table *t, uint64_t hash)
{
	const struct bucket *b = &t->bucket[hash & t->bucket_mask];
	unsigned bits = table_match_twice(t, b, table_tag(t, hash));

	if (!bits) {
		table_prefetch_standing(t, hash);
		return t->spare;
	}
	return b->entry[(unsigned)__builtin_ctz(bits) / 2] & t->index_mask;
}

/* Whether the flow is in the first bucket of this hash, under its tag. Of IPv6 a key that fits says
 * less: a guess may be the spare flow, to which a packet before this one was written, with the same
 * ends but outside of the tunnel. */
static inline int table_has_at(const struct table *t, uint64_t hash, uint32_t flow)
{
	const struct bucket *b = &t->bucket[hash & t->bucket_mask];
	uint32_t wanted = flow | table_tag(t, hash), found = 0;

	for (unsigned i = 0; i < BUCKET_SLOTS; i++)
		found |= b->entry[i] == wanted;
	return (int)found;
}

/* The flow with this key, or FLOW_NONE. `guess` is tried first. */
uint32_t table_find(const struct table *, const union flow_key *, uint64_t hash, uint32_t guess);

/* An unused flow for this key: its memory is zero but for the key. Written first, then inserted by
 * its eviction class, or let go again. */
struct flow *table_spare(struct table *, const union flow_key *);

static inline struct evidence *table_evidence(const struct table *t, const struct flow *f)
{
	return &t->evidence[f - t->flow];
}
void table_let_go(struct table *);

/* Which flow a new one of this class may replace if the table or both of its buckets are full. */
struct place {
	uint32_t flow; /* FLOW_NONE: none; else the one to evict */
	unsigned slot;
};

struct place table_victim(const struct table *, uint64_t hash, enum eviction_class);

/* In a full table, prefetches the flow that a new one would evict. */
void table_prefetch_victim(const struct table *, uint64_t hash);

/* Whether a flow of this class is certain to find no room: the table is full, no entry has its tag,
 * and its bucket holds nothing of a lower class. */
int table_refuses(const struct table *, uint64_t hash, enum eviction_class);

/* Keeps the spare flow: its number, or FLOW_NONE if the table or both buckets are full. Its key
 * must not be there yet. */
uint32_t table_insert(struct table *, uint64_t hash, enum eviction_class);

/* Keeps the spare flow in the victim's place; the victim's memory is the next spare. Its number. */
uint32_t table_replace(struct table *, struct place, uint64_t hash, enum eviction_class);

/* Keeps the spare flow in the place of one with the same key, whose memory is the next spare. */
void table_succeed(struct table *, uint32_t flow, enum eviction_class);

void table_remove(struct table *, uint32_t flow);
void table_set_class(struct table *, uint32_t flow, enum eviction_class);

#endif
