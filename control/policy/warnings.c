#include "policy/warnings.h"

#include <string.h>

#include "base/arena.h"
#include "config/site.h"
#include "policy/ruleset.h"

/* Whether a rule keeps its port open for anybody. */
static bool is_open_to_all(const struct rule *r)
{
	return r->enabled && r->peers == PEERS_ANY && !r->implied;
}

static bool is_limited(const struct rule *r)
{
	return !r->implied && (!r->enabled || r->peers != PEERS_ANY);
}

/* The features of a set's rules that are so; NULL: none is. */
static const char *features_that(bool (*are)(const struct rule *), const struct ruleset *ruleset,
	const struct rule_set *set, struct arena *arena)
{
	const char *names = NULL;

	for (uint32_t i = set->first; i < set->first + set->count; i++) {
		uint32_t rule = ruleset->policy->member[i];
		if (are(&ruleset->policy->rule[rule]))
			names = names ? arena_format(
						arena, "%s, %s", names, ruleset->rule[rule].feature)
				      : ruleset->rule[rule].feature;
	}
	return names;
}

/* Features that are switched off or bound to peers, on a port that another one keeps open: what the
 * site says of them has no effect on what is allowed. */
static void warn_of_set(struct ruleset *ruleset, const struct rule_set *set, struct arena *arena)
{
	const char *open = features_that(is_open_to_all, ruleset, set, arena);
	const char *limited = features_that(is_limited, ruleset, set, arena);

	if (open && limited)
		ruleset->warning[ruleset->warnings++] = arena_format(arena,
			"%s: anybody may use it all the same: %s %s switched off or bound to "
			"peers, and %s %s not",
			ruleset->rule[ruleset->policy->member[set->first]].id, limited,
			strchr(limited, ',') ? "are" : "is", open,
			strchr(open, ',') ? "are" : "is");
}

void warnings_write(struct ruleset *ruleset, const struct site *site, struct arena *arena)
{
	const struct policy *policy = ruleset->policy;

	ruleset->warning =
		arena_alloc(arena, (site->warnings + policy->sets + 1) * sizeof(*ruleset->warning));
	for (size_t i = 0; i < site->warnings; i++)
		ruleset->warning[ruleset->warnings++] = site->warning[i];
	for (uint32_t i = 0; i < policy->rules; i++)
		ruleset->unverified +=
			ruleset->rule[i].in_use && ruleset->rule[i].status == RULE_RECALLED;
	for (uint32_t set = SET_NONE + 1; set < policy->sets; set++)
		if (!policy_is_dhcp_set(policy, (uint16_t)set))
			warn_of_set(ruleset, &policy->set[set], arena);
}
