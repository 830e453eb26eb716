#include "sink/evidence_index.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/heap.h"

#define FLOW_SETS (EVIDENCE_FLOWS / EVIDENCE_WAYS)
#define TOLD_SETS (EVIDENCE_FINDINGS / EVIDENCE_WAYS)

static_assert(sizeof(struct evidence_key) % 8 == 0, "whole words");
static_assert(sizeof(struct evidence_set) == 64, "a line");

int evidence_index_open(struct evidence_index *x)
{
	*x = (struct evidence_index){
		.flow = heap_calloc(EVIDENCE_FLOWS, sizeof(*x->flow)),
		.told = heap_calloc(EVIDENCE_FINDINGS, sizeof(*x->told)),
		.flow_set = heap_calloc(FLOW_SETS, sizeof(*x->flow_set)),
		.told_set = heap_calloc(TOLD_SETS, sizeof(*x->told_set)),
	};
	if (x->flow && x->told && x->flow_set && x->told_set)
		return 0;
	evidence_index_close(x);
	return -ENOMEM;
}

void evidence_index_close(struct evidence_index *x)
{
	for (uint32_t i = 0; x->flow && i < EVIDENCE_FLOWS; i++)
		free(x->flow[i].mask);
	for (uint32_t i = 0; x->told && i < EVIDENCE_FINDINGS; i++)
		free(x->told[i].message);
	free(x->flow);
	free(x->told);
	free(x->flow_set);
	free(x->told_set);
	*x = (struct evidence_index){.flow = NULL};
}

/* --- hashes. Not for secrets. --- */

static uint64_t mix(uint64_t h)
{
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93ull;
	return h ^ h >> 32;
}

uint64_t evidence_hash(const char *id)
{
	uint64_t word[EVIDENCE_ID_BYTES / 8] = {0}, h = 0xcbf29ce484222325;

	memcpy(word, id, strnlen(id, EVIDENCE_ID_BYTES - 1));
	for (unsigned i = 0; i < EVIDENCE_ID_BYTES / 8; i++)
		h = mix(h ^ word[i]);
	return h;
}

struct evidence_key evidence_key_of(const struct address address[2], const uint16_t port[2])
{
	int order = memcmp(&address[0], &address[1], sizeof(address[0]));
	unsigned low = order > 0 || (order == 0 && port[0] > port[1]);
	struct evidence_key k;

	memset(&k, 0, sizeof(k));
	for (unsigned i = 0; i < 2; i++) {
		k.address[i] = address[low ^ i];
		k.port[i] = port[low ^ i];
	}
	return k;
}

static uint64_t key_hash(const struct evidence_key *k)
{
	uint64_t word[sizeof(*k) / 8], h = 0x9e3779b97f4a7c15ull;

	memcpy(word, k, sizeof(*k));
	for (unsigned i = 0; i < sizeof(*k) / 8; i++)
		h = mix(h ^ word[i]);
	return h;
}

/* --- sets --- */

static uint32_t tag_of(uint64_t hash)
{
	return (uint32_t)(hash >> 32) | 1;
}

/* The place of a new entry, instead of the set's oldest. */
static uint32_t take_place(struct evidence_set *set, uint64_t hash, uint32_t sets)
{
	uint32_t number = (uint32_t)(hash % sets), way = set[number].next;

	set[number].next = (way + 1) % EVIDENCE_WAYS;
	set[number].tag[way] = tag_of(hash);
	return number * EVIDENCE_WAYS + way;
}

/* --- flows --- */

struct evidence_flow *evidence_index_flow(
	const struct evidence_index *x, const struct evidence_key *k, uint64_t start_ns)
{
	uint64_t hash = key_hash(k);
	const struct evidence_set *set = &x->flow_set[hash % FLOW_SETS];
	struct evidence_flow *found = NULL, *f;

	for (unsigned i = 0; i < EVIDENCE_WAYS; i++) {
		if (set->tag[i] != tag_of(hash))
			continue;
		f = &x->flow[hash % FLOW_SETS * EVIDENCE_WAYS + i];
		if (f->start_ns >= start_ns && (!found || f->start_ns < found->start_ns) &&
			memcmp(&f->key, k, sizeof(*k)) == 0)
			found = f;
	}
	return found;
}

/* Whether the old entry owns a mask its set says, which is at hand: the entry, which is not, is
 * only written. */
struct evidence_flow *evidence_index_add_flow(
	struct evidence_index *x, const struct evidence_key *k, uint64_t start_ns)
{
	uint32_t place = take_place(x->flow_set, key_hash(k), FLOW_SETS);
	struct evidence_set *set = &x->flow_set[place / EVIDENCE_WAYS];
	uint32_t way = 1u << (place % EVIDENCE_WAYS);
	struct evidence_flow *f = &x->flow[place];

	if (set->masks & way)
		free(f->mask);
	set->masks &= ~way;
	*f = (struct evidence_flow){.key = *k, .start_ns = start_ns};
	return f;
}

struct mask_state *evidence_index_mask(struct evidence_index *x, struct evidence_flow *f)
{
	uint32_t place = (uint32_t)(f - x->flow);

	if (!f->mask)
		f->mask = heap_calloc(1, sizeof(*f->mask));
	if (f->mask)
		x->flow_set[place / EVIDENCE_WAYS].masks |= 1u << (place % EVIDENCE_WAYS);
	return f->mask;
}

static void expect_entry(const struct evidence_index *x, uint32_t set)
{
	const struct evidence_flow *f = &x->flow[set * EVIDENCE_WAYS + x->flow_set[set].next];

	__builtin_prefetch(f, 1);
	__builtin_prefetch((const uint8_t *)(f + 1) - 1, 1);
}

void evidence_index_expect(struct evidence_index *x, const struct evidence_key *k)
{
	uint32_t set = (uint32_t)(key_hash(k) % FLOW_SETS);

	expect_entry(x, x->expected[x->turn]);
	x->expected[x->turn] = set;
	x->turn = (x->turn + 1) % EVIDENCE_EXPECTED;
	__builtin_prefetch(&x->flow_set[set], 1);
}

/* --- findings --- */

struct evidence_told *evidence_index_told(const struct evidence_index *x, uint64_t hash)
{
	const struct evidence_set *set = &x->told_set[hash % TOLD_SETS];
	struct evidence_told *t = &x->told[hash % TOLD_SETS * EVIDENCE_WAYS];

	for (unsigned i = 0; i < EVIDENCE_WAYS; i++)
		if (set->tag[i] == tag_of(hash) && t[i].hash == hash)
			return &t[i];
	return NULL;
}

struct evidence_told *evidence_index_oldest(const struct evidence_index *x, uint64_t hash)
{
	const struct evidence_set *set = &x->told_set[hash % TOLD_SETS];

	return set->tag[set->next] ? &x->told[hash % TOLD_SETS * EVIDENCE_WAYS + set->next] : NULL;
}

struct evidence_told *evidence_index_add_told(
	struct evidence_index *x, const char *id, uint64_t hash)
{
	struct evidence_told *t = &x->told[take_place(x->told_set, hash, TOLD_SETS)];

	free(t->message);
	*t = (struct evidence_told){.hash = hash, .verdict = ""};
	memcpy(t->id, id, strnlen(id, sizeof(t->id) - 1));
	return t;
}

/* --- both --- */

void evidence_flow_join(struct evidence_index *x, struct evidence_flow *f,
	const struct evidence_told *t, bool is_evasion)
{
	uint32_t place = (uint32_t)(t - x->told);
	unsigned i = 0;

	while (i < f->findings && f->hash[i] != t->hash)
		i++;
	if (i < f->findings || (is_evasion && i == EVIDENCE_FLOW_FINDINGS))
		return;
	if (!is_evasion && f->findings > 0 && !f->is_verdict) { /* before those of evasion */
		memmove(&f->finding[1], &f->finding[0], sizeof(f->finding) - sizeof(*f->finding));
		memmove(&f->hash[1], &f->hash[0], sizeof(f->hash) - sizeof(*f->hash));
		if (f->findings < EVIDENCE_FLOW_FINDINGS)
			f->findings++;
	} else if (is_evasion || f->findings == 0) {
		f->findings++;
	}
	i = is_evasion ? i : 0;
	f->finding[i] = place;
	f->hash[i] = t->hash;
	f->is_verdict |= !is_evasion;
}

struct evidence_told *evidence_flow_told(
	const struct evidence_index *x, const struct evidence_flow *f, unsigned i)
{
	struct evidence_told *t = &x->told[f->finding[i]];

	return t->id[0] && t->hash == f->hash[i] ? t : NULL;
}
