/* A table's rows on a terminal: columns that have no room on a line begin another one, the same for
 * all rows, so that they stay below each other.
 */
#ifndef PORTOLAN_ROW_LINES_H
#define PORTOLAN_ROW_LINES_H

#include <stdbool.h>
#include <stddef.h>

#define ROW_GAP 2    /* between columns */
#define ROW_INDENT 4 /* of further lines */

/* Sets begins[i] where the column of width[i] is the first of a line; 0: it is not shown. `columns`
 * 0: all are on one line. Returns how many lines a row has. */
size_t row_lines(const int *width, size_t count, unsigned columns, bool *begins);

#endif
