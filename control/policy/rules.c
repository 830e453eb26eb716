#include "policy/rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/errors.h"
#include "config/profile.h"
#include "config/site.h"
#include "policy/classes.h"
#include "policy/port_tables.h"
#include "policy/rule_drafts.h"
#include "policy/ruleset.h"

/* What tells two rules apart: the rule, and the row that its texts are of. */
struct rule_identity {
	struct rule rule;
	const struct profile_row *row;
};

struct rules_builder {
	const struct site *site;
	struct arena *arena, *scratch;
	struct errors *errors;
	struct class_list classes;
	struct drafter drafter;
	struct intern rule;	    /* by struct rule_identity */
	struct intern peers;	    /* lists of prefixes */
	struct rule_draft *text_of; /* by rule */
	size_t text_room;
	uint32_t *peer_first; /* by list */
	size_t peer_first_room, prefixes;
	struct port_tables tables;
	int rc;
};

/* ---- rules ---- */

static uint32_t list_number(struct rules_builder *b, const struct site_peers *peers)
{
	bool is_new;
	uint32_t number = intern_number(
		&b->peers, peers->prefix, peers->count * sizeof(*peers->prefix), &is_new);

	if (is_new && number == b->peer_first_room) {
		uint32_t *larger =
			arena_alloc(b->scratch, (b->peer_first_room + 1) * 2 * sizeof(*larger));
		if (number)
			memcpy(larger, b->peer_first, number * sizeof(*larger));
		b->peer_first = larger;
		b->peer_first_room = (b->peer_first_room + 1) * 2;
	}
	if (is_new) {
		b->peer_first[number] = (uint32_t)b->prefixes;
		b->prefixes += peers->count;
	}
	return b->peer_first[number];
}

/* A site binds a feature to the servers that its appliances ask: that says nothing of an implied
 * row by which the appliances serve each other. */
static const struct site_peers *peers_of(const struct rule_draft *d, const struct class_plan *plan)
{
	const struct site_peers *feature = &plan->feature[d->feature].peers;
	bool keeps_own = rule_draft_is_implied(d) && d->row->peers == PEERS_INVENTORY;

	if (rule_draft_has_own_peers(d))
		return &d->extra->peers;
	return feature->is_set && !keeps_own ? feature : NULL;
}

static void rule_put_peers(struct rules_builder *b, struct rule *rule, const struct rule_draft *d,
	const struct class_plan *plan)
{
	const struct site_peers *peers = peers_of(d, plan);
	unsigned conditions = peers ? peers->peers : d->row->peers;

	if (peers && peers->peers == PEERS_LISTED) {
		rule->peer_first = list_number(b, peers);
		rule->peer_count = (uint32_t)peers->count;
	}
	if (d->bound && d->bound->peers == PEERS_LISTED) {
		rule->bound_first = list_number(b, d->bound);
		rule->bound_count = (uint32_t)d->bound->count;
		conditions |= PEERS_BOUND;
	} else if (d->bound) {
		conditions |= d->bound->peers;
	}
	if (plan->managers && strcmp(d->row->feature, CHANNEL_FEATURE) == 0)
		conditions |= PEERS_MANAGERS;
	rule->peers = (uint8_t)conditions;
}

static void keep_text(struct rules_builder *b, uint32_t rule, const struct rule_draft *d)
{
	if (rule == b->text_room) {
		size_t room = b->text_room ? b->text_room * 2 : 128;
		b->text_of = arena_grow(b->scratch, b->text_of, rule, room, sizeof(*b->text_of));
		b->text_room = room;
	}
	b->text_of[rule] = *d;
}

static uint32_t rule_number(
	struct rules_builder *b, const struct rule_draft *d, const struct class_plan *plan)
{
	struct rule_identity id;
	uint32_t number;
	bool is_new;

	memset(&id, 0, sizeof(id)); /* its padding is compared, too */
	id.row = d->row;
	id.rule.services = d->row->services;
	id.rule.port = d->port;
	id.rule.port_last = d->port_last;
	id.rule.feature = d->feature;
	id.rule.role = (uint8_t)d->row->role;
	id.rule.direction = (uint8_t)d->row->direction;
	id.rule.transport = (uint8_t)d->row->transport;
	id.rule.enabled = plan->feature[d->feature].enabled;
	id.rule.implied = rule_draft_is_implied(d);
	rule_put_peers(b, &id.rule, d, plan);
	number = intern_number(&b->rule, &id, sizeof(id), &is_new);
	if (is_new)
		keep_text(b, number, d);
	return number;
}

/* ---- tables ---- */

/* The rules that share a port, while the ports of a table are gone through. */
struct port_sweep {
	struct rule_draft **shared;
	uint32_t *number;
	size_t count;
	struct port_span *span;
	size_t spans;
};

static void sweep_add(struct port_sweep *s, struct rule_draft *d)
{
	size_t at = s->count++;

	for (; at > 0 && rule_draft_compare_on_port(s->shared[at - 1], d) > 0; at--)
		s->shared[at] = s->shared[at - 1];
	s->shared[at] = d;
}

/* Without those that end before `port`. */
static void sweep_drop(struct port_sweep *s, uint32_t port)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++)
		if (s->shared[i]->port_last >= port)
			s->shared[kept++] = s->shared[i];
	s->count = kept;
}

static uint32_t sweep_end(const struct port_sweep *s, const struct rule_draft *next)
{
	uint32_t last = next ? next->port - 1u : PORT_COUNT - 1;

	for (size_t i = 0; i < s->count; i++)
		if (s->shared[i]->port_last < last)
			last = s->shared[i]->port_last;
	return last;
}

static uint16_t sweep_set(struct rules_builder *b, struct port_sweep *s, uint32_t port)
{
	bool is_channel = false;

	for (size_t i = 0; i < s->count; i++) {
		s->number[i] = s->shared[i]->rule;
		is_channel |= strcmp(s->shared[i]->row->feature, CHANNEL_FEATURE) == 0;
	}
	return port_tables_set(&b->tables, s->number, s->count, (uint16_t)port, is_channel);
}

/* The table of drafts of one direction and transport, which are in the order of their ports. */
static uint32_t table_number(struct rules_builder *b, struct rule_draft *draft, size_t count)
{
	struct port_sweep s = {
		.shared = arena_alloc(b->drafter.arena, (count + 1) * sizeof(struct rule_draft *)),
		.number = arena_alloc(b->drafter.arena, (count + 1) * sizeof(uint32_t)),
		.span = arena_alloc(b->drafter.arena, (2 * count + 1) * sizeof(struct port_span))};
	uint32_t port = 0;

	for (size_t i = 0; i < count || s.count > 0;) {
		sweep_drop(&s, port);
		if (s.count == 0 && i == count)
			break;
		if (s.count == 0)
			port = draft[i].port;
		while (i < count && draft[i].port == port)
			sweep_add(&s, &draft[i++]);
		drafter_check_shared(&b->drafter, s.shared, s.count);
		s.span[s.spans] = (struct port_span){.first = (uint16_t)port,
			.last = (uint16_t)sweep_end(&s, i < count ? &draft[i] : NULL),
			.set = sweep_set(b, &s, port)};
		port = s.span[s.spans++].last + 1u;
	}
	return port_tables_table(&b->tables, s.span, s.spans);
}

static size_t drafts_of(const struct rule_drafts *d, size_t first)
{
	size_t count = 1;

	while (first + count < d->count &&
		d->draft[first + count].row->direction == d->draft[first].row->direction &&
		d->draft[first + count].row->transport == d->draft[first].row->transport)
		count++;
	return count;
}

/* ---- classes ---- */

/* A class that is being made: the numbers of its tables. */
struct class_tables {
	uint32_t number[DIRECTION_COUNT][TRANSPORT_COUNT];
	uint16_t dhcp_set;
	uint32_t *rule; /* its rules, in the order of places */
	size_t rules;
};

/* The DHCP rules of outbound 67/udp and 68/udp are one set for the exchange. */
static uint16_t dhcp_set(struct rules_builder *b, const struct rule_drafts *d)
{
	uint32_t *number = arena_alloc(b->drafter.arena, (d->count + 1) * sizeof(*number));
	uint16_t port = 0;
	size_t count = 0;

	for (size_t i = 0; i < d->count; i++) {
		if (!rule_draft_is_dhcp(&d->draft[i]))
			continue;
		port = count ? port : d->draft[i].port;
		number[count++] = d->draft[i].rule;
	}
	return count ? port_tables_set(&b->tables, number, count, port, false) : SET_NONE;
}

static void class_make_tables(
	struct rules_builder *b, struct rule_drafts *d, struct class_tables *made)
{
	const struct port_span none = {0};
	uint32_t empty = port_tables_table(&b->tables, &none, 0);

	for (unsigned direction = 0; direction < DIRECTION_COUNT; direction++)
		for (unsigned transport = 0; transport < TRANSPORT_COUNT; transport++)
			made->number[direction][transport] = empty;
	for (size_t first = 0; first < d->count;) {
		const struct profile_row *row = d->draft[first].row;
		size_t count = drafts_of(d, first);
		made->number[row->direction][row->transport] =
			table_number(b, &d->draft[first], count);
		first += count;
	}
	made->dhcp_set = dhcp_set(b, d);
}

static void class_make(struct rules_builder *b, size_t class, struct class_tables *made)
{
	struct rule_drafts d = drafter_class(&b->drafter, class);

	made->rules = d.count;
	made->rule = arena_alloc(b->arena, (d.count + 1) * sizeof(*made->rule));
	for (size_t i = 0; i < d.count; i++) {
		d.draft[i].rule = rule_number(b, &d.draft[i], &b->classes.plan[class]);
		made->rule[i] = d.draft[i].rule;
	}
	class_make_tables(b, &d, made);
}

/* ---- pairs ---- */

static uint16_t pair_set(struct rules_builder *b, const struct site_pair *pair)
{
	struct profile_row *row = arena_alloc(b->scratch, sizeof(*row));
	const char *first = b->site->appliance[pair->appliance[0]].name;
	const char *second = b->site->appliance[pair->appliance[1]].name;
	struct rule_identity id;
	struct rule_draft draft = {.row = row,
		.order = PROFILE_ROWS_MAX + SITE_EXTRAS_MAX,
		.id = arena_format(b->scratch, "pair/%s/%s", first, second)};
	uint32_t number;

	*row = (struct profile_row){.feature = pair->feature,
		.service = "",
		.description =
			arena_format(b->scratch, "Everything between %s and %s.", first, second),
		.source = b->site->file,
		.origin = "site",
		.file = b->site->file,
		.line = pair->line};
	memset(&id, 0, sizeof(id));
	id.row = row;
	id.rule.feature = draft.feature = drafter_feature(&b->drafter, pair->feature);
	id.rule.enabled = b->site->feature[draft.feature].enabled;
	id.rule.is_pair = 1;
	number = intern_number(&b->rule, &id, sizeof(id), NULL);
	keep_text(b, number, &draft);
	return port_tables_set(&b->tables, &number, 1, 0, false);
}

static int pair_compare(const void *left, const void *right)
{
	const struct policy_pair *a = left, *b = right;
	int order = (int)a->appliance[0] - (int)b->appliance[0];

	return order ? order : (int)a->appliance[1] - (int)b->appliance[1];
}

static void pairs_write(struct rules_builder *b, struct policy *policy)
{
	struct policy_pair *pair = arena_table(b->arena, b->site->pairs + 1, sizeof(*pair));

	for (size_t i = 0; i < b->site->pairs; i++) {
		const struct site_pair *from = &b->site->pair[i];
		uint16_t feature = drafter_feature(&b->drafter, from->feature);
		uint32_t x = from->appliance[0], y = from->appliance[1];
		if (!b->site->feature[feature].enabled)
			continue;
		pair[policy->pairs++] = (struct policy_pair){
			.appliance = {(uint16_t)(x < y ? x : y), (uint16_t)(x < y ? y : x)},
			.set = pair_set(b, from)};
	}
	qsort(pair, policy->pairs, sizeof(*pair), pair_compare);
	policy->pair = pair;
}

/* ---- the policy ---- */

static char *rule_id(const struct rules_builder *b, const struct rule_draft *d)
{
	const struct profile_row *row = d->row;

	if (d->id)
		return arena_text(b->arena, d->id);
	if (d->port != d->port_last)
		return arena_format(b->arena, "%s/%s/%u-%u/%s", role_name(row->role),
			direction_name(row->direction), d->port, d->port_last,
			transport_name(row->transport));
	return arena_format(b->arena, "%s/%s/%u/%s", role_name(row->role),
		direction_name(row->direction), row->port, transport_name(row->transport));
}

static struct rule_text rule_text_of(const struct rules_builder *b, const struct rule_draft *d)
{
	const struct profile_row *row = d->row;

	return (struct rule_text){.id = rule_id(b, d),
		.feature = arena_text(b->arena, row->feature),
		.service = arena_text(b->arena, row->service),
		.description = arena_text(b->arena, row->description),
		.source = arena_text(b->arena, row->source),
		.origin = arena_text(b->arena, row->origin),
		.status = row->status,
		.required = row->required,
		.configurable = row->configurable,
		.unattended = row->unattended,
		.documented_port = row->port,
		.order = d->order};
}

/* Rows that appliances of several classes have. */
static void find_same(struct rules_builder *b, struct rule_text *rule, size_t count)
{
	uint32_t *first = arena_alloc(b->scratch, (count + 1) * sizeof(*first));
	struct intern rows;

	intern_open(&rows, b->scratch);
	for (size_t i = 0; i < count; i++) {
		const char *key = arena_format(b->scratch, "%s %s", rule[i].id, rule[i].feature);
		bool is_new;
		uint32_t row = intern_number(&rows, key, strlen(key), &is_new);
		if (is_new)
			first[row] = (uint32_t)i;
		rule[i].same_as = first[row];
	}
}

static void rules_write(struct rules_builder *b, struct ruleset *ruleset)
{
	size_t count = b->rule.count;
	struct rule *rule = arena_table(b->arena, count + 1, sizeof(*rule));

	ruleset->rule = arena_table(b->arena, count + 1, sizeof(*ruleset->rule));
	for (size_t i = 0; i < count; i++) {
		const struct rule_identity *id = b->rule.item[i].key;
		rule[i] = id->rule;
		ruleset->rule[i] = rule_text_of(b, &b->text_of[i]);
	}
	find_same(b, ruleset->rule, count);
	ruleset->policy->rule = rule;
	ruleset->policy->rules = (uint32_t)count;
}

static void peers_write(struct rules_builder *b, struct policy *policy)
{
	struct prefix *peer = arena_table(b->arena, b->prefixes + 1, sizeof(*peer));

	for (size_t i = 0; i < b->peers.count; i++)
		memcpy(peer + b->peer_first[i], b->peers.item[i].key, b->peers.item[i].bytes);
	policy->peer = peer;
	policy->peers = (uint32_t)b->prefixes;
}

static void managers_write(
	struct rules_builder *b, struct policy *policy, struct policy_class *class)
{
	size_t count = 0;
	uint16_t *manager;

	for (size_t i = 0; i < b->classes.count; i++)
		count += b->classes.plan[i].managers;
	manager = arena_table(b->arena, count + 1, sizeof(*manager));
	for (size_t i = 0; i < b->classes.count; i++) {
		const struct class_plan *plan = &b->classes.plan[i];
		class[i].manager_first = policy->managers;
		class[i].managers = (uint32_t)plan->managers;
		class[i].allows_devices = plan->allows_devices;
		for (size_t m = 0; m < plan->managers; m++)
			manager[policy->managers++] = (uint16_t)plan->manager[m];
	}
	policy->manager = manager;
}

static void classes_write(
	struct rules_builder *b, struct ruleset *ruleset, const struct class_tables *made)
{
	struct policy *policy = ruleset->policy;
	struct policy_class *class = arena_table(b->arena, b->classes.count, sizeof(*class));
	const struct port_table *table = port_tables_write(&b->tables, policy, b->arena);

	ruleset->class = arena_table(b->arena, b->classes.count, sizeof(*ruleset->class));
	for (size_t i = 0; i < b->classes.count; i++) {
		const struct class_plan *plan = &b->classes.plan[i];
		class[i] = (struct policy_class){.role = (uint8_t)plan->role,
			.data_class = (uint16_t)plan->data_class,
			.dhcp_set = made[i].dhcp_set};
		for (unsigned d = 0; d < DIRECTION_COUNT; d++)
			for (unsigned t = 0; t < TRANSPORT_COUNT; t++)
				class[i].table[d][t] = &table[made[i].number[d][t]];
		ruleset->class[i] =
			(struct ruleset_class){.profile = arena_text(b->arena, plan->profile->name),
				.appliances = plan->appliances,
				.is_data = plan->is_data,
				.rule = made[i].rule,
				.rules = made[i].rules};
	}
	for (size_t i = 0; i < b->classes.count; i++)
		for (size_t r = 0; r < made[i].rules; r++)
			ruleset->rule[made[i].rule[r]].in_use |=
				b->site->appliances == 0 || b->classes.plan[i].appliances > 0;
	managers_write(b, policy, class);
	policy->class = class;
	policy->classes = (uint32_t)b->classes.count;
}

static void features_write(struct ruleset *ruleset, const struct site *site, struct arena *arena)
{
	ruleset->features = site->features;
	ruleset->feature = arena_alloc(arena, (site->features + 1) * sizeof(*ruleset->feature));
	for (size_t i = 0; i < site->features; i++)
		ruleset->feature[i] = arena_text(arena, site->feature[i].name);
}

static void builder_open(struct rules_builder *b)
{
	b->scratch = arena_part(b->arena);
	intern_open(&b->rule, b->scratch);
	intern_open(&b->peers, b->scratch);
	port_tables_open(&b->tables, b->scratch);
	drafter_open(&b->drafter, b->site, &b->classes, b->scratch, b->errors);
}

static int check_room(struct rules_builder *b)
{
	if (b->tables.is_full) {
		errors_add(b->errors,
			"%s: found rules that differ on more than %d ports and classes; want "
			"ranges of ports, or fewer rules",
			b->site->file, POLICY_SETS_MAX - 1);
		b->rc = -EINVAL;
	}
	return b->rc;
}

/* What is written once there is no mistake. */
static void builder_write(
	struct rules_builder *b, struct ruleset *ruleset, const struct class_tables *made)
{
	features_write(ruleset, b->site, b->arena);
	ruleset->class_of = arena_alloc(b->arena, b->site->appliances + 1);
	memcpy(ruleset->class_of, b->classes.of, b->site->appliances);
	rules_write(b, ruleset);
	peers_write(b, ruleset->policy);
	classes_write(b, ruleset, made);
	memcpy(ruleset->policy->protocol, b->site->protocol, sizeof(b->site->protocol));
}

static void classes_make(struct rules_builder *b, struct class_tables *made)
{
	for (size_t i = 0; i < b->classes.count; i++) {
		/* Drafts of one class are of no use to the next. */
		b->drafter.arena = arena_part(b->scratch);
		class_make(b, i, &made[i]);
		arena_release(b->scratch, b->drafter.arena);
	}
	b->drafter.arena = b->scratch;
	if (b->drafter.rc == 0)
		drafter_check_bindings(&b->drafter);
	b->rc = b->drafter.rc;
}

int rules_build(struct ruleset *ruleset, const struct site *site, struct arena *arena,
	struct errors *errors)
{
	struct rules_builder b = {.site = site, .arena = arena, .errors = errors};
	struct class_tables *made;

	builder_open(&b);
	made = arena_alloc(b.scratch, POLICY_CLASSES_MAX * sizeof(*made));
	b.rc = classes_plan(&b.classes, site, b.scratch, errors);
	if (b.rc == 0)
		classes_make(&b, made);
	if (b.rc == 0)
		pairs_write(&b, ruleset->policy);
	if (check_room(&b) == 0)
		builder_write(&b, ruleset, made);
	arena_release(arena, b.scratch);
	return b.rc;
}
