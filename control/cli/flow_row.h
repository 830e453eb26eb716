/* Prints live flows as a table, one line each. */
#ifndef PORTOLAN_FLOW_ROW_H
#define PORTOLAN_FLOW_ROW_H

#include <jansson.h>
#include <stdio.h>

struct terminal_style;

void flow_row_head(const struct terminal_style *, FILE *);
void flow_row_print(const json_t *flow, const struct terminal_style *, FILE *);

#endif
