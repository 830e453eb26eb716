#include "pipeline.h"

#include "attribute.h"
#include "decode.h"

/* --- pass 1: bytes become addresses and ports ---------------------------------------- */

static void decode_burst(struct pipeline *pl, const struct burst *b)
{
	uint64_t bytes = 0, truncated = 0;

	for (uint32_t i = 0; i < b->count; i++) {
		const struct packet *p = &b->packet[i];
		decode(p, &pl->view[i]);
		bytes += p->wirelen;
		truncated += p->caplen < p->wirelen;
	}
	pl->counters.frames += b->count;
	pl->counters.frame_bytes += bytes;
	pl->counters.truncated_frames += truncated;
}

static void count_no_ip(struct counters *c, enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_IP: /* counted with the burst */
		break;
	case OUTCOME_NON_IP:
		c->non_ip++;
		break;
	case OUTCOME_TRUNCATED:
		c->discarded[DISCARD_TRUNCATED]++;
		break;
	case OUTCOME_MALFORMED:
		c->discarded[DISCARD_MALFORMED]++;
		break;
	case OUTCOME_UNSUPPORTED:
		c->discarded[DISCARD_UNSUPPORTED_LINK_TYPE]++;
		break;
	}
}

/* --- pass 2: whose is it? ------------------------------------------------------------ */

/* Of a fragment: a later one without its first one waits, all others have their ports. */
static int has_flow(struct pipeline *pl, const struct packet *p, struct view *v)
{
	if (v->fragment == FRAGMENT_FIRST) {
		fragments_first(&pl->fragments, v, p->now_ns);
		pl->counters.fragments_unattributed -= v->pending_packets;
		return 1;
	}
	pl->counters.fragments_later++;
	if (fragments_later(&pl->fragments, v, p->now_ns))
		return 1;
	pl->counters.fragments_unattributed++;
	return 0;
}

/* The key of a monitored packet, and its bucket is on the way. */
static inline void choose(struct pipeline *pl, uint32_t i)
{
	struct view *v = &pl->view[i];

	tracker_key(v, &pl->key[i]);
	v->hash = table_hash(&pl->tracker.table, &pl->key[i]);
	table_prefetch(&pl->tracker.table, v->hash);
	pl->chosen[pl->chosen_count++] = (uint8_t)i;
}

static void attribute_burst(struct pipeline *pl, const struct burst *b)
{
	const struct inventory *inventory = pl->tracker.policy->inventory;
	struct counters *c = &pl->counters;
	uint32_t ip = 0, monitored = 0;

	pl->chosen_count = 0;
	for (uint32_t i = 0; i < b->count; i++) {
		struct view *v = &pl->view[i];
		if (v->outcome != OUTCOME_IP) {
			count_no_ip(c, (enum outcome)v->outcome);
			continue;
		}
		ip++;
		if (!attribute(inventory, v))
			continue;
		monitored++;
		if (v->fragment == FRAGMENT_NONE || has_flow(pl, &b->packet[i], v))
			choose(pl, i);
	}
	c->ip += ip;
	c->monitored += monitored;
	c->unmonitored += ip - monitored;
}

/* --- pass 3: the bucket is here, the flow is on the way ------------------------------- */

static void guess_burst(struct pipeline *pl)
{
	struct table *t = &pl->tracker.table;

	for (uint32_t n = 0; n < pl->chosen_count; n++) {
		uint32_t i = pl->chosen[n];
		pl->guess[i] = table_guess(t, pl->view[i].hash);
		if (pl->guess[i] != FLOW_NONE)
			__builtin_prefetch(&t->flow[pl->guess[i]], 1);
	}
}

/* --- pass 4: the flow is here --------------------------------------------------------- */

static void track_burst(struct pipeline *pl, const struct burst *b)
{
	for (uint32_t n = 0; n < pl->chosen_count; n++) {
		uint32_t i = pl->chosen[n];
		tracker_packet(
			&pl->tracker, &b->packet[i], &pl->view[i], &pl->key[i], pl->guess[i]);
	}
}

void pipeline_process(struct pipeline *pl, const struct burst *b)
{
	if (b->count == 0)
		return;
	if (!pl->started) {
		pl->started = 1;
		pl->tracker.start_ns = b->start_ns;
	}
	pl->tracker.now_ns = b->packet[b->count - 1].now_ns;
	decode_burst(pl, b);
	attribute_burst(pl, b);
	guess_burst(pl);
	track_burst(pl, b);
	tracker_sweep(&pl->tracker);
	pl->counters.flows_active = pl->tracker.table.active;
}
