#include "analysis/channel_strangers.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/channels.h"
#include "base/heap.h"
#include "inventory.h"
#include "record.h"

void channel_strangers_fini(struct channel_strangers *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->record[i]);
	s->count = s->oldest = 0;
}

int channel_stranger_end(const struct record *r)
{
	int end = r->appliance[0] == APPLIANCE_NONE ? 0 : 1;

	if (r->appliance[end] != APPLIANCE_NONE || r->appliance[1 - end] == APPLIANCE_NONE ||
		!(r->opening.mac_known >> end & 1))
		return -1;
	return end;
}

static bool is_like(const struct record *a, const struct record *b, int end)
{
	return channel_stranger_end(a) == end && a->appliance[1 - end] == b->appliance[1 - end] &&
	       memcmp(a->opening.mac[end], b->opening.mac[end], sizeof(a->opening.mac[end])) == 0;
}

/* Attempts that follow each other are one that lasts. */
static void follow(struct record *kept, const struct record *r)
{
	uint64_t start_ns = kept->start_ns;

	if (r->end_ns < kept->end_ns)
		return;
	if (r->start_ns > kept->end_ns + CHANNEL_ATTEMPT_NS || r->start_ns < start_ns)
		start_ns = r->start_ns;
	*kept = *r;
	kept->start_ns = start_ns;
}

static struct record **place_for(struct channel_strangers *s)
{
	struct record **place;

	if (s->count < CHANNEL_STRANGERS_MAX) {
		s->record[s->count] = heap_calloc(1, sizeof(**s->record));
		return s->record[s->count] ? &s->record[s->count++] : NULL;
	}
	place = &s->record[s->oldest];
	s->oldest = (s->oldest + 1) % CHANNEL_STRANGERS_MAX;
	return place;
}

void channel_strangers_note(struct channel_strangers *s, const struct record *r)
{
	int end = channel_stranger_end(r);
	struct record **place;

	for (size_t i = 0; i < s->count; i++)
		if (is_like(s->record[i], r, end)) {
			follow(s->record[i], r);
			return;
		}
	place = place_for(s);
	if (place)
		**place = *r;
}

void channel_strangers_resolve(
	struct channel_strangers *s, channel_stranger_taker *is_taken, void *context)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++) {
		if (is_taken(context, s->record[i]))
			free(s->record[i]);
		else
			s->record[kept++] = s->record[i];
	}
	if (kept != s->count)
		s->oldest = 0;
	s->count = kept;
}
