/* The counters as a table: where each stands, and what it is called in --stats and metrics. Made of
 * COUNTER_LIST; whoever writes counters out goes through it. */
#ifndef PORTOLAN_COUNTER_TABLE_H
#define PORTOLAN_COUNTER_TABLE_H

#include <stddef.h>

#include "counters.h"

struct counter_entry {
	size_t offset;		 /* in struct counters */
	unsigned count;		 /* numbers from there on; 1 where `name` is NULL */
	const char *const *name; /* of each, in --stats and as the label's value */
	enum counter_kind kind;
	const char *section, *key; /* of --stats */
	const char *metric;	   /* family, without `portolan_` and suffix */
	const char *label;	   /* name="value" of a single number, or ""; of several the name */
	const char *help;	   /* of the family; "" on further lines of one */
};

extern const struct counter_entry counter_table[];
extern const size_t counter_entries;

static inline const uint64_t *counter_at(const struct counters *c, const struct counter_entry *e)
{
	return (const uint64_t *)(const void *)((const char *)c + e->offset);
}

#endif
