#include "policy/rules.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/errors.h"
#include "config/profile.h"
#include "config/site.h"
#include "policy/ruleset.h"

enum { DHCP_SERVER_PORT = 67, DHCP_CLIENT_PORT = 68 };

/* A row that becomes a rule. */
struct rule_draft {
	const struct profile_row *row;
	const struct site_move *move; /* NULL: the documented port */
	uint16_t port;		      /* port at this site */
	uint16_t feature;
	uint32_t order;
};

struct rule_drafts {
	struct rule_draft *rule_draft;
	size_t count, documented; /* the profile's come first */
	const struct site *site;
	struct errors *errors;
	const struct site_move
		*refused; /* the last one refused: it may concern four rows but is reported once */
	int rc;
};

static bool rule_drafts_share_port(const struct rule_draft *a, const struct rule_draft *b)
{
	return a->row->role == b->row->role && a->row->direction == b->row->direction &&
	       a->row->transport == b->row->transport && a->port == b->port;
}

/* ---- features and rows ---- */

static uint16_t feature_number(const struct site *site, const char *name)
{
	size_t i = 0;

	while (strcmp(site->feature[i].name, name) != 0)
		i++;
	assert(i < site->features);
	return (uint16_t)i;
}

static bool is_implied(const struct profile_row *row)
{
	return row->status == RULE_IMPLIED;
}

/* A site that flags what is implied is judged as if the profile had no such rows. */
static void rule_drafts_add(struct rule_drafts *d, const struct profile_row *row, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (is_implied(&row[i]) && d->site->flags_implied)
			continue;
		d->rule_draft[d->count] = (struct rule_draft){.row = &row[i],
			.port = row[i].port,
			.feature = feature_number(d->site, row[i].feature),
			.order = (uint32_t)d->count};
		d->count++;
	}
}

static struct rule_drafts rule_drafts_new(const struct profile *profile, const struct site *site,
	struct arena *arena, struct errors *errors)
{
	struct rule_drafts d = {.site = site, .errors = errors};
	size_t count = profile->rows + site->extras;

	d.rule_draft = arena_alloc(arena, (count + 1) * sizeof(*d.rule_draft));
	rule_drafts_add(&d, profile->row, profile->rows);
	d.documented = d.count;
	rule_drafts_add(&d, site->extra, site->extras);
	return d;
}

/* ---- moves ---- */

static void rule_draft_move(
	struct rule_drafts *d, struct rule_draft *rule_draft, const struct site_move *move)
{
	if (!rule_draft->row->configurable) {
		errors_add(d->errors,
			"%s:%u: found %s moved from %u/%s, which is not configurable; want the "
			"documented port, or an entry in extra_rules",
			d->site->file, move->line, rule_draft->row->feature, move->from,
			transport_name(move->transport));
		d->rc = -EINVAL;
		return;
	}
	rule_draft->move = move;
	rule_draft->port = move->to;
}

/* Applies a move to both roles and directions; reports at most one error for all. */
static void feature_move(struct rule_drafts *d, uint16_t feature, const struct site_move *move)
{
	int before = d->rc;

	for (size_t i = 0; i < d->documented; i++) {
		struct rule_draft *rule_draft = &d->rule_draft[i];
		bool is_meant = rule_draft->feature == feature &&
				rule_draft->row->port == move->from &&
				rule_draft->row->transport == move->transport;
		if (is_meant)
			rule_draft_move(d, rule_draft, move);
		if (d->rc != before)
			return;
	}
}

static void rule_drafts_move(struct rule_drafts *d)
{
	for (size_t f = 0; f < d->site->features; f++) {
		const struct site_feature *feature = &d->site->feature[f];
		for (size_t m = 0; m < feature->moves; m++)
			feature_move(d, (uint16_t)f, &feature->move[m]);
	}
}

/* ---- conflicts ---- */

static void refuse_move(
	struct rule_drafts *d, const struct rule_draft *moved, const struct rule_draft *other)
{
	errors_add(d->errors,
		"%s:%u: found %s moved to %u/%s, which is %s %s for %s already; want a port that "
		"no "
		"rule has",
		d->site->file, moved->move->line, moved->row->feature, moved->port,
		transport_name(moved->row->transport), role_name(moved->row->role),
		direction_name(moved->row->direction), other->row->feature);
	d->rc = -EINVAL;
}

static void check_move(struct rule_drafts *d, const struct rule_draft *moved)
{
	if (moved->port == moved->row->port || moved->move == d->refused)
		return;
	for (size_t i = 0; i < d->count; i++) {
		const struct rule_draft *other = &d->rule_draft[i];
		if (other != moved && rule_drafts_share_port(moved, other)) {
			refuse_move(d, moved, other);
			return;
		}
	}
}

static void refuse_extra(
	struct rule_drafts *d, const struct rule_draft *extra, const struct rule_draft *other)
{
	errors_add(d->errors,
		"%s:%u: found extra rule %s/%s/%u/%s for %s, which is at %s:%u already; want each "
		"rule once",
		extra->row->file, extra->row->line, role_name(extra->row->role),
		direction_name(extra->row->direction), extra->port,
		transport_name(extra->row->transport), extra->row->feature, other->row->file,
		other->row->line);
	d->rc = -EINVAL;
}

/* Several features may share a port, but a feature must not have the same rule twice. What is
 * implied may be documented by the site. */
static void check_extra(struct rule_drafts *d, const struct rule_draft *extra)
{
	for (const struct rule_draft *other = d->rule_draft; other < extra; other++) {
		if (other->feature == extra->feature && !is_implied(other->row) &&
			rule_drafts_share_port(extra, other)) {
			refuse_extra(d, extra, other);
			return;
		}
	}
}

static void rule_drafts_check(struct rule_drafts *d)
{
	for (size_t i = 0; i < d->documented; i++)
		check_move(d, &d->rule_draft[i]);
	for (size_t i = d->documented; i < d->count; i++)
		check_extra(d, &d->rule_draft[i]);
}

/* ---- order ---- */

static bool is_dhcp(const struct rule_draft *d)
{
	return d->row->direction == DIRECTION_OUTBOUND && d->row->transport == TRANSPORT_UDP &&
	       (d->port == DHCP_SERVER_PORT || d->port == DHCP_CLIENT_PORT) &&
	       (d->row->services & SERVICE_BIT(SERVICE_DHCP));
}

/* DHCP's rules come last on port 67 and first on port 68, so that they are adjacent. */
static int rule_draft_rank(const struct rule_draft *d)
{
	return is_dhcp(d) == (d->port == DHCP_SERVER_PORT);
}

static int rule_draft_compare(const void *left, const void *right)
{
	const struct rule_draft *a = left, *b = right;
	int order = (int)a->row->role - (int)b->row->role;

	if (!order)
		order = (int)a->row->direction - (int)b->row->direction;
	if (!order)
		order = (int)a->row->transport - (int)b->row->transport;
	if (!order)
		order = (int)a->port - (int)b->port;
	if (!order)
		order = rule_draft_rank(a) - rule_draft_rank(b);
	if (!order)
		order = is_implied(a->row) - is_implied(b->row);
	return order ? order : (a->order > b->order) - (a->order < b->order);
}

/* ---- the policy ---- */

/* Writes the peers; returns where each feature's begin in the policy's list. */
static uint32_t *peers_write(struct policy *policy, const struct site *site, struct arena *arena)
{
	uint32_t *first = arena_alloc(arena, (site->features + 1) * sizeof(*first));
	struct prefix *peer;
	uint32_t count = 0;

	for (size_t f = 0; f < site->features; f++)
		count += (uint32_t)site->feature[f].peer_count;
	peer = arena_table(arena, count, sizeof(*peer));
	for (size_t f = 0; f < site->features; f++) {
		const struct site_feature *feature = &site->feature[f];
		first[f] = policy->peers;
		if (feature->peer_count)
			memcpy(peer + policy->peers, feature->peer,
				feature->peer_count * sizeof(*peer));
		policy->peers += (uint32_t)feature->peer_count;
	}
	policy->peer = peer;
	return first;
}

/* A site binds a feature to the servers that its appliances ask: that says nothing of an implied
 * row by which the appliances serve each other. */
static enum peers peers_of(const struct profile_row *row, const struct site_feature *feature)
{
	bool keeps_own = is_implied(row) && row->peers == PEERS_INVENTORY;

	return feature->is_bound && !keeps_own ? feature->peers : row->peers;
}

static struct rule rule_draft_rule(
	const struct rule_draft *d, const struct site *site, const uint32_t *first)
{
	const struct site_feature *feature = &site->feature[d->feature];

	return (struct rule){.services = d->row->services,
		.peer_first = first[d->feature],
		.peer_count = (uint32_t)feature->peer_count,
		.port = d->port,
		.feature = d->feature,
		.role = (uint8_t)d->row->role,
		.direction = (uint8_t)d->row->direction,
		.transport = (uint8_t)d->row->transport,
		.enabled = feature->enabled,
		.peers = (uint8_t)peers_of(d->row, feature),
		.implied = is_implied(d->row)};
}

static struct rule_text rule_draft_texts(const struct rule_draft *d, struct arena *arena)
{
	const struct profile_row *row = d->row;

	return (struct rule_text){
		.id = arena_format(arena, "%s/%s/%u/%s", role_name(row->role),
			direction_name(row->direction), row->port, transport_name(row->transport)),
		.feature = arena_text(arena, row->feature),
		.service = arena_text(arena, row->service),
		.description = arena_text(arena, row->description),
		.source = arena_text(arena, row->source),
		.origin = arena_text(arena, row->origin),
		.status = row->status,
		.required = row->required,
		.configurable = row->configurable,
		.documented_port = row->port,
		.order = d->order};
}

static void rules_write(struct ruleset *ruleset, const struct rule_drafts *d, struct arena *arena)
{
	struct rule *rule = arena_table(arena, d->count, sizeof(*rule));
	const uint32_t *first = peers_write(ruleset->policy, d->site, arena);

	ruleset->rule = arena_table(arena, d->count, sizeof(*ruleset->rule));
	for (size_t i = 0; i < d->count; i++) {
		rule[i] = rule_draft_rule(&d->rule_draft[i], d->site, first);
		ruleset->rule[i] = rule_draft_texts(&d->rule_draft[i], arena);
	}
	ruleset->policy->rule = rule;
	ruleset->policy->rules = (uint32_t)d->count;
}

static bool rules_share_port(const struct rule *a, const struct rule *b)
{
	return a->role == b->role && a->direction == b->direction && a->transport == b->transport &&
	       a->port == b->port;
}

static void sets_write(struct policy *policy, struct rule_set *set, const struct rule_drafts *d)
{
	for (uint32_t i = 0; i < policy->rules; i++) {
		const struct rule *r = &policy->rule[i];
		if (i == 0 || !rules_share_port(r, r - 1))
			set[policy->sets++].first = i;
		set[policy->sets - 1].count++;
		set[policy->sets - 1].is_channel |=
			strcmp(d->rule_draft[i].row->feature, CHANNEL_FEATURE) == 0;
		policy_set_put(policy, r->role, r->direction, r->transport, r->port,
			(uint16_t)(policy->sets - 1));
	}
}

/* Makes the adjacent DHCP rules of outbound 67/udp and 68/udp a set of their own. */
static void dhcp_rules_write(
	struct policy *policy, struct rule_set *set, const struct rule_drafts *d)
{
	for (uint32_t i = 0; i < policy->rules; i++) {
		uint16_t *number = &policy->dhcp_set[policy->rule[i].role];
		if (!is_dhcp(&d->rule_draft[i]))
			continue;
		if (*number == SET_NONE) {
			*number = (uint16_t)policy->sets++;
			set[*number].first = i;
		}
		set[*number].count++;
	}
}

static void features_write(struct ruleset *ruleset, const struct site *site, struct arena *arena)
{
	ruleset->features = site->features;
	ruleset->feature = arena_alloc(arena, (site->features + 1) * sizeof(*ruleset->feature));
	for (size_t i = 0; i < site->features; i++)
		ruleset->feature[i] = arena_text(arena, site->feature[i].name);
}

int rules_build(struct ruleset *ruleset, const struct profile *profile, const struct site *site,
	struct arena *arena, struct errors *errors)
{
	struct rule_drafts d = rule_drafts_new(profile, site, arena, errors);
	struct rule_set *set = arena_table(arena, d.count + 1 + ROLE_COUNT, sizeof(*set));
	struct policy *policy = ruleset->policy;

	rule_drafts_move(&d);
	if (d.rc == 0)
		rule_drafts_check(&d);
	if (d.rc)
		return d.rc;
	qsort(d.rule_draft, d.count, sizeof(*d.rule_draft), rule_draft_compare);
	features_write(ruleset, site, arena);
	rules_write(ruleset, &d, arena);
	policy->sets = 1;
	policy->set = set;
	sets_write(policy, set, &d);
	dhcp_rules_write(policy, set, &d);
	memcpy(policy->protocol, site->protocol, sizeof(policy->protocol));
	return 0;
}
