#include "analysis/matrix.h"

#include <errno.h>
#include <stdbool.h>
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

static bool has_room(const struct matrix *m)
{
	return m->rows < MATRIX_ROWS_MAX && (m->rows + 1) * m->ruleset->rows <= MATRIX_CELLS_MAX;
}

static struct matrix_cell *cell_of(struct matrix *m, size_t appliance, uint32_t at)
{
	struct matrix_cell **row = &m->row[appliance];

	if (!*row && has_room(m)) {
		*row = heap_calloc(m->ruleset->rows, sizeof(**row));
		m->rows += *row != NULL;
	}
	if (!*row) {
		m->overflowed++;
		return NULL;
	}
	return &(*row)[at];
}

/* --- reload ---------------------------------------------------------------------------- */

static void carry_over_row(struct matrix *m, const struct matrix_cell *row, uint16_t appliance,
	const struct remap *remap)
{
	for (uint32_t old = 1; old < remap->rows; old++) {
		struct matrix_cell *cell;
		if (remap->row[old] == 0 || (!row[old].last_ns && !row[old].wrong_ns))
			continue;
		cell = cell_of(m, appliance, remap->row[old]);
		if (cell)
			*cell = row[old];
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

static void count_live(
	const struct matrix *m, struct matrix_cell *cell, const struct record *r, int flagged)
{
	if (cell->dump != m->dump) {
		cell->dump = m->dump;
		cell->live = cell->live_wrong = 0;
		cell->live_start_ns = 0;
	}
	if (r->start_ns > cell->live_start_ns)
		cell->live_start_ns = r->start_ns;
	if (flagged)
		cell->live_wrong++;
	else
		cell->live++;
}

/* One that began before the last dump was in it, and is counted as alive until the next one. */
static void count_ended(
	const struct matrix *m, struct matrix_cell *cell, const struct record *r, int flagged)
{
	uint32_t *live = flagged ? &cell->live_wrong : &cell->live;

	*(flagged ? &cell->wrong : &cell->flows) += 1;
	if (cell->dump == m->dump && *live > 0 && r->start_ns <= cell->live_start_ns)
		--*live;
}

static void add_flow(struct matrix *m, const struct record *r, unsigned end)
{
	int flagged = verdict_is_flagged((enum verdict)r->end_verdict[end]);
	struct matrix_cell *cell;

	if (!flagged && !is_answered(m->ruleset, r, end))
		return;
	cell = cell_of(m, r->appliance[end], m->ruleset->row_of[r->set[end]]);
	if (!cell)
		return;
	if (r->kind == RECORD_ENDED)
		count_ended(m, cell, r, flagged);
	else if (record_is_live(r))
		count_live(m, cell, r, flagged);
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

const struct matrix_cell *matrix_cell(const struct matrix *m, size_t appliance, uint16_t set)
{
	const struct matrix_cell *row = m->row ? m->row[appliance] : NULL;
	uint32_t at = m->ruleset->row_of[set];

	return row && (row[at].last_ns || row[at].wrong_ns) ? &row[at] : NULL;
}

struct matrix_count matrix_count(const struct matrix *m, const struct matrix_cell *cell)
{
	bool is_live = cell && cell->dump == m->dump;
	uint64_t live = is_live ? cell->live : 0, live_wrong = is_live ? cell->live_wrong : 0;

	return (struct matrix_count){
		.live = live + live_wrong,
		.flows = cell ? cell->flows + live : 0,
		.violations = cell ? cell->wrong + live_wrong : 0,
	};
}

const char *matrix_state(const struct matrix_cell *cell)
{
	if (!cell)
		return "never";
	return cell->wrong_ns > cell->last_ns ? "wrong" : "last seen";
}
