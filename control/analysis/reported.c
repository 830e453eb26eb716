#include "analysis/reported.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/heap.h"
#include "inventory.h"
#include "policy/remap.h"

static struct reported_key key_of(const struct record *r)
{
	int order = memcmp(&r->address[0], &r->address[1], sizeof(r->address[0]));
	unsigned low = order > 0 || (order == 0 && r->port[0] > r->port[1]);
	struct reported_key k;

	memset(&k, 0, sizeof(k));
	for (unsigned i = 0; i < 2; i++) {
		k.address[i] = r->address[low ^ i];
		k.port[i] = r->port[low ^ i];
	}
	k.version = r->version;
	k.protocol = r->protocol;
	k.tunnel = r->tunnel;
	return k;
}

/* Once a record: uthash's own function takes ten times as long. Not for secrets. */
static unsigned hash_of(const struct reported_key *k)
{
	uint64_t word[sizeof(*k) / 8], h = 0x9e3779b97f4a7c15ull;

	static_assert(sizeof(*k) % 8 == 0, "whole words");
	memcpy(word, k, sizeof(*k));
	for (unsigned i = 0; i < sizeof(*k) / 8; i++) {
		h = (h ^ word[i]) * 0xd6e8feb86659fd93ull;
		h ^= h >> 32;
	}
	return (unsigned)(h ^ h >> 29);
}

static uint8_t *alike(const struct reported *all, unsigned hash)
{
	return &all->alike[hash % REPORTED_ALIKE];
}

/* A count that is full stays so. */
static void put(struct reported *all, struct reported_flow *flow, unsigned hash)
{
	HASH_ADD_BYHASHVALUE(hh, all->flow, key, sizeof(flow->key), hash, flow);
	if (*alike(all, hash) < UINT8_MAX)
		++*alike(all, hash);
}

static void take_out(struct reported *all, struct reported_flow *flow)
{
	uint8_t *count = alike(all, flow->hh.hashv);

	HASH_DEL(all->flow, flow);
	if (*count < UINT8_MAX)
		--*count;
}

static struct reported_flow *find_latest(
	const struct reported *all, const struct reported_key *k, unsigned hash)
{
	struct reported_flow *flow;

	if (!all->alike || *alike(all, hash) == 0)
		return NULL;
	HASH_FIND_BYHASHVALUE(hh, all->flow, k, sizeof(*k), hash, flow);
	return flow;
}

/* The flow that began when the record's did, or, where that moved, the next one after it: a record
 * of a flow that began later is of another one. */
struct reported_flow *reported_find(struct reported *all, const struct record *r)
{
	struct reported_flow *flow, *found = NULL;
	struct reported_key k;

	if (!all->flow)
		return NULL;
	k = key_of(r);
	for (flow = find_latest(all, &k, hash_of(&k)); flow; flow = flow->before)
		if (flow->start_ns >= r->start_ns && (!found || flow->start_ns < found->start_ns))
			found = flow;
	if (found) {
		found->start_ns = r->start_ns;
		found->seen_ns = r->end_ns > found->seen_ns ? r->end_ns : found->seen_ns;
	}
	return found;
}

/* Of two flows with the same key the older one's end was never told. */
static void forget_before(struct reported_flow *flow)
{
	free(flow->before);
	flow->before = NULL;
}

struct reported_flow *reported_add(
	struct reported *all, const struct record *r, const struct finding_key *finding)
{
	struct reported_key k = key_of(r);
	unsigned hash = hash_of(&k);
	struct reported_flow *before = find_latest(all, &k, hash);
	struct reported_flow *flow =
		HASH_COUNT(all->flow) < REPORTED_MAX ? heap_calloc(1, sizeof(*flow)) : NULL;

	if (!all->alike)
		all->alike = heap_calloc(REPORTED_ALIKE, 1);
	if (!flow || !all->alike) {
		free(flow);
		all->overflowed++;
		return NULL;
	}
	*flow = (struct reported_flow){.key = k,
		.start_ns = r->start_ns,
		.seen_ns = r->end_ns,
		.finding = *finding,
		.before = before};
	if (before) {
		forget_before(before);
		take_out(all, before);
	}
	put(all, flow, hash);
	return flow;
}

void reported_drop(struct reported *all, struct reported_flow *flow)
{
	struct reported_flow *latest = find_latest(all, &flow->key, hash_of(&flow->key));

	if (latest && latest->before == flow) {
		forget_before(latest);
		return;
	}
	take_out(all, flow);
	if (flow->before)
		put(all, flow->before, flow->hh.hashv);
	free(flow);
}

void reported_expire(
	struct reported *all, uint64_t before_ns, reported_dropper *dropped, void *context)
{
	struct reported_flow *flow, *next;

	HASH_ITER(hh, all->flow, flow, next)
	{
		if (flow->seen_ns >= before_ns)
			continue;
		if (flow->before)
			dropped(context, &flow->before->finding);
		forget_before(flow);
		dropped(context, &flow->finding);
		reported_drop(all, flow);
	}
}

/* 1 if the flow's appliance is there too. */
static int translate(struct reported_flow *flow, const struct remap *remap)
{
	flow->finding.appliance = remap_appliance(remap, flow->finding.appliance);
	return flow->finding.appliance != APPLIANCE_NONE;
}

void reported_translate(struct reported *all, const struct remap *remap)
{
	struct reported_flow *flow, *next;

	HASH_ITER(hh, all->flow, flow, next)
	{
		if (flow->before && !translate(flow->before, remap))
			forget_before(flow);
		if (!translate(flow, remap))
			reported_drop(all, flow);
	}
}

void reported_clear(struct reported *all)
{
	struct reported_flow *flow, *next;

	HASH_ITER(hh, all->flow, flow, next)
	{
		forget_before(flow);
		reported_drop(all, flow);
	}
	free(all->alike);
	all->alike = NULL;
}

void reported_expect(const struct reported *all, const struct record *r)
{
	struct reported_key k;

	if (!all->alike)
		return;
	k = key_of(r);
	__builtin_prefetch(alike(all, hash_of(&k)));
}
