/* Table of the counters: offset, and name in --stats and metrics. Made from COUNTER_LIST; all
 * output of counters uses it. */
#ifndef PORTOLAN_COUNTER_TABLE_H
#define PORTOLAN_COUNTER_TABLE_H

#include <stddef.h>

#include "counters.h"

struct counter_entry {
	size_t offset;		 /* in struct counters */
	unsigned count;		 /* numbers from there; 1 if `name` is NULL */
	const char *const *name; /* name of each, in --stats and as label value */
	enum counter_kind kind;
	const char *section, *key; /* of --stats */
	const char *metric;	   /* family name, without `portolan_` and suffix */
	const char *label;	   /* one number: name="value" or ""; several: the label's name */
	const char *help;	   /* of the family; "" if another entry of it has it */
};

extern const struct counter_entry counter_table[];
extern const size_t counter_entries;

static inline const uint64_t *counter_at(const struct counters *c, const struct counter_entry *e)
{
	return (const uint64_t *)(const void *)((const char *)c + e->offset);
}

#endif
