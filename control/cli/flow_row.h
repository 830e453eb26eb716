/* A live flow as one line of a table.
 */
#ifndef PORTOLAN_FLOW_ROW_H
#define PORTOLAN_FLOW_ROW_H

#include <jansson.h>
#include <stdio.h>

struct style;

void flow_line_head(const struct style *, FILE *);
void flow_line_print(const json_t *flow, const struct style *, FILE *);

#endif
