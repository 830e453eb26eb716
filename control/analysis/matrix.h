/* Appliance by rule: what was in use, when last, and what went wrong with it.
 *
 * Fed with flows that ended and, at every dump, with those that live. Rules that share a port
 * are one: which of them a flow was for, the port cannot tell. Bounded: so many appliances have a
 * row, the rest is counted. Control's thread.
 */
#ifndef PORTOLAN_MATRIX_H
#define PORTOLAN_MATRIX_H

#include <stddef.h>
#include <stdint.h>

#include "record.h"

struct ruleset;
struct remap;

#define MATRIX_ROWS_MAX 16384

struct matrix_cell {
	uint64_t first_ns, last_ns; /* of packets of flows that belong; 0: never */
	uint64_t flows;		    /* that belong and ended */
	uint64_t wrong, wrong_ns;   /* flows that ended flagged, and the last packet of any */
	uint64_t dump;		    /* the last one in which a flow was live: */
	uint32_t live, live_wrong;
	uint32_t verdict; /* of the last wrong one */
};

struct matrix {
	const struct ruleset *ruleset;
	struct matrix_cell **row; /* by appliance, then by rule set; NULL: never seen */
	size_t rows;
	uint64_t dump;
	uint64_t overflowed; /* ends of flows that found no row */
};

/* 0 or -ENOMEM. */
int matrix_init(struct matrix *, const struct ruleset *);
void matrix_fini(struct matrix *);

/* Another ruleset; cells go to the remap. 0, or -ENOMEM and nothing changed. */
int matrix_reload(struct matrix *, const struct ruleset *, const struct remap *);

/* RECORD_LIVE and RECORD_ENDED, in the ruleset's numbers. */
void matrix_take(struct matrix *, const struct record *);

/* A new dump: nothing is live until it is seen again. */
void matrix_begin_dump(struct matrix *);

/* What is known of an appliance and a rule set; NULL: never seen. */
const struct matrix_cell *matrix_cell(const struct matrix *, size_t appliance, size_t set);

/* Flows that belong and are live, as of the last dump. */
uint64_t matrix_live(const struct matrix *, const struct matrix_cell *);

/* "never", "last seen" or "wrong" (something flagged since it was last in order). */
const char *matrix_state(const struct matrix_cell *);

#endif
