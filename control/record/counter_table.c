#include "record/counter_table.h"

#define ENTRY(member, kind, section, key, metric, label, help)                                     \
	{offsetof(struct counters, member), 1, NULL, COUNTER_KIND_##kind, section, key, metric,    \
		label, help},
#define NAMES(list) ((const char *const[]){list(LIST_NAME)})
#define ENTRIES(member, count, list, kind, section, key, metric, label, help)                      \
	{offsetof(struct counters, member), count, NAMES(list), COUNTER_KIND_##kind, section, key, \
		metric, label, help},

const struct counter_entry counter_table[] = {COUNTER_LIST(ENTRY, ENTRIES)};
const size_t counter_entries = sizeof(counter_table) / sizeof(*counter_table);
