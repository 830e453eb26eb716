#include "record/stats.h"

#include <stdio.h>

typedef const char *name_of(unsigned);

static const char *verdict_key(unsigned i)
{
	return verdict_name((enum verdict)i);
}

static const char *discard_key(unsigned i)
{
	return discard_name((enum discard)i);
}

static const char *end_key(unsigned i)
{
	return end_name((enum end)i);
}

static json_t *json_numbers(const uint64_t *n, unsigned count, name_of *name)
{
	json_t *object = json_object();

	for (unsigned i = 0; i < count; i++)
		json_object_set_new(object, name(i), json_integer((json_int_t)n[i]));
	return object;
}

/* What was understood of what is spoken, and what stood in the way. */
static json_t *services_json(const struct counters *c)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "recognised", (json_int_t)c->recognised,
		"without_buffer", (json_int_t)c->reassembly_exhausted, "without_facts",
		(json_int_t)c->facts_exhausted, "overlap_contradicted",
		(json_int_t)c->overlap_contradicted);
}

json_t *stats_json(const struct counters *c)
{
	char digest[17];

	snprintf(digest, sizeof(digest), "%016llx", (unsigned long long)c->digest);
	return json_pack("{s:{s:I, s:I, s:I}, s:{s:I, s:I, s:I, s:I, s:o}, s:{s:I, s:I}, s:{s:I, "
			 "s:I, s:I, s:I},"
			 " s:{s:o, s:o, s:o}, s:{s:I, s:I, s:I, s:I, s:I, s:I, s:o}, s:o, s:s}",
		"frames", "received", (json_int_t)c->frames, "bytes", (json_int_t)c->frame_bytes,
		"truncated", (json_int_t)c->truncated_frames, "decode", "ip", (json_int_t)c->ip,
		"non_ip", (json_int_t)c->non_ip, "duplicate", (json_int_t)c->duplicate, "forgotten",
		(json_int_t)c->duplicates_forgotten, "discarded",
		json_numbers(c->discarded, DISCARD_COUNT, discard_key), "scope", "monitored",
		(json_int_t)c->monitored, "unmonitored", (json_int_t)c->unmonitored, "fragments",
		"unattributed", (json_int_t)c->fragments_unattributed, "later",
		(json_int_t)c->fragments_later, "overlapping", (json_int_t)c->fragments_overlapping,
		"tiny", (json_int_t)c->fragments_tiny, "verdict", "packets",
		json_numbers(c->verdict_packets, VERDICT_COUNT, verdict_key), "bytes",
		json_numbers(c->verdict_bytes, VERDICT_COUNT, verdict_key), "flows",
		json_numbers(c->verdict_flows, VERDICT_COUNT, verdict_key), "flows", "created",
		(json_int_t)c->flows_created, "active", (json_int_t)c->flows_active, "active_peak",
		(json_int_t)c->flows_active_peak, "untracked_packets",
		(json_int_t)c->untracked_packets, "corrected", (json_int_t)c->corrected,
		"paths_unknown", (json_int_t)c->encaps_unknown, "ended",
		json_numbers(c->ended, END_COUNT, end_key), "services", services_json(c), "digest",
		digest);
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
