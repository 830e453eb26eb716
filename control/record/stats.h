/* The accounting as JSON (DESIGN 9, `--stats`): totals, and what became of them. */
#ifndef PORTOLAN_STATS_H
#define PORTOLAN_STATS_H

#include <jansson.h>

#include "counters.h"

/* A new document with every key, or NULL. */
json_t *stats_json(const struct counters *);

/* Checks the identities of DESIGN 9 that need no records. 1 if they hold. */
int stats_balance(const struct counters *);

#endif
