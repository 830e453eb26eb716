/* Prints live flows as a table, one line each, as wide as the terminal.
 *
 * Verdict and both ends are always there; then as many columns as have room, the most asked for
 * first. What is left over goes to the ends' names, which are cut where they are longer.
 */
#ifndef PORTOLAN_FLOW_ROW_H
#define PORTOLAN_FLOW_ROW_H

#include <jansson.h>
#include <stdio.h>

#include "base/terminal.h"

/* In the order of the line: name of the column, its title, its least width, whether it is a number.
 */
#define FLOW_COLUMN_LIST(X)                                                                        \
	X(VERDICT, "VERDICT", 19, false)                                                           \
	X(SOURCE, "INITIATOR", 19, false)                                                          \
	X(DESTINATION, "RESPONDER", 20, false)                                                     \
	X(CONNECTION, "CONNECTION", 11, false)                                                     \
	X(SERVICE, "SERVICE", 12, false)                                                           \
	X(PPS, "PPS", 6, true)                                                                     \
	X(BITS, "BIT/S", 6, true)                                                                  \
	X(PACKETS, "PACKETS", 9, true)                                                             \
	X(BYTES, "BYTES", 7, true)                                                                 \
	X(AGE, "AGE", 10, true)                                                                    \
	X(IDLE, "IDLE", 10, true)                                                                  \
	X(START, "START", 19, false)                                                               \
	X(LAST, "LAST PACKET", 19, false)

#define FLOW_COLUMN_MEMBER(member, title, width, is_number) FLOW_COLUMN_##member,
enum flow_column { FLOW_COLUMN_LIST(FLOW_COLUMN_MEMBER) FLOW_COLUMN_COUNT };

struct flow_table {
	struct terminal_style style;
	FILE *out;
	unsigned width[FLOW_COLUMN_COUNT]; /* 0: left out */
	unsigned left_out;		   /* columns */
};

void flow_table_init(
	struct flow_table *, const struct terminal_style *, unsigned columns, FILE *out);
void flow_table_head(const struct flow_table *);
void flow_table_row(const struct flow_table *, const json_t *flow);

#endif
