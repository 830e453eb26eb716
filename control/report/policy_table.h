/* The compiled rules of a ruleset, as a table, CSV or JSON. */
#ifndef PORTOLAN_POLICY_TABLE_H
#define PORTOLAN_POLICY_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct ruleset;
struct rule;

enum listing_format { LISTING_TABLE, LISTING_CSV, LISTING_JSON };

/* 0, or a negative errno if writing failed. */
int policy_table_print(const struct ruleset *, enum listing_format, FILE *, bool colour);

/* The ruleset's rule numbers, ordered by role, direction and the profile's order. The caller frees
 * it; NULL: out of memory. */
uint32_t *policy_table_order(const struct ruleset *);

/* `any`, `inventory`, or the addresses with `separator` between them. The caller frees it. */
char *policy_table_peers(const struct ruleset *, const struct rule *, const char *separator);

#endif
