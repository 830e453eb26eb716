#include "policy/remap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/ruleset.h"
#include "record.h"

static uint16_t find_appliance(const struct ruleset *c, const struct appliance_text *a, size_t near)
{
	/* Lists change little: try the same place first. */
	bool is_near = near < c->appliances && strcmp(c->appliance[near].name, a->name) == 0;
	uint16_t found = is_near ? (uint16_t)near : ruleset_appliance(c, a->name);

	return found != APPLIANCE_NONE && c->appliance[found].role == a->role ? found
									      : APPLIANCE_NONE;
}

struct row_id {
	const char *id;
	uint32_t row;
};

static int id_compare(const void *left, const void *right)
{
	const struct row_id *a = left, *b = right;

	return strcmp(a->id, b->id);
}

/* The rows of a ruleset in the order of their ids. NULL: no memory. */
static struct row_id *rows_by_id(const struct ruleset *c)
{
	struct row_id *row = calloc(c->rows + 1, sizeof(*row));

	if (!row)
		return NULL;
	for (uint32_t i = 0; i < c->rows; i++)
		row[i] = (struct row_id){c->row_id[i], i};
	qsort(row, c->rows, sizeof(*row), id_compare);
	return row;
}

/* The place of a row's rules, which the site may have moved. */
static const struct rule *rule_at(const struct ruleset *c, uint16_t set)
{
	return policy_rule(c->policy, set, 0);
}

static void find_rows(struct remap *m, const struct row_id *to)
{
	for (uint32_t old = 1; old < m->from->rows; old++) {
		struct row_id wanted = {m->from->row_id[old], 0};
		const struct row_id *found =
			bsearch(&wanted, to, m->to->rows, sizeof(*to), id_compare);
		if (found)
			m->row[old] = found->row;
	}
}

int remap_open(struct remap *m, const struct ruleset *from, const struct ruleset *to)
{
	struct row_id *rows = rows_by_id(to);

	*m = (struct remap){
		.appliances = from->appliances, .rows = from->rows, .from = from, .to = to};
	m->generation = (uint16_t)to->policy->generation;
	m->appliance = calloc(m->appliances + 1, sizeof(*m->appliance));
	m->row = calloc(m->rows + 1, sizeof(*m->row));
	if (!rows || !m->appliance || !m->row) {
		free(rows);
		remap_close(m);
		return -ENOMEM;
	}
	for (size_t i = 0; i < m->appliances; i++)
		m->appliance[i] = find_appliance(to, &from->appliance[i], i);
	find_rows(m, rows);
	free(rows);
	return 0;
}

void remap_close(struct remap *m)
{
	free(m->appliance);
	free(m->row);
	*m = (struct remap){0};
}

uint16_t remap_appliance(const struct remap *m, uint16_t appliance)
{
	return appliance < m->appliances ? m->appliance[appliance] : APPLIANCE_NONE;
}

/* Of a pair, which is no row of an appliance. */
static uint16_t pair_set(const struct remap *m, uint32_t row)
{
	for (uint32_t i = 0; i < m->to->policy->pairs; i++)
		if (m->to->row_of[m->to->policy->pair[i].set] == row)
			return m->to->policy->pair[i].set;
	return SET_NONE;
}

static bool is_dhcp_set_of(const struct ruleset *c, uint16_t appliance, uint16_t set)
{
	return c->policy->class[c->class_of[appliance]].dhcp_set == set;
}

uint16_t remap_set(const struct remap *m, uint16_t appliance, uint16_t set)
{
	uint16_t to = remap_appliance(m, appliance), found;
	uint32_t row = set < m->from->policy->sets ? m->row[m->from->row_of[set]] : 0;

	if (set == SET_NONE || to == APPLIANCE_NONE || row == 0)
		return SET_NONE;
	if (rule_at(m->from, set)->is_pair)
		return pair_set(m, row);
	if (is_dhcp_set_of(m->from, appliance, set))
		return m->to->policy->class[m->to->class_of[to]].dhcp_set;
	found = ruleset_row_set(m->to, to, row);
	return found != SET_NONE && rule_at(m->to, found)->port == rule_at(m->from, set)->port
		       ? found
		       : SET_NONE;
}

bool remap_record(const struct remap *m, struct record *r)
{
	uint16_t appliance[2] = {
		remap_appliance(m, r->appliance[0]), remap_appliance(m, r->appliance[1])};

	unsigned judged = record_judged_end(r);

	if (appliance[judged] == APPLIANCE_NONE)
		return false;
	if (r->set[judged] != SET_NONE &&
		remap_set(m, r->appliance[judged], r->set[judged]) == SET_NONE)
		return false;
	for (unsigned end = 0; end < 2; end++) {
		r->set[end] = remap_set(m, r->appliance[end], r->set[end]);
		r->appliance[end] = appliance[end];
	}
	r->generation = m->generation;
	return true;
}
