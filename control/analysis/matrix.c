#include "analysis/matrix.h"

#include <errno.h>
#include <stdlib.h>

#include "analysis/answered.h"
#include "base/heap.h"
#include "policy/remap.h"
#include "policy/ruleset.h"

int matrix_init(struct matrix *m, const struct ruleset *ruleset)
{
	*m = (struct matrix){.ruleset = ruleset, .dump = 1};
	m->row = heap_calloc(ruleset->appliances + 1, sizeof(*m->row));
	return m->row ? 0 : -ENOMEM;
}

void matrix_fini(struct matrix *m)
{
	for (size_t i = 0; m->row && i < m->ruleset->appliances; i++)
		free(m->row[i]);
	free(m->row);
	m->row = NULL;
}

static struct matrix_cell *cell_of(struct matrix *m, size_t appliance, size_t set)
{
	struct matrix_cell **row = &m->row[appliance];

	if (!*row && m->rows < MATRIX_ROWS_MAX) {
		*row = heap_calloc(m->ruleset->policy->sets, sizeof(**row));
		m->rows += *row != NULL;
	}
	if (!*row) {
		m->overflowed++;
		return NULL;
	}
	return &(*row)[set];
}

/* --- reload ---------------------------------------------------------------------------- */

static void carry_over_row(struct matrix *m, const struct matrix_cell *row, uint16_t appliance,
	const struct remap *remap)
{
	for (size_t set = SET_NONE + 1; set < remap->sets; set++) {
		struct matrix_cell *cell;
		if (remap->set[set] == SET_NONE || (!row[set].last_ns && !row[set].wrong_ns))
			continue;
		cell = cell_of(m, appliance, remap->set[set]);
		if (cell)
			*cell = row[set];
	}
}

int matrix_reload(struct matrix *m, const struct ruleset *ruleset, const struct remap *remap)
{
	struct matrix old = *m;
	int error = matrix_init(m, ruleset);

	if (error < 0) {
		*m = old;
		return error;
	}
	m->dump = old.dump;
	m->overflowed = old.overflowed;
	for (size_t i = 0; i < remap->appliances; i++)
		if (old.row[i] && remap->appliance[i] != APPLIANCE_NONE)
			carry_over_row(m, old.row[i], remap->appliance[i], remap);
	matrix_fini(&old);
	return 0;
}

/* --- records --------------------------------------------------------------------------- */

static void count_live(const struct matrix *m, struct matrix_cell *cell, int flagged)
{
	if (cell->dump != m->dump) {
		cell->dump = m->dump;
		cell->live = cell->live_wrong = 0;
	}
	if (flagged)
		cell->live_wrong++;
	else
		cell->live++;
}

/* DHCP's ports 67 and 68 share one cell, that of the first rule's port. */
static uint16_t row_of(const struct policy *p, uint16_t set)
{
	const struct rule *r = &p->rule[p->set[set].first];

	if (set != p->dhcp_set[r->role])
		return set;
	return policy_set(p, (enum role)r->role, (enum direction)r->direction,
		(enum transport)r->transport, r->port);
}

static void add_flow(struct matrix *m, const struct record *r, unsigned end)
{
	uint16_t set = row_of(m->ruleset->policy, r->set[end]);
	int flagged = verdict_is_flagged((enum verdict)r->end_verdict[end]);
	struct matrix_cell *cell;

	if (!flagged && !is_answered(m->ruleset, r, end))
		return;
	cell = cell_of(m, r->appliance[end], set);
	if (!cell)
		return;
	if (record_is_live(r))
		count_live(m, cell, flagged);
	if (r->kind == RECORD_ENDED)
		*(flagged ? &cell->wrong : &cell->flows) += 1;
	if (flagged) {
		cell->verdict = r->end_verdict[end];
		cell->wrong_ns = r->end_ns > cell->wrong_ns ? r->end_ns : cell->wrong_ns;
		return;
	}
	if (cell->first_ns == 0 || r->start_ns < cell->first_ns)
		cell->first_ns = r->start_ns;
	cell->last_ns = r->end_ns > cell->last_ns ? r->end_ns : cell->last_ns;
}

void matrix_take(struct matrix *m, const struct record *r)
{
	for (unsigned end = 0; end < 2; end++)
		if (r->appliance[end] != APPLIANCE_NONE && r->set[end] != SET_NONE)
			add_flow(m, r, end);
}

void matrix_begin_dump(struct matrix *m)
{
	m->dump++;
}

const struct matrix_cell *matrix_cell(const struct matrix *m, size_t appliance, size_t set)
{
	const struct matrix_cell *row = m->row ? m->row[appliance] : NULL;

	return row && (row[set].last_ns || row[set].wrong_ns) ? &row[set] : NULL;
}

uint64_t matrix_live(const struct matrix *m, const struct matrix_cell *cell)
{
	return cell->dump == m->dump ? cell->live : 0;
}

const char *matrix_state(const struct matrix_cell *cell)
{
	if (!cell)
		return "never";
	return cell->wrong_ns > cell->last_ns ? "wrong" : "last seen";
}
