#include "policy/warnings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "config/site.h"
#include "policy/intern.h"
#include "policy/ruleset.h"

enum { WARNINGS_MAX = 1000, RANGE_MIN = 1024 };

struct warner {
	struct ruleset *ruleset;
	const struct site *site;
	struct arena *arena;
	struct intern said; /* classes have the warnings of others */
};

__attribute__((format(printf, 2, 3))) static void warn(struct warner *w, const char *format, ...)
{
	char text[1024];
	bool is_new;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	intern_number(&w->said, text, strlen(text), &is_new);
	if (is_new && w->ruleset->warnings < WARNINGS_MAX)
		w->ruleset->warning[w->ruleset->warnings++] = arena_text(w->arena, text);
}

/* ---- sets ---- */

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
static void warn_of_open(struct warner *w, const struct rule_set *set)
{
	const char *open = features_that(is_open_to_all, w->ruleset, set, w->arena);
	const char *limited = features_that(is_limited, w->ruleset, set, w->arena);

	if (open && limited)
		warn(w,
			"%s: anybody may use it all the same: %s %s switched off or bound to "
			"peers, and %s %s not",
			w->ruleset->rule[w->ruleset->policy->member[set->first]].id, limited,
			strchr(limited, ',') ? "are" : "is", open,
			strchr(open, ',') ? "are" : "is");
}

/* An extra rule beside a documented one that allows everybody the same. */
static void warn_of_extra(struct warner *w, const struct rule_set *set, uint32_t own)
{
	const struct policy *p = w->ruleset->policy;

	for (uint32_t i = set->first; i < set->first + set->count; i++) {
		const struct rule *r = &p->rule[p->member[i]];
		bool allows = r->services == 0 || (p->rule[own].services & ~r->services) == 0;
		if (!ruleset_is_own(w->ruleset, p->member[i]) && is_open_to_all(r) && allows &&
			p->rule[own].services) {
			warn(w, "%s for %s: has no effect: %s is documented there for anybody",
				w->ruleset->rule[own].id, w->ruleset->rule[own].feature,
				w->ruleset->rule[p->member[i]].feature);
			return;
		}
	}
}

static void warn_of_set(struct warner *w, const struct rule_set *set)
{
	warn_of_open(w, set);
	for (uint32_t i = set->first; i < set->first + set->count; i++)
		if (ruleset_is_own(w->ruleset, w->ruleset->policy->member[i]))
			warn_of_extra(w, set, w->ruleset->policy->member[i]);
}

/* ---- rules ---- */

static bool meet(const struct prefix *a, const struct prefix *b)
{
	return a->version == b->version && (prefix_contains(a, &b->address, b->version) ||
						   prefix_contains(b, &a->address, a->version));
}

/* Whether a rule's peers and those of its port have an address in common. */
static bool lists_meet(const struct policy *p, const struct rule *r)
{
	for (uint32_t i = 0; i < r->peer_count; i++)
		for (uint32_t k = 0; k < r->bound_count; k++)
			if (meet(&p->peer[r->peer_first + i], &p->peer[r->bound_first + k]))
				return true;
	return false;
}

static void warn_of_rule(struct warner *w, uint32_t rule)
{
	const struct policy *p = w->ruleset->policy;
	const struct rule *r = &p->rule[rule];
	const struct rule_text *text = &w->ruleset->rule[rule];

	if ((r->peers & (PEERS_LISTED | PEERS_BOUND)) == (PEERS_LISTED | PEERS_BOUND) &&
		!lists_meet(p, r))
		warn(w,
			"%s for %s: is never reached: its peers and those of the port have no "
			"address in common",
			text->id, text->feature);
	if (ruleset_is_own(w->ruleset, rule) && r->peers == PEERS_ANY &&
		r->port_last - r->port + 1 >= RANGE_MIN)
		warn(w, "%s for %s: opens %d ports to anybody; peers would say to whom", text->id,
			text->feature, r->port_last - r->port + 1);
}

/* ---- appliances ---- */

static bool class_has(const struct ruleset *c, unsigned class, uint16_t feature)
{
	for (size_t i = 0; i < c->class[class].rules; i++)
		if (c->policy->rule[c->class[class].rule[i]].feature == feature)
			return true;
	return false;
}

static bool appliance_has(const struct ruleset *c, size_t appliance, uint16_t feature)
{
	unsigned class = c->class_of[appliance];

	return class_has(c, class, feature) ||
	       class_has(c, c->policy->class[class].data_class, feature);
}

static void warn_of_features(struct warner *w, size_t number)
{
	const struct site_appliance *a = &w->site->appliance[number];

	for (size_t f = 0; a->feature && f < w->site->features; f++) {
		const struct site_feature *own = &a->feature[f], *sites = &w->site->feature[f];
		if (own->line == sites->line) /* the appliance says nothing of it */
			continue;
		if (!appliance_has(w->ruleset, number, (uint16_t)f))
			warn(w, "%s: features: %s has no effect: it has no rule for a %s of %s",
				a->name, own->name, role_name(a->role),
				ruleset_profile_of(w->ruleset, (uint16_t)number));
		else if (site_feature_equals(own, sites))
			warn(w, "%s: features: %s has no effect: it is so for the whole site",
				a->name, own->name);
	}
}

static uint16_t channel_feature(const struct ruleset *c)
{
	uint16_t f = 0;

	while (f < c->features && strcmp(c->feature[f], CHANNEL_FEATURE) != 0)
		f++;
	return f;
}

static void warn_of_appliance(struct warner *w, size_t number, uint16_t channel)
{
	const struct site_appliance *a = &w->site->appliance[number];
	const struct ruleset *c = w->ruleset;
	unsigned class = c->class_of[number];
	bool takes_out = a->excepts == 0;

	warn_of_features(w, number);
	if (a->managers && !appliance_has(c, number, channel))
		warn(w, "%s: managers: have no effect: profile %s has no appliance communications",
			a->name, ruleset_profile_of(c, (uint16_t)number));
	if (a->datas && c->class[c->policy->class[class].data_class].rules == 0)
		warn(w,
			"%s: data_addresses: nothing is expected there: profile %s has no rows of "
			"data interfaces",
			a->name, ruleset_profile_of(c, (uint16_t)number));
	for (size_t i = 0; i < a->excepts && !takes_out; i++)
		for (size_t k = 0; k < a->addresses; k++)
			takes_out |= meet(&a->except[i], &a->prefix[k]);
	if (!takes_out)
		warn(w, "%s: except: has no effect: none of it is in its networks", a->name);
}

void warnings_write(struct ruleset *ruleset, const struct site *site, struct arena *arena)
{
	const struct policy *policy = ruleset->policy;
	struct arena *scratch = arena_part(arena);
	struct warner w = {.ruleset = ruleset, .site = site, .arena = arena};
	uint16_t channel = channel_feature(ruleset);

	intern_open(&w.said, scratch);
	ruleset->warning = arena_alloc(arena, WARNINGS_MAX * sizeof(*ruleset->warning));
	for (size_t i = 0; i < site->warnings; i++)
		warn(&w, "%s", site->warning[i]);
	for (uint32_t set = SET_NONE + 1; set < policy->sets; set++)
		if (!policy_is_dhcp_set(policy, (uint16_t)set))
			warn_of_set(&w, &policy->set[set]);
	for (uint32_t i = 0; i < policy->rules; i++) {
		ruleset->unverified +=
			ruleset->rule[i].in_use && ruleset->rule[i].status == RULE_RECALLED;
		warn_of_rule(&w, i);
	}
	for (size_t i = 0; i < site->appliances; i++)
		warn_of_appliance(&w, i, channel);
	arena_release(arena, scratch);
}
