#include "policy/port_tables.h"

#include <string.h>

#include "base/arena.h"

void port_tables_open(struct port_tables *t, struct arena *arena)
{
	*t = (struct port_tables){.arena = arena, .rule_sets = 1, .rule_set_room = 256};
	intern_open(&t->set, arena);
	intern_open(&t->table, arena);
	t->rule_set = arena_alloc(arena, t->rule_set_room * sizeof(*t->rule_set));
}

static void grow(struct port_tables *t)
{
	struct rule_set *larger;

	if (t->rule_sets < t->rule_set_room)
		return;
	t->rule_set_room *= 2;
	larger = arena_alloc(t->arena, t->rule_set_room * sizeof(*larger));
	memcpy(larger, t->rule_set, t->rule_sets * sizeof(*larger));
	t->rule_set = larger;
}

uint16_t port_tables_set(
	struct port_tables *t, const uint32_t *rule, size_t count, uint16_t port, bool is_channel)
{
	bool is_new;
	uint32_t number = intern_number(&t->set, rule, count * sizeof(*rule), &is_new) + 1;

	if (number >= POLICY_SETS_MAX) {
		t->is_full = true;
		return SET_NONE;
	}
	if (is_new) {
		grow(t);
		t->rule_set[t->rule_sets++] = (struct rule_set){
			.count = (uint32_t)count, .port = port, .is_channel = is_channel};
	}
	return (uint16_t)number;
}

uint32_t port_tables_table(struct port_tables *t, const struct port_span *span, size_t count)
{
	return intern_number(&t->table, span, count * sizeof(*span), NULL);
}

static void write_sets(const struct port_tables *t, struct policy *policy, struct arena *arena)
{
	struct rule_set *set = arena_table(arena, t->rule_sets, sizeof(*set));
	size_t members = 0, used = 0;
	uint32_t *member;

	memcpy(set, t->rule_set, t->rule_sets * sizeof(*set));
	for (size_t i = 1; i < t->rule_sets; i++)
		members += set[i].count;
	member = arena_table(arena, members + 1, sizeof(*member));
	for (size_t i = 1; i < t->rule_sets; i++) {
		set[i].first = (uint32_t)used;
		memcpy(member + used, t->set.item[i - 1].key, set[i].count * sizeof(*member));
		used += set[i].count;
	}
	policy->set = set;
	policy->sets = (uint32_t)t->rule_sets;
	policy->member = member;
}

static size_t ports_of(const struct interned *table)
{
	const struct port_span *span = table->key;
	size_t ports = 0;

	for (size_t i = 0; i < table->bytes / sizeof(*span); i++)
		ports += span[i].last - span[i].first + 1u;
	return ports;
}

static void write_table(
	struct port_table *table, uint16_t *port_set, uint32_t *used, const struct interned *from)
{
	const struct port_span *span = from->key;

	for (size_t i = 0; i < from->bytes / sizeof(*span); i++)
		for (unsigned port = span[i].first; port <= span[i].last; port++)
			policy_table_put(table, port_set, used, (uint16_t)port, span[i].set);
}

const struct port_table *port_tables_write(
	const struct port_tables *t, struct policy *policy, struct arena *arena)
{
	struct port_table *table = arena_table(arena, t->table.count, sizeof(*table));
	size_t ports = 0;
	uint16_t *port_set;
	uint32_t used = 0;

	write_sets(t, policy, arena);
	for (size_t i = 0; i < t->table.count; i++)
		ports += ports_of(&t->table.item[i]);
	port_set = arena_table(arena, ports + 1, sizeof(*port_set));
	for (size_t i = 0; i < t->table.count; i++)
		write_table(&table[i], port_set, &used, &t->table.item[i]);
	policy->port_set = port_set;
	return table;
}
