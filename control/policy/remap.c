#include "policy/remap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/ruleset.h"
#include "record.h"

static uint16_t find_appliance(const struct ruleset *c, const struct appliance_text *a, size_t near)
{
	/* Lists change little: try the same place first. */
	bool is_near = near < c->appliances && strcmp(c->appliance[near].name, a->name) == 0;
	uint16_t found = is_near ? (uint16_t)near : ruleset_appliance(c, a->name);

	return found != APPLIANCE_NONE && c->appliance[found].role == a->role ? found
									      : APPLIANCE_NONE;
}

static uint16_t find_set(const struct policy *p, const struct rule *r)
{
	return policy_set(p, (enum role)r->role, (enum direction)r->direction,
		(enum transport)r->transport, r->port);
}

static uint16_t new_set_of(const struct policy *from, const struct policy *to, uint16_t set)
{
	const struct rule *first = &from->rule[from->set[set].first];

	return policy_is_dhcp_set(from, set) ? to->dhcp_set[first->role] : find_set(to, first);
}

int remap_open(struct remap *m, const struct ruleset *from, const struct ruleset *to)
{
	*m = (struct remap){.appliances = from->appliances, .sets = from->policy->sets};
	m->generation = (uint16_t)to->policy->generation;
	m->appliance = calloc(m->appliances + 1, sizeof(*m->appliance));
	m->set = calloc(m->sets + 1, sizeof(*m->set));
	if (!m->appliance || !m->set) {
		remap_close(m);
		return -ENOMEM;
	}
	for (size_t i = 0; i < m->appliances; i++)
		m->appliance[i] = find_appliance(to, &from->appliance[i], i);
	for (size_t i = SET_NONE + 1; i < m->sets; i++)
		m->set[i] = new_set_of(from->policy, to->policy, (uint16_t)i);
	return 0;
}

void remap_close(struct remap *m)
{
	free(m->appliance);
	free(m->set);
	*m = (struct remap){0};
}

uint16_t remap_appliance(const struct remap *m, uint16_t appliance)
{
	return appliance < m->appliances ? m->appliance[appliance] : APPLIANCE_NONE;
}

uint16_t remap_set(const struct remap *m, uint16_t set)
{
	return set < m->sets ? m->set[set] : SET_NONE;
}

bool remap_record(const struct remap *m, struct record *r)
{
	uint16_t appliance[2] = {
		remap_appliance(m, r->appliance[0]), remap_appliance(m, r->appliance[1])};

	unsigned judged = record_judged_end(r);

	if (appliance[judged] == APPLIANCE_NONE)
		return false;
	if (r->set[judged] != SET_NONE && remap_set(m, r->set[judged]) == SET_NONE)
		return false;
	for (unsigned end = 0; end < 2; end++) {
		r->set[end] =
			appliance[end] == APPLIANCE_NONE ? SET_NONE : remap_set(m, r->set[end]);
		r->appliance[end] = appliance[end];
	}
	r->generation = m->generation;
	return true;
}
