/* The compiled rules of a ruleset, as a table, CSV or JSON. */
#ifndef PORTOLAN_POLICY_TABLE_H
#define PORTOLAN_POLICY_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct ruleset;
struct rule;

enum listing_format { LISTING_TABLE, LISTING_CSV, LISTING_JSON };

struct listing {
	enum listing_format format;
	bool with_implied; /* in CSV and JSON; the table has them under headings of their own */
	bool colour;
};

/* 0, or a negative errno if writing failed. */
int policy_table_print(const struct ruleset *, struct listing, FILE *);

/* How many rules are documented; the others are implied. */
uint32_t policy_table_documented(const struct ruleset *);

/* The ruleset's rule numbers: the documented ones, then the implied ones, each ordered by role,
 * direction and the profile's order. The caller frees it; NULL: out of memory. */
uint32_t *policy_table_order(const struct ruleset *);

/* `any`, `inventory`, or the addresses with `separator` between them. The caller frees it. */
char *policy_table_peers(const struct ruleset *, const struct rule *, const char *separator);

#endif
