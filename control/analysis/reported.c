#include "analysis/reported.h"

#include <stdlib.h>
#include <string.h>

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
	return k;
}

static struct reported_flow *at_slot(
	const struct reported *all, const struct record *r, unsigned slot)
{
	struct reported_key k = key_of(r);
	struct reported_flow *flow;

	k.slot = (uint8_t)slot;
	HASH_FIND(hh, all->flow, &k, sizeof(k), flow);
	return flow;
}

/* The flow that began when the record's did, or, where that moved, the next one after it: a record
 * of a flow that began later is of another one. */
struct reported_flow *reported_find(struct reported *all, const struct record *r)
{
	struct reported_flow *found = NULL;

	for (unsigned slot = 0; slot < REPORTED_SLOTS; slot++) {
		struct reported_flow *flow = at_slot(all, r, slot);
		if (flow && flow->start_ns >= r->start_ns &&
			(!found || flow->start_ns < found->start_ns))
			found = flow;
	}
	if (found) {
		found->start_ns = r->start_ns;
		found->seen_ns = r->end_ns > found->seen_ns ? r->end_ns : found->seen_ns;
	}
	return found;
}

/* A free slot, or that of the older flow, whose end was never told. */
static unsigned free_slot(struct reported *all, const struct record *r)
{
	struct reported_flow *oldest = NULL;
	unsigned slot;

	for (slot = 0; slot < REPORTED_SLOTS; slot++) {
		struct reported_flow *flow = at_slot(all, r, slot);
		if (!flow)
			return slot;
		if (!oldest || flow->start_ns < oldest->start_ns)
			oldest = flow;
	}
	slot = oldest->key.slot;
	reported_drop(all, oldest);
	return slot;
}

struct reported_flow *reported_add(
	struct reported *all, const struct record *r, const struct finding_key *finding)
{
	unsigned slot = free_slot(all, r);
	struct reported_flow *flow =
		HASH_COUNT(all->flow) < REPORTED_MAX ? calloc(1, sizeof(*flow)) : NULL;

	if (!flow) {
		all->overflowed++;
		return NULL;
	}
	flow->key = key_of(r);
	flow->key.slot = (uint8_t)slot;
	flow->start_ns = r->start_ns;
	flow->seen_ns = r->end_ns;
	flow->finding = *finding;
	HASH_ADD(hh, all->flow, key, sizeof(flow->key), flow);
	return flow;
}

void reported_drop(struct reported *all, struct reported_flow *flow)
{
	HASH_DEL(all->flow, flow);
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
		dropped(context, &flow->finding);
		reported_drop(all, flow);
	}
}

void reported_translate(struct reported *all, const struct remap *remap)
{
	struct reported_flow *flow, *next;

	HASH_ITER(hh, all->flow, flow, next)
	{
		flow->finding.appliance = remap_appliance(remap, flow->finding.appliance);
		if (flow->finding.appliance == APPLIANCE_NONE)
			reported_drop(all, flow);
	}
}

void reported_clear(struct reported *all)
{
	struct reported_flow *flow, *next;

	HASH_ITER(hh, all->flow, flow, next)
	{
		reported_drop(all, flow);
	}
}
