/* The compiled rules of a ruleset, as a table, CSV or JSON. */
#ifndef PORTOLAN_POLICY_TABLE_H
#define PORTOLAN_POLICY_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct ruleset;
struct rule;
struct rule_list;

enum listing_format { LISTING_TABLE, LISTING_CSV, LISTING_JSON };

struct listing {
	enum listing_format format;
	bool with_implied; /* in CSV and JSON; the table has them under headings of their own */
	bool colour;
	unsigned columns;   /* how wide the table may be; 0: as wide as it is */
	uint16_t appliance; /* whose; APPLIANCE_NONE: what the site says of none in particular */
};

/* 0, or a negative errno if writing failed. */
int policy_table_print(const struct ruleset *, const struct listing *, FILE *);

/* How many rules of a list are documented; the others are implied. */
size_t policy_table_documented(const struct ruleset *, const struct rule_list *);

/* Sorts a list: the documented rules, then the implied ones, each by role, direction and the
 * profile's order. 0 or -ENOMEM. */
int policy_table_sort(const struct ruleset *, struct rule_list *);

#define POLICY_PORT_BYTES 16

/* "443", or "20048-20050" of a range; returns its length. */
int policy_port_text(const struct rule *, char text[POLICY_PORT_BYTES]);

/* `any`, `inventory`, `managers`, or the addresses with `separator` between them. The caller frees
 * it. */
char *policy_table_peers(const struct ruleset *, const struct rule *, const char *separator);

#endif
