#include "policy/nearest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/errors.h"
#include "base/heap.h"
#include "policy/ruleset.h"

/* Rules that differ in more ways are not helpful. */
#define DIFFERENCES_MAX 2

void other_profiles_open(struct other_profiles *a, const struct ruleset *in_use)
{
	*a = (struct other_profiles){.in_use = in_use};
}

static void other_profiles_read(struct other_profiles *a)
{
	char **name = ruleset_profile_names();
	struct ruleset **ruleset;
	size_t names = 0, profiles = 0;

	while (name && name[names])
		names++;
	ruleset = heap_calloc(names + 1, sizeof(struct ruleset *));
	for (size_t i = 0; ruleset && i < names; i++) {
		struct errors ignored = {0};
		struct ruleset *c;
		if (strcmp(name[i], a->in_use->profile) == 0)
			continue;
		int error = ruleset_open_rules_only(&c, name[i], &ignored);
		if (error == 0)
			ruleset[profiles++] = c;
		else if (error == -ENOMEM)
			heap_note_short();
	}
	ruleset_names_free(name);
	*a = (struct other_profiles){
		.in_use = a->in_use, .is_read = true, .ruleset = ruleset, .profiles = profiles};
}

void other_profiles_close(struct other_profiles *a)
{
	for (size_t i = 0; i < a->profiles; i++)
		ruleset_close(a->ruleset[i]);
	free(a->ruleset);
	*a = (struct other_profiles){0};
}

const char *difference_name(enum difference d)
{
#define DIFFERENCE_NAME(name, text, words) text,
	static const char *const name[] = {DIFFERENCE_LIST(DIFFERENCE_NAME)};
#undef DIFFERENCE_NAME
	return name[d];
}

static unsigned count_bits(unsigned bits)
{
	return (unsigned)__builtin_popcount(bits);
}

static bool is_on_port(const struct rule *r, uint16_t port)
{
	return port >= r->port && port <= r->port_last;
}

static bool has_rule(const struct ruleset_class *class, uint32_t rule)
{
	for (size_t i = 0; i < class->rules; i++)
		if (class->rule[i] == rule)
			return true;
	return false;
}

/* Of an appliance's own role only its own rules are near, of the other role's what the site says of
 * no appliance in particular. */
static bool is_of_class(const struct ruleset *c, uint32_t rule, const struct rule_key *at)
{
	unsigned role = c->policy->rule[rule].role;

	if (role != at->role)
		return has_rule(&c->class[role], rule);
	return has_rule(&c->class[at->class], rule) ||
	       has_rule(&c->class[c->policy->class[at->class].data_class], rule);
}

/* Bits of the differences, or -1 if the rule does not qualify. */
static int compare_rule(const struct ruleset *c, size_t i, const struct rule_key *at)
{
	const struct rule *r = &c->policy->rule[i];
	unsigned differs = 0;

	if (r->implied || r->is_pair) /* nothing that the reader could look up */
		return -1;
	if (!is_on_port(r, at->port) && c->rule[i].documented_port != at->port)
		return -1;
	if (!is_on_port(r, at->port))
		differs |= 1u << DIFFERENCE_PORT;
	if (r->role != at->role)
		differs |= 1u << DIFFERENCE_ROLE;
	if (r->direction != at->direction)
		differs |= 1u << DIFFERENCE_DIRECTION;
	if (r->transport != at->transport)
		differs |= 1u << DIFFERENCE_TRANSPORT;
	if (!r->enabled)
		differs |= 1u << DIFFERENCE_FEATURE;
	/* On the appliance's other interfaces it would be allowed. */
	if (differs == 0 && c->policy->class[at->class].data_class != at->class)
		differs |= 1u << DIFFERENCE_INTERFACE;
	return differs == 0 || count_bits(differs) > DIFFERENCES_MAX ? -1 : (int)differs;
}

static bool is_same(const struct near_rule *a, const struct near_rule *b)
{
	if (strcmp(a->id, b->id) != 0 || !a->profile != !b->profile)
		return false;
	return !a->profile || strcmp(a->profile, b->profile) == 0;
}

/* Inserts a rule by the number of differences; of rules with the same id the first stays. */
static size_t insert(struct near_rule *found, size_t count, const struct near_rule *r)
{
	size_t at = count;

	for (size_t i = 0; i < count; i++)
		if (is_same(&found[i], r))
			return count;
	while (at > 0 && count_bits(found[at - 1].differs) > count_bits(r->differs))
		at--;
	if (at == NEAREST_MAX)
		return count;
	if (count == NEAREST_MAX)
		count--;
	memmove(&found[at + 1], &found[at], (count - at) * sizeof(*found));
	found[at] = *r;
	return count + 1;
}

static size_t search_policy(
	const struct ruleset *c, const struct rule_key *at, struct near_rule *found, size_t count)
{
	for (uint32_t i = 0; i < c->policy->rules; i++) {
		int differs = compare_rule(c, i, at);
		if (differs > 0 && is_of_class(c, i, at))
			count = insert(found, count,
				&(struct near_rule){
					.id = c->rule[i].id,
					.feature = c->rule[i].feature,
					.differs = (unsigned)differs,
					.moved_to = c->policy->rule[i].port,
				});
	}
	return count;
}

/* Whether the policy documents exactly this rule and the site moved its port. */
static int was_moved_away(const struct ruleset *c, const struct rule_key *at)
{
	for (size_t i = 0; i < c->policy->rules; i++) {
		const struct rule *r = &c->policy->rule[i];
		if (c->rule[i].documented_port == at->port && r->port != at->port && !r->is_pair &&
			r->role == at->role && r->direction == at->direction &&
			r->transport == at->transport)
			return 1;
	}
	return 0;
}

/* Whether the appliance's own profile documents it, for its other interfaces. */
static bool is_on_other_interface(const struct ruleset *c, const struct rule_key *at)
{
	unsigned data = c->policy->class[at->class].data_class;

	return data != at->class &&
	       (policy_set(c->policy, at->class, at->direction, at->transport, at->port) ||
		       policy_set(c->policy, data, at->direction, at->transport, at->port));
}

/* Of another profile only an exact match counts. It is told under the profile that has the row
 * first: those that extend it have it, too. */
static size_t search_profile(
	const struct ruleset *c, const struct rule_key *at, struct near_rule *found, size_t count)
{
	uint16_t set = policy_set(c->policy, at->role, at->direction, at->transport, at->port);

	if (set == SET_NONE || policy_rule(c->policy, set, 0)->implied)
		return count;
	return insert(found, count,
		&(struct near_rule){
			.id = ruleset_set_id(c, set),
			.feature = ruleset_set_text(c, set)->feature,
			.profile = ruleset_set_text(c, set)->origin,
			.differs = 1u << DIFFERENCE_PROFILE,
		});
}

size_t nearest_rules(const struct ruleset *c, struct other_profiles *a, const struct rule_key *at,
	struct near_rule found[NEAREST_MAX])
{
	bool asks_others = a && !was_moved_away(c, at) && !is_on_other_interface(c, at);
	size_t count = 0;

	if (a && !a->is_read)
		other_profiles_read(a);
	/* Exact matches in other profiles come before similar rules. */
	for (size_t i = 0; asks_others && i < a->profiles; i++)
		if (strcmp(a->ruleset[i]->profile, c->class[at->class].profile) != 0)
			count = search_profile(a->ruleset[i], at, found, count);
	return search_policy(c, at, found, count);
}

void nearest_words(const struct near_rule *r, char *text, size_t bytes)
{
#define DIFFERENCE_WORDS(name, text, words) words,
	static const char *const words[] = {DIFFERENCE_LIST(DIFFERENCE_WORDS)};
#undef DIFFERENCE_WORDS
	size_t used = 0;

	text[0] = '\0';
	for (unsigned d = 0; d < DIFFERENCE_COUNT && used < bytes; d++) {
		if (!(r->differs >> d & 1))
			continue;
		used += (size_t)snprintf(
			text + used, bytes - used, "%s%s", used ? ", " : "", words[d]);
		if (d == DIFFERENCE_PROFILE && used < bytes)
			used += (size_t)snprintf(text + used, bytes - used, " %s", r->profile);
		if (d == DIFFERENCE_PORT && used < bytes)
			used += (size_t)snprintf(
				text + used, bytes - used, " (now %u)", r->moved_to);
	}
}
