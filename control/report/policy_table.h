/* The compiled table of a ruleset, for people, spreadsheets and programs. */
#ifndef PORTOLAN_POLICY_TABLE_H
#define PORTOLAN_POLICY_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct ruleset;
struct rule;

enum listing_format { LISTING_TABLE, LISTING_CSV, LISTING_JSON };

/* 0, or a negative errno if it could not be written to the end. */
int policy_table_print(const struct ruleset *, enum listing_format, FILE *, bool colour);

/* Numbers of the ruleset's rules by role and direction, then as the profile has them; to be
 * freed. NULL without memory. */
uint32_t *policy_table_order(const struct ruleset *);

/* `any`, `inventory`, or the addresses with `separator` between them; to be freed. */
char *policy_table_peers(const struct ruleset *, const struct rule *, const char *separator);

#endif
