#include "analysis/usage.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/answered.h"
#include "base/heap.h"
#include "policy/remap.h"
#include "policy/ruleset.h"

void usage_init(struct usage_table *s, const struct ecs *ecs)
{
	*s = (struct usage_table){.ecs = ecs};
	findings_init(&s->findings, USAGE_FINDINGS_MAX);
	findings_init(&s->evasions, USAGE_EVASIONS_MAX);
	exposures_init(&s->exposures, ecs->ruleset);
}

void usage_fini(struct usage_table *s)
{
	struct usage *u, *next;

	findings_clear(&s->findings);
	findings_clear(&s->evasions);
	exposures_fini(&s->exposures);
	HASH_ITER(hh, s->usage, u, next)
	{
		HASH_DEL(s->usage, u);
		free(u);
	}
}

/* Role, direction, transport, port, rule. */
static uint64_t place_of(const struct policy *p, uint16_t set)
{
	const struct rule *r;

	if (set == SET_NONE)
		return 0;
	r = policy_rule(p, set, 0);
	return (uint64_t)r->is_pair << 63 | (uint64_t)r->role << 60 | (uint64_t)r->direction << 56 |
	       (uint64_t)r->transport << 52 | (uint64_t)r->port << 32 | policy_member(p, set, 0);
}

static void count_usage(struct usage_table *s, const struct usage_key *k, uint64_t flows)
{
	struct usage *u;

	HASH_FIND(hh, s->usage, k, sizeof(*k), u);
	if (!u) {
		u = s->usages < USAGE_ROWS_MAX ? heap_calloc(1, sizeof(*u)) : NULL;
		if (!u) {
			s->usage_overflowed++;
			return;
		}
		u->key = *k;
		u->place = place_of(s->ecs->ruleset->policy, k->set);
		HASH_ADD(hh, s->usage, key, sizeof(u->key), u);
		s->usages++;
	}
	u->flows += flows;
}

static void carry_over_usage(
	struct usage_table *s, const struct remap *remap, const struct usage *u)
{
	struct usage_key k = u->key;

	k.set = remap_set(remap, k.appliance, k.set);
	k.appliance = remap_appliance(remap, k.appliance);
	if (k.appliance != APPLIANCE_NONE && (k.set != SET_NONE || u->key.set == SET_NONE))
		count_usage(s, &k, u->flows);
}

void usage_reload(struct usage_table *s, const struct remap *remap)
{
	struct usage *old = s->usage, *u, *next;

	s->findings_retired += findings_translate(&s->findings, remap);
	s->findings_retired += findings_translate(&s->evasions, remap);
	exposures_reload(&s->exposures, s->ecs->ruleset, remap);
	s->usage = NULL;
	s->usages = 0;
	HASH_ITER(hh, old, u, next)
	{
		HASH_DEL(old, u);
		carry_over_usage(s, remap, u);
		free(u);
	}
}

void usage_add_evasion(struct usage_table *s, const struct record *r)
{
	struct finding_key k = finding_key_of(r);

	findings_add(&s->evasions, &k, r);
}

void usage_add(struct usage_table *s, const struct record *r)
{
	exposures_take(&s->exposures, r);
	if (verdict_is_flagged((enum verdict)r->verdict)) {
		struct finding_key k = finding_key_of(r);
		findings_add(&s->findings, &k, r);
	}
	for (unsigned end = 0; end < 2; end++) {
		struct usage_key k = {.set = r->set[end], .appliance = r->appliance[end]};
		if (r->appliance[end] == APPLIANCE_NONE)
			continue;
		if (r->end_verdict[end] == VERDICT_NOT_COVERED)
			k.protocol = r->protocol;
		else if (r->end_verdict[end] > VERDICT_IMPLIED ||
			 !is_answered(s->ecs->ruleset, r, end))
			continue;
		count_usage(s, &k, 1);
	}
}
