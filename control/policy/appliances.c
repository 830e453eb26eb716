#include "policy/appliances.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/errors.h"
#include "base/literal.h"
#include "config/site.h"
#include "inventory.h"
#include "policy/ruleset.h"

#define NESTING_MAX 130 /* prefix lengths, and one */

/* A name, an address or a MAC address of an appliance. */
struct claim {
	const struct site_appliance *appliance;
	const char *text;
	struct prefix prefix;
	uint64_t mac;
	unsigned line;
};

struct appliance_list {
	const struct site *site;
	struct arena *arena;
	struct errors *errors;
	int rc;
};

static int line_compare(const struct claim *a, const struct claim *b)
{
	return (a->line > b->line) - (a->line < b->line);
}

static void refuse_twice(struct appliance_list *r, const char *what, const struct claim *first,
	const struct claim *again)
{
	errors_add(r->errors, "%s:%u: found %s %s again; want it once (%s has it on line %u)",
		r->site->file, again->line, what, again->text, first->appliance->name, first->line);
	r->rc = -EINVAL;
}

/* ---- names ---- */

static int name_compare(const void *left, const void *right)
{
	const struct claim *a = left, *b = right;
	int order = strcmp(a->text, b->text);

	return order ? order : line_compare(a, b);
}

static void check_names(struct appliance_list *r, struct ruleset *ruleset)
{
	size_t count = r->site->appliances;
	struct claim *claim = arena_alloc(r->arena, (count + 1) * sizeof(*claim));

	for (size_t i = 0; i < count; i++) {
		const struct site_appliance *a = &r->site->appliance[i];
		claim[i] = (struct claim){.appliance = a, .text = a->name, .line = a->line};
	}
	qsort(claim, count, sizeof(*claim), name_compare);
	ruleset->by_name = arena_alloc(r->arena, (count + 1) * sizeof(*ruleset->by_name));
	for (size_t i = 0; i < count; i++) {
		ruleset->by_name[i] = (uint16_t)(claim[i].appliance - r->site->appliance);
		if (i > 0 && strcmp(claim[i].text, claim[i - 1].text) == 0)
			refuse_twice(r, "appliance", &claim[i - 1], &claim[i]);
	}
}

/* ---- addresses ---- */

static int prefix_order(const struct prefix *a, const struct prefix *b)
{
	int order = (int)a->version - (int)b->version;

	if (!order)
		order = memcmp(a->address.byte, b->address.byte, sizeof(a->address.byte));
	return order ? order : (int)a->length - (int)b->length;
}

static int address_compare(const void *left, const void *right)
{
	const struct claim *a = left, *b = right;
	int order = prefix_order(&a->prefix, &b->prefix);

	return order ? order : line_compare(a, b);
}

static void refuse_overlap(
	struct appliance_list *r, const struct claim *outer, const struct claim *inner)
{
	const struct claim *later = outer->line > inner->line ? outer : inner;
	const struct claim *earlier = later == outer ? inner : outer;

	errors_add(r->errors,
		"%s:%u: found %s of %s %s overlapping %s of %s %s (line %u); want addresses of two "
		"roles apart",
		r->site->file, later->line, later->text, role_name(later->appliance->role),
		later->appliance->name, earlier->text, role_name(earlier->appliance->role),
		earlier->appliance->name, earlier->line);
	r->rc = -EINVAL;
}

/* Whether hosts of this network are said to be none of the appliance. */
static bool is_excepted(const struct site_appliance *a, const struct prefix *p)
{
	for (size_t i = 0; i < a->excepts; i++)
		if (a->except[i].length <= p->length &&
			prefix_contains(&a->except[i], &p->address, p->version))
			return true;
	return false;
}

/* Sorted, a network precedes what it contains: a stack holds the networks around the current
 * address; comparing it with the innermost is sufficient. */
static void check_overlaps(struct appliance_list *r, const struct claim *claim, size_t count)
{
	const struct claim *around[NESTING_MAX];
	size_t depth = 0;

	for (size_t i = 0; i < count; i++) {
		const struct prefix *prefix = &claim[i].prefix;
		while (depth > 0 && !prefix_contains(&around[depth - 1]->prefix, &prefix->address,
					    prefix->version))
			depth--;
		if (depth > 0 && prefix_order(&around[depth - 1]->prefix, prefix) == 0) {
			refuse_twice(r, "address", around[depth - 1], &claim[i]);
			continue;
		}
		if (depth > 0 && around[depth - 1]->appliance->role != claim[i].appliance->role &&
			!is_excepted(around[depth - 1]->appliance, prefix))
			refuse_overlap(r, around[depth - 1], &claim[i]);
		around[depth++] = &claim[i];
		assert(depth < NESTING_MAX);
	}
}

static size_t address_count(const struct site *site)
{
	size_t count = 0;

	for (size_t i = 0; i < site->appliances; i++)
		count += site->appliance[i].addresses;
	return count;
}

static size_t except_count(const struct site *site)
{
	size_t count = 0;

	for (size_t i = 0; i < site->appliances; i++)
		count += site->appliance[i].excepts;
	return count;
}

static void check_addresses(struct appliance_list *r)
{
	struct claim *claim = arena_alloc(r->arena, (address_count(r->site) + 1) * sizeof(*claim));
	size_t count = 0;

	for (size_t i = 0; i < r->site->appliances; i++) {
		const struct site_appliance *a = &r->site->appliance[i];
		for (size_t j = 0; j < a->addresses; j++)
			claim[count++] = (struct claim){.appliance = a,
				.text = a->address[j],
				.prefix = a->prefix[j],
				.line = a->address_line[j]};
	}
	qsort(claim, count, sizeof(*claim), address_compare);
	check_overlaps(r, claim, count);
}

/* ---- exceptions ---- */

static bool is_inside(const struct site_appliance *a, const struct prefix *except)
{
	for (size_t i = 0; i < a->addresses; i++)
		if (a->prefix[i].length < except->length &&
			prefix_contains(&a->prefix[i], &except->address, except->version))
			return true;
	return false;
}

/* An exception that takes nothing out, or all of it, is a mistake. */
static void check_exceptions(struct appliance_list *r, const struct site_appliance *a)
{
	char text[PREFIX_TEXT_BYTES];

	for (size_t i = 0; i < a->excepts; i++) {
		/* A group may have hosts elsewhere, too. */
		if (!a->except_is_own[i] || is_inside(a, &a->except[i]))
			continue;
		format_prefix(&a->except[i], text);
		errors_add(r->errors,
			"%s:%u: found %s for except, which is in none of the networks of %s; want "
			"a part of one of them",
			r->site->file, a->except_line[i], text, a->name);
		r->rc = -EINVAL;
	}
}

/* ---- MAC addresses ---- */

static int mac_compare(const void *left, const void *right)
{
	const struct claim *a = left, *b = right;
	int order = (a->mac > b->mac) - (a->mac < b->mac);

	return order ? order : line_compare(a, b);
}

static size_t mac_count(const struct site *site)
{
	size_t count = 0;

	for (size_t i = 0; i < site->appliances; i++)
		count += site->appliance[i].macs;
	return count;
}

static void check_macs(struct appliance_list *r)
{
	struct claim *claim = arena_alloc(r->arena, (mac_count(r->site) + 1) * sizeof(*claim));
	size_t count = 0;

	for (size_t i = 0; i < r->site->appliances; i++) {
		const struct site_appliance *a = &r->site->appliance[i];
		for (size_t j = 0; j < a->macs; j++)
			claim[count++] = (struct claim){.appliance = a,
				.text = a->mac[j],
				.mac = a->mac_number[j],
				.line = a->mac_line[j]};
	}
	qsort(claim, count, sizeof(*claim), mac_compare);
	for (size_t i = 1; i < count; i++) {
		if (claim[i].mac == claim[i - 1].mac)
			refuse_twice(r, "MAC address", &claim[i - 1], &claim[i]);
	}
}

/* ---- the inventory ---- */

static void appliance_write(struct appliance_text *written, struct inventory *inventory,
	const struct site_appliance *a, uint8_t class, struct arena *arena)
{
	int number = inventory_add(inventory, class);
	int rc = number < 0 ? number : 0;

	for (size_t i = 0; rc == 0 && i < a->addresses; i++)
		rc = inventory_add_prefix(inventory, &a->prefix[i], (uint16_t)number);
	for (size_t i = 0; rc == 0 && i < a->macs; i++)
		rc = inventory_add_mac(inventory, a->mac_number[i], (uint16_t)number);
	assert(rc == 0); /* room and duplicates were checked before */
	(void)rc;
	*written = (struct appliance_text){.name = arena_text(arena, a->name),
		.role = a->role,
		.address = a->address,
		.addresses = a->addresses,
		.except = a->except_text,
		.excepts = a->excepts,
		.mac = a->mac,
		.macs = a->macs};
}

static void except_write(struct inventory *inventory, const struct site_appliance *a)
{
	for (size_t i = 0; i < a->excepts; i++)
		if (is_inside(a, &a->except[i]))
			(void)inventory_add_prefix(inventory, &a->except[i], APPLIANCE_NONE);
}

static void data_write(struct appliance_list *r, struct policy *policy)
{
	size_t count = 0;
	uint32_t *first;
	struct prefix *data;

	for (size_t i = 0; i < r->site->appliances; i++)
		count += r->site->appliance[i].datas;
	if (count == 0)
		return;
	first = arena_table(r->arena, r->site->appliances + 1, sizeof(*first));
	data = arena_table(r->arena, count, sizeof(*data));
	for (size_t i = 0; i < r->site->appliances; i++) {
		const struct site_appliance *a = &r->site->appliance[i];
		first[i + 1] = first[i] + (uint32_t)a->datas;
		if (a->datas)
			memcpy(data + first[i], a->data, a->datas * sizeof(*data));
	}
	policy->data_first = first;
	policy->data = data;
}

static void inventory_write(struct appliance_list *r, struct ruleset *ruleset)
{
	size_t appliances = r->site->appliances;
	size_t addresses = address_count(r->site) + except_count(r->site);
	size_t macs = mac_count(r->site);
	void *memory = arena_table(r->arena, 1, inventory_size(appliances, addresses, macs));
	struct inventory *inventory = inventory_init(memory, appliances, addresses, macs);

	ruleset->appliances = appliances;
	ruleset->appliance = arena_alloc(r->arena, (appliances + 1) * sizeof(*ruleset->appliance));
	for (size_t i = 0; i < appliances; i++)
		appliance_write(&ruleset->appliance[i], inventory, &r->site->appliance[i],
			ruleset->class_of[i], r->arena);
	/* Last: an appliance may stand where another one's network has an exception. */
	for (size_t i = 0; i < appliances; i++)
		except_write(inventory, &r->site->appliance[i]);
	data_write(r, ruleset->policy);
	inventory_set_mirrors(inventory, r->site->mirror_endpoint, r->site->mirror_endpoints);
	ruleset->policy->inventory = inventory;
}

int appliances_build(struct ruleset *ruleset, const struct site *site, struct arena *arena,
	struct errors *errors)
{
	struct appliance_list r = {.site = site, .arena = arena, .errors = errors};

	check_names(&r, ruleset);
	check_addresses(&r);
	for (size_t i = 0; i < site->appliances; i++)
		check_exceptions(&r, &site->appliance[i]);
	check_macs(&r);
	if (r.rc == 0 && ruleset->class_of) /* without, the rules had mistakes */
		inventory_write(&r, ruleset);
	return r.rc;
}
