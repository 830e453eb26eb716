#include "record/stats.h"

#include <stdio.h>

#include "record/counter_table.h"

static json_t *numbers_json(const struct counter_entry *e, const uint64_t *n)
{
	json_t *object = json_object();

	for (unsigned i = 0; i < e->count; i++)
		json_object_set_new(object, e->name[i], json_integer((json_int_t)n[i]));
	return object;
}

static json_t *section_of(json_t *stats, const char *name)
{
	if (!json_object_get(stats, name))
		json_object_set_new(stats, name, json_object());
	return json_object_get(stats, name);
}

json_t *stats_json(const struct counters *c)
{
	json_t *stats = json_object();
	char digest[17];

	for (size_t i = 0; i < counter_entries; i++) {
		const struct counter_entry *e = &counter_table[i];
		const uint64_t *n = counter_at(c, e);
		json_object_set_new(section_of(stats, e->section), e->key,
			e->name ? numbers_json(e, n) : json_integer((json_int_t)*n));
	}
	snprintf(digest, sizeof(digest), "%016llx", (unsigned long long)c->digest);
	json_object_set_new(stats, "digest", json_string(digest));
	return stats;
}

static uint64_t sum(const uint64_t *n, unsigned count)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < count; i++)
		total += n[i];
	return total;
}

int stats_balance(const struct counters *c)
{
	return c->frames == c->ip + c->non_ip + c->duplicate + sum(c->discarded, DISCARD_COUNT) &&
	       c->ip == c->monitored + c->unmonitored &&
	       c->monitored == sum(c->verdict_packets, VERDICT_COUNT) + c->fragments_unattributed &&
	       c->flows_created == c->flows_active + sum(c->ended, END_COUNT);
}
