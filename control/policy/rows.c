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

/* Calls for each set of a class: by direction, transport and port. */
static void each_set(struct ruleset *c, const struct policy_class *class, struct intern *ids,
	void (*call)(struct ruleset *, struct intern *, uint16_t, void *), void *context)
{
	for (unsigned d = 0; d < DIRECTION_COUNT; d++)
		for (unsigned t = 0; t < TRANSPORT_COUNT; t++) {
			const struct port_table *table = class->table[d][t];
			for (unsigned word = 0; word < PORT_COUNT / 64; word++)
				for (uint64_t left = table->has_set[word]; left; left &= left - 1)
					call(c, ids,
						policy_table_set(c->policy, table,
							(uint16_t)(word * 64u +
								   (unsigned)__builtin_ctzll(
									   left))),
						context);
		}
}

static void find_row(struct ruleset *c, struct intern *ids, uint16_t set, void *context)
{
	(void)context;
	if (!c->row_of[set])
		c->row_of[set] = row_number(ids, c, set);
}

static void note_row(struct ruleset *c, struct intern *ids, uint16_t set, void *context)
{
	uint16_t *by_row = context;

	(void)ids;
	if (by_row[c->row_of[set]] == SET_NONE)
		by_row[c->row_of[set]] = set;
}

void rows_build(struct ruleset *c, struct arena *arena)
{
	struct arena *scratch = arena_part(arena);
	const struct policy *p = c->policy;
	struct intern ids;

	intern_open(&ids, scratch);
	c->row_of = arena_alloc(arena, p->sets * sizeof(*c->row_of));
	for (uint32_t i = 0; i < p->classes; i++)
		each_set(c, &p->class[i], &ids, find_row, NULL);
	for (uint32_t set = SET_NONE + 1; set < p->sets; set++) /* of DHCP and of pairs */
		find_row(c, &ids, (uint16_t)set, NULL);
	c->rows = (uint32_t)ids.count + 1;
	c->class_row = arena_alloc(arena, (size_t)p->classes * c->rows * sizeof(*c->class_row));
	for (uint32_t i = 0; i < p->classes; i++)
		each_set(c, &p->class[i], &ids, note_row, &c -> class_row[(size_t)i * c->rows]);
	arena_release(arena, scratch);
}
