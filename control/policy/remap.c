#include "policy/remap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/ruleset.h"
#include "record.h"

static uint16_t find_appliance(const struct ruleset *c, const struct appliance_text *a, size_t near)
{
	/* Lists change little: nearly always it stands where it stood. */
	if (near < c->appliances && strcmp(c->appliance[near].name, a->name) == 0)
		return c->appliance[near].role == a->role ? (uint16_t)near : APPLIANCE_NONE;
	for (size_t i = 0; i < c->appliances; i++)
		if (strcmp(c->appliance[i].name, a->name) == 0)
			return c->appliance[i].role == a->role ? (uint16_t)i : APPLIANCE_NONE;
	return APPLIANCE_NONE;
}

static uint16_t find_set(const struct policy *p, const struct rule *r)
{
	return policy_set(p, (enum role)r->role, (enum direction)r->direction,
		(enum transport)r->transport, r->port);
}

static bool is_dhcp_set(const struct policy *p, uint16_t set)
{
	return set != SET_NONE && (set == p->dhcp_set[0] || set == p->dhcp_set[1]);
}

static uint16_t new_set_of(const struct policy *from, const struct policy *to, uint16_t set)
{
	const struct rule *first = &from->rule[from->set[set].first];

	return is_dhcp_set(from, set) ? to->dhcp_set[first->role] : find_set(to, first);
}

int remap_open(struct remap *h, const struct ruleset *from, const struct ruleset *to)
{
	*h = (struct remap){.appliances = from->appliances, .sets = from->policy->sets};
	h->generation = (uint16_t)to->policy->generation;
	h->appliance = calloc(h->appliances + 1, sizeof(*h->appliance));
	h->set = calloc(h->sets + 1, sizeof(*h->set));
	if (!h->appliance || !h->set) {
		remap_close(h);
		return -ENOMEM;
	}
	for (size_t i = 0; i < h->appliances; i++)
		h->appliance[i] = find_appliance(to, &from->appliance[i], i);
	for (size_t i = SET_NONE + 1; i < h->sets; i++)
		h->set[i] = new_set_of(from->policy, to->policy, (uint16_t)i);
	return 0;
}

void remap_close(struct remap *h)
{
	free(h->appliance);
	free(h->set);
	*h = (struct remap){0};
}

uint16_t remap_appliance(const struct remap *h, uint16_t appliance)
{
	return appliance < h->appliances ? h->appliance[appliance] : APPLIANCE_NONE;
}

uint16_t remap_set(const struct remap *h, uint16_t set)
{
	return set < h->sets ? h->set[set] : SET_NONE;
}

bool remap_record(const struct remap *h, struct record *r)
{
	uint16_t appliance[2] = {
		remap_appliance(h, r->appliance[0]), remap_appliance(h, r->appliance[1])};

	unsigned judged = record_judged_end(r);

	if (appliance[judged] == APPLIANCE_NONE)
		return false;
	if (r->set[judged] != SET_NONE && remap_set(h, r->set[judged]) == SET_NONE)
		return false;
	for (unsigned end = 0; end < 2; end++) {
		r->set[end] =
			appliance[end] == APPLIANCE_NONE ? SET_NONE : remap_set(h, r->set[end]);
		r->appliance[end] = appliance[end];
	}
	r->generation = h->generation;
	return true;
}
