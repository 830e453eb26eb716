/* The matrix: appliance by row (policy/rows.h), with last use, flow counts and flagged flows.
 *
 * Fed with ended flows and, at every dump, with live ones. Rules that share a port share a cell:
 * the port does not tell which of them a flow used. Bounded: appliances beyond MATRIX_ROWS_MAX are
 * counted, not kept. Used on the control thread only.
 */
#ifndef PORTOLAN_MATRIX_H
#define PORTOLAN_MATRIX_H

#include <stddef.h>
#include <stdint.h>

#include "record.h"

struct ruleset;
struct remap;

#define MATRIX_ROWS_MAX 16384
#define MATRIX_CELLS_MAX 8000000 /* some 600 MB */

struct matrix_cell {
	uint64_t first_ns, last_ns; /* packets of expected flows; 0: never */
	uint64_t flows;		    /* expected flows that ended */
	uint64_t wrong, wrong_ns;   /* ended flagged flows; last packet of any flagged flow */
	uint64_t dump;		    /* the last dump with a live flow; of that dump: */
	uint32_t live, live_wrong;
	uint64_t live_start_ns; /* the latest of these */
	uint32_t verdict;	/* of the last flagged flow */
};

struct matrix {
	const struct ruleset *ruleset;
	struct matrix_cell **row; /* by appliance, then by the policy's rows; NULL: no flow yet */
	size_t rows;
	uint64_t dump;
	uint64_t overflowed; /* ended flows without a row */
};

/* 0 or -ENOMEM. */
int matrix_init(struct matrix *, const struct ruleset *);
void matrix_fini(struct matrix *);

/* Switches to another ruleset; keeps cells that exist there. 0, or -ENOMEM with nothing changed. */
int matrix_reload(struct matrix *, const struct ruleset *, const struct remap *);

/* Takes RECORD_LIVE and RECORD_ENDED, in the numbers of the current ruleset. */
void matrix_take(struct matrix *, const struct record *);

/* Begins a dump: resets what is live. */
void matrix_begin_dump(struct matrix *);

/* The cell of an appliance and the row of a rule set; NULL: no flow yet. */
const struct matrix_cell *matrix_cell(const struct matrix *, size_t appliance, uint16_t set);

/* Flows that are in order and those that are flagged, each ended or alive as of the last dump; and
 * how many of both are alive. So a rule that is violated has a violation. */
struct matrix_count {
	uint64_t live, flows, violations;
};

struct matrix_count matrix_count(const struct matrix *, const struct matrix_cell *);

/* "never", "last seen" or "wrong" (a flagged flow came after the last expected one). */
const char *matrix_state(const struct matrix_cell *);

#endif
