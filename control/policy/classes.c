#include "policy/classes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/errors.h"
#include "base/literal.h"
#include "base/numbers.h"
#include "config/site.h"
#include "policy.h"
#include "policy/intern.h"

/* Numbers by appliance: those of appliance a are number[first[a]] up to number[first[a + 1]]. */
struct by_appliance {
	size_t *first;
	uint32_t *number;
};

struct planner {
	const struct site *site;
	struct arena *arena;
	struct class_list *list;
	struct intern key;
	size_t class_of_key[POLICY_CLASSES_MAX];
	struct by_appliance extra, partner;
	uint32_t *role_extra[ROLE_COUNT]; /* rules of all of a role */
	size_t role_extras[ROLE_COUNT];
};

/* ---- numbers by appliance ---- */

static void by_appliance_open(
	struct by_appliance *b, const size_t *count, size_t appliances, struct arena *arena)
{
	b->first = arena_alloc(arena, (appliances + 1) * sizeof(*b->first));
	for (size_t a = 0; a < appliances; a++)
		b->first[a + 1] = b->first[a] + count[a];
	b->number = arena_alloc(arena, (b->first[appliances] + 1) * sizeof(*b->number));
}

static void find_extras(struct planner *p)
{
	const struct site *site = p->site;
	size_t *count = arena_alloc(p->arena, (site->appliances + 1) * sizeof(*count));

	for (unsigned pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < site->extras; i++)
			for (size_t j = 0; j < site->extra[i].appliances; j++) {
				uint32_t a = site->extra[i].appliance[j];
				/* A rule of several roles is one of each. */
				if (site->appliance[a].role != site->extra[i].row.role)
					continue;
				if (pass == 1)
					p->extra.number[p->extra.first[a] + count[a]] = (uint32_t)i;
				count[a]++;
			}
		if (pass == 0)
			by_appliance_open(&p->extra, count, site->appliances, p->arena);
		memset(count, 0, site->appliances * sizeof(*count));
	}
}

static void find_role_extras(struct planner *p)
{
	for (unsigned role = 0; role < ROLE_COUNT; role++) {
		p->role_extra[role] =
			arena_alloc(p->arena, (p->site->extras + 1) * sizeof(*p->role_extra[role]));
		for (size_t i = 0; i < p->site->extras; i++)
			if (!p->site->extra[i].appliance && p->site->extra[i].row.role == role)
				p->role_extra[role][p->role_extras[role]++] = (uint32_t)i;
	}
}

/* A management center that names another one as its manager is its partner, and the other way
 * round: what one manages, both may. */
static void find_partners(struct planner *p)
{
	const struct site *site = p->site;
	size_t *count = arena_alloc(p->arena, (site->appliances + 1) * sizeof(*count));

	for (unsigned pass = 0; pass < 2; pass++) {
		for (size_t a = 0; a < site->appliances; a++)
			for (size_t i = 0; site->appliance[a].role == ROLE_MANAGEMENT_CENTER &&
					   i < site->appliance[a].managers;
				i++) {
				uint32_t b = site->appliance[a].manager[i];
				if (pass == 1) {
					p->partner.number[p->partner.first[a] + count[a]] = b;
					p->partner.number[p->partner.first[b] + count[b]] =
						(uint32_t)a;
				}
				count[a]++;
				count[b]++;
			}
		if (pass == 0)
			by_appliance_open(&p->partner, count, site->appliances, p->arena);
		memset(count, 0, site->appliances * sizeof(*count));
	}
}

/* ---- managers ---- */

static size_t put_partners(const struct planner *p, uint32_t of, uint32_t *number, size_t count)
{
	for (size_t i = p->partner.first[of]; i < p->partner.first[of + 1]; i++)
		number[count++] = p->partner.number[i];
	return count;
}

static size_t partners_of(const struct planner *p, uint32_t of)
{
	return p->partner.first[of + 1] - p->partner.first[of];
}

/* Of a device its managers and their partners, of a center its partners. */
static void plan_managers(const struct planner *p, size_t number, struct class_plan *plan)
{
	const struct site_appliance *a = &p->site->appliance[number];
	size_t room = a->managers + partners_of(p, (uint32_t)number);
	uint32_t *manager;

	if (!a->managers)
		return;
	for (size_t i = 0; i < a->managers; i++)
		room += partners_of(p, a->manager[i]);
	manager = arena_alloc(p->arena, (room + 1) * sizeof(*manager));
	plan->allows_devices = a->role == ROLE_MANAGEMENT_CENTER;
	for (size_t i = 0; i < a->managers; i++) {
		manager[plan->managers++] = a->manager[i];
		if (a->role == ROLE_MANAGED_DEVICE)
			plan->managers = put_partners(p, a->manager[i], manager, plan->managers);
	}
	plan->managers = put_partners(p, (uint32_t)number, manager, plan->managers);
	plan->managers = numbers_unique(manager, plan->managers);
	plan->manager = manager;
}

/* ---- rules of one's own ---- */

static void plan_extras(const struct planner *p, size_t number, struct class_plan *plan)
{
	size_t first = p->extra.first[number], own = p->extra.first[number + 1] - first;
	uint32_t *extra;

	plan->extra = p->role_extra[plan->role];
	plan->extras = p->role_extras[plan->role];
	if (own == 0)
		return;
	extra = arena_alloc(p->arena, (plan->extras + own) * sizeof(*extra));
	memcpy(extra, plan->extra, plan->extras * sizeof(*extra));
	memcpy(extra + plan->extras, &p->extra.number[first], own * sizeof(*extra));
	plan->extras += own;
	numbers_sort(extra, plan->extras);
	plan->extra = extra;
}

/* ---- keys ---- */

static const char *numbers_text(const uint32_t *number, size_t count, struct arena *arena)
{
	enum { NUMBER_BYTES = 12 };
	char *text = arena_alloc(arena, count * NUMBER_BYTES + 1);
	size_t used = 0;

	for (size_t i = 0; i < count; i++)
		used += (size_t)sprintf(text + used, " %u", number[i]);
	return text;
}

static const char *peers_text(const struct site_peers *peers, struct arena *arena)
{
	char prefix[PREFIX_TEXT_BYTES], *text;
	size_t used = 0;

	if (!peers->is_set)
		return "-";
	text = arena_alloc(arena, peers->count * (PREFIX_TEXT_BYTES + 1) + 16);
	used = (size_t)sprintf(text, "%d", peers->peers);
	for (size_t i = 0; i < peers->count; i++) {
		format_prefix(&peers->prefix[i], prefix);
		used += (size_t)sprintf(text + used, " %s", prefix);
	}
	return text;
}

static const char *features_text(
	const struct site *site, const struct site_feature *own, struct arena *arena)
{
	const char *text = "";

	for (size_t f = 0; own && f < site->features; f++) {
		const struct site_feature *feature = &own[f];
		if (site_feature_equals(feature, &site->feature[f]))
			continue;
		text = arena_format(arena, "%s\n%zu %d %s", text, f, feature->enabled,
			peers_text(&feature->peers, arena));
		for (size_t m = 0; m < feature->moves; m++)
			text = arena_format(arena, "%s %u>%u/%d", text, feature->move[m].from,
				feature->move[m].to, feature->move[m].transport);
	}
	return text;
}

static bool has_own_rules(const struct planner *p, size_t number, const struct class_plan *plan)
{
	const struct site_appliance *a = &p->site->appliance[number];

	return a->profile || a->feature || a->managers || a->datas ||
	       plan->extras != p->role_extras[plan->role];
}

/* ---- classes ---- */

static struct class_plan plan_of_role(const struct planner *p, unsigned role)
{
	return (struct class_plan){.role = role,
		.profile = p->site->profile[0],
		.feature = p->site->feature,
		.extra = p->role_extra[role],
		.extras = p->role_extras[role],
		.data_class = role};
}

/* A new class, and one more for its data interfaces; beyond the limit it is only counted. */
static size_t add_classes(struct planner *p, struct class_plan plan, bool has_data)
{
	size_t number = p->list->count;

	p->list->count += 1u + has_data;
	if (p->list->count > POLICY_CLASSES_MAX)
		return number;
	plan.data_class = number + has_data;
	p->list->plan[number] = plan;
	plan.is_data = true;
	if (has_data)
		p->list->plan[number + 1] = plan;
	return number;
}

static const char *key_text(
	const struct planner *p, const struct site_appliance *a, const struct class_plan *plan)
{
	return arena_format(p->arena, "%d %zu %d m%s x%s f%s", a->role, a->profile, a->datas > 0,
		numbers_text(plan->manager, plan->managers, p->arena),
		numbers_text(plan->extra, plan->extras, p->arena),
		features_text(p->site, a->feature, p->arena));
}

static size_t class_of(struct planner *p, size_t number)
{
	const struct site_appliance *a = &p->site->appliance[number];
	struct class_plan plan = plan_of_role(p, a->role);
	const char *key;
	uint32_t found;
	bool is_new;

	plan_extras(p, number, &plan);
	if (!has_own_rules(p, number, &plan))
		return a->role;
	plan.profile = p->site->profile[a->profile];
	plan.feature = a->feature ? a->feature : p->site->feature;
	plan_managers(p, number, &plan);
	key = key_text(p, a, &plan);
	found = intern_number(&p->key, key, strlen(key), &is_new);
	if (is_new && found < POLICY_CLASSES_MAX)
		p->class_of_key[found] = add_classes(p, plan, a->datas > 0);
	return found < POLICY_CLASSES_MAX ? p->class_of_key[found] : POLICY_CLASSES_MAX;
}

static int refuse_classes(const struct site *site, struct errors *errors)
{
	errors_add(errors,
		"%s: found appliances that need more than %d different tables; want fewer "
		"differences in their profiles, features, managers and rules",
		site->file, POLICY_CLASSES_MAX);
	return -EINVAL;
}

static int assign(struct planner *p)
{
	for (size_t a = 0; a < p->site->appliances; a++) {
		size_t class = class_of(p, a);
		if (p->list->count > POLICY_CLASSES_MAX || class >= POLICY_CLASSES_MAX)
			return -EINVAL;
		p->list->of[a] = (uint8_t) class;
		p->list->plan[class].appliances++;
	}
	for (size_t i = 0; i < p->list->count; i++)
		if (p->list->plan[i].is_data)
			p->list->plan[i].appliances = p->list->plan[i - 1].appliances;
	return 0;
}

int classes_plan(struct class_list *list, const struct site *site, struct arena *arena,
	struct errors *errors)
{
	struct planner p = {.site = site, .arena = arena, .list = list};

	*list = (struct class_list){.count = ROLE_COUNT};
	list->plan = arena_alloc(arena, POLICY_CLASSES_MAX * sizeof(*list->plan));
	list->of = arena_alloc(arena, site->appliances + 1);
	intern_open(&p.key, arena);
	find_role_extras(&p);
	find_extras(&p);
	find_partners(&p);
	for (unsigned role = 0; role < ROLE_COUNT; role++)
		list->plan[role] = plan_of_role(&p, role);
	return assign(&p) ? refuse_classes(site, errors) : 0;
}
