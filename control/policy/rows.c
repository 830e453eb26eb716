#include "policy/rows.h"

#include <string.h>

#include "base/arena.h"
#include "policy/intern.h"
#include "policy/ruleset.h"

static uint32_t row_number(struct intern *ids, const struct ruleset *c, uint16_t set)
{
	const char *id = ruleset_set_id(c, set);

	return intern_number(ids, id, strlen(id), NULL) + 1;
}

/* The sets of a class by row: of a row's several the first, by direction, transport and port. */
static void class_write(const struct ruleset *c, const struct policy_class *class, uint16_t *by_row)
{
	for (unsigned d = 0; d < DIRECTION_COUNT; d++)
		for (unsigned t = 0; t < TRANSPORT_COUNT; t++)
			for (unsigned port = 0; port < PORT_COUNT; port++) {
				uint16_t set = policy_table_set(
					c->policy, class->table[d][t], (uint16_t)port);
				if (set != SET_NONE && by_row[c->row_of[set]] == SET_NONE)
					by_row[c->row_of[set]] = set;
			}
}

void rows_build(struct ruleset *c, struct arena *arena)
{
	struct arena *scratch = arena_part(arena);
	const struct policy *p = c->policy;
	struct intern ids;

	intern_open(&ids, scratch);
	c->row_of = arena_alloc(arena, p->sets * sizeof(*c->row_of));
	for (uint32_t set = SET_NONE + 1; set < p->sets; set++)
		c->row_of[set] = row_number(&ids, c, (uint16_t)set);
	c->rows = (uint32_t)ids.count + 1;
	c->class_row = arena_alloc(arena, (size_t)p->classes * c->rows * sizeof(*c->class_row));
	for (uint32_t i = 0; i < p->classes; i++)
		class_write(c, &p->class[i], &c -> class_row[(size_t)i * c->rows]);
	arena_release(arena, scratch);
}
