#include "policy/rows.h"

#include <stdbool.h>
#include <string.h>

#include "base/arena.h"
#include "policy/intern.h"
#include "policy/ruleset.h"

/* The sets of a class, each once, by direction, transport and port. */
struct class_sets {
	uint16_t *set;
	size_t count;
};

static void find_sets(const struct policy *p, const struct port_table *table, bool *is_found,
	uint16_t *found, size_t *count)
{
	for (unsigned word = 0; word < PORT_COUNT / 64; word++)
		for (uint64_t left = table->has_set[word]; left; left &= left - 1) {
			unsigned port = word * 64 + (unsigned)__builtin_ctzll(left);
			uint16_t set = policy_table_set(p, table, (uint16_t)port);
			if (!is_found[set])
				found[(*count)++] = set;
			is_found[set] = true;
		}
}

static struct class_sets sets_of(
	const struct ruleset *c, const struct policy_class *class, struct arena *arena)
{
	struct arena *scratch = arena_part(arena);
	bool *is_found = arena_alloc(scratch, c->policy->sets * sizeof(*is_found));
	uint16_t *found = arena_alloc(scratch, c->policy->sets * sizeof(*found));
	struct class_sets of = {.set = NULL};

	for (unsigned d = 0; d < DIRECTION_COUNT; d++)
		for (unsigned t = 0; t < TRANSPORT_COUNT; t++)
			find_sets(c->policy, class->table[d][t], is_found, found, &of.count);
	of.set = arena_alloc(arena, (of.count + 1) * sizeof(*of.set));
	memcpy(of.set, found, of.count * sizeof(*of.set));
	arena_release(arena, scratch);
	return of;
}

/* Sets that only data interfaces have. */
static bool *data_sets(const struct ruleset *c, const struct class_sets *of, struct arena *scratch)
{
	bool *is_data = arena_alloc(scratch, c->policy->sets * sizeof(*is_data));

	for (int data = 1; data >= 0; data--)
		for (uint32_t i = 0; i < c->policy->classes; i++)
			for (size_t k = 0; k < of[i].count && c->class[i].is_data == (data != 0);
				k++)
				is_data[of[i].set[k]] = data;
	return is_data;
}

static void number_rows(struct ruleset *c, const bool *is_data, struct arena *arena)
{
	const struct policy *p = c->policy;
	struct intern ids;

	intern_open(&ids, arena);
	c->row_of = arena_alloc(arena, p->sets * sizeof(*c->row_of));
	for (uint32_t set = SET_NONE + 1; set < p->sets; set++) {
		const char *id = arena_format(arena, "%s%s", ruleset_set_id(c, (uint16_t)set),
			is_data[set] ? " data" : "");
		c->row_of[set] = intern_number(&ids, id, strlen(id) + 1, NULL) + 1;
	}
	c->rows = (uint32_t)ids.count + 1;
	c->row_id = arena_alloc(arena, c->rows * sizeof(*c->row_id));
	c->row_id[0] = "";
	for (size_t i = 0; i < ids.count; i++)
		c->row_id[i + 1] = ids.item[i].key;
}

void rows_build(struct ruleset *c, struct arena *arena)
{
	struct arena *scratch = arena_part(arena);
	const struct policy *p = c->policy;
	struct class_sets *of = arena_alloc(scratch, p->classes * sizeof(*of));

	for (uint32_t i = 0; i < p->classes; i++)
		of[i] = sets_of(c, &p->class[i], scratch);
	number_rows(c, data_sets(c, of, scratch), arena);
	c->class_row = arena_alloc(arena, (size_t)p->classes * c->rows * sizeof(*c->class_row));
	for (uint32_t i = 0; i < p->classes; i++)
		for (size_t k = 0; k < of[i].count; k++) {
			uint16_t set = of[i].set[k];
			uint16_t *at = &c->class_row[(size_t)i * c->rows + c->row_of[set]];
			*at = *at == SET_NONE ? set : *at;
		}
	arena_release(arena, scratch);
}
