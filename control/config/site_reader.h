/* What the files that read a site share: site.c and site_rules.c.
 */
#ifndef PORTOLAN_SITE_READER_H
#define PORTOLAN_SITE_READER_H

#include "config/address_list.h"
#include "config/site.h"
#include "config/site_schema.h"

/* A name and the number of its appliance. */
struct named_appliance {
	const char *name;
	uint32_t number;
};

/* What is read, into what: one argument instead of six. `arena` is the ruleset's, or that of the
 * settings while these are read. */
struct site_reader {
	struct site *site;
	const struct document *document;
	const struct site_schema *schema;
	struct arena *arena;
	struct errors *errors;
	struct address_reader addresses;
	struct named_appliance *name; /* sorted */
	int rc;
};

/* Adds an error: "found <what the node is>[ for key]; want …". */
void site_fail(struct site_reader *, int node, const char *key, const char *want);

/* A copy in the reader's arena; NULL of NULL. */
char *site_keep(struct site_reader *, const char *text);

/* The prefixes of the list at a node. */
struct prefix *site_prefixes(struct site_reader *, int list, const char *key, size_t *count);

/* Reads `features`, of the site and then of its appliances, which are read already. */
void site_read_features(struct site_reader *, const struct site_yaml *);

/* Reads `managers` of the appliances. */
void site_read_managers(struct site_reader *);

/* Reads `extra_rules`, `ports` and `pairs`. */
void site_read_rules(struct site_reader *, const struct site_yaml *);

#endif
