#include "core/pipeline.h"

#include "core/decode/decode.h"
#include "core/flow/key.h"

/* Packets from one step to the next: how many lines of each are on their way at a time. */
#define DISTANCE 10

/* One in so many is nobody's, or fewer. To look for its flow in vain costs 6 to 11 ns more than to
 * ask the inventory about it (`portolan bench`, mixes A and B with 1 % monitored), and a flow that
 * is found saves 2 (A, all monitored): it pays up to one in six, so this is on the safe side. */
#define UNMONITORED_FEW 32

/* --- step 1: whose is it, and which flow's? The bucket is on the way ------------------- */

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

/* Of a fragment: a later one without its first one waits, and what is in doubt has none. */
static int has_flow(struct pipeline *pl, const struct packet *p, struct decoded *v)
{
	struct counters *c = &pl->counters;
	unsigned seen = fragments_see(&pl->fragments, v, p->now_ns);

	c->fragments_later += v->fragment == FRAGMENT_LATER;
	c->fragments_overlapping += (seen & FRAGMENT_OVERLAPS) != 0;
	c->fragments_tiny += (seen & FRAGMENT_IS_TINY) != 0;
	c->fragments_unattributed -= v->pending_packets;
	c->fragments_unattributed += (seen & FRAGMENT_HAS_FLOW) == 0;
	return (seen & FRAGMENT_HAS_FLOW) != 0;
}

/* Of a burst: what the layers were asked about, and what they found. */
struct burst_stats {
	uint32_t packets, ip, monitored, tracked;
	uint32_t unmonitored_late; /* plain, taken for monitored, and found unmonitored later */
};

static int is_monitored(const struct decoded *v)
{
	return v->appliance[0] != APPLIANCE_NONE || v->appliance[1] != APPLIANCE_NONE;
}

/* Any packet, layer by layer: 1 if it is a monitored one with a flow. */
static uint32_t decode_full(struct pipeline *pl, const struct packet *p, uint32_t i,
	struct fast_packet *g, struct burst_stats *l)
{
	struct decoded *v = &pl->decoded[i];

	l->packets++;
	decode_layers(p, pl->tracker.policy->inventory, v);
	mirror_layered(&pl->mirror, p, v);
	if (v->outcome != OUTCOME_IP) {
		count_no_ip(&pl->counters, (enum outcome)v->outcome);
		return 0;
	}
	l->ip++;
	if (!is_monitored(v))
		return 0;
	l->monitored++;
	if (v->fragment != FRAGMENT_NONE && !has_flow(pl, p, v))
		return 0;
	flow_key_of(v, &pl->key[i]);
	g->history_bits = v->history_bits | fast_needs_care(p, v);
	g->direction = v->direction;
	g->now_ns = p->now_ns;
	g->tally = tally_of(1, v->bytes);
	g->kind = FAST_DECODED;
	l->tracked++;
	return 1;
}

/* The next burst's headers are asked for one by one, with every packet that is done: all at
 * once they would fill the queue of the memory, and the work would wait for it instead of
 * going on beside it (mix A, 1 % monitored: 27 ns a packet against 13). */
static inline void look_ahead(const struct burst *b, uint32_t done)
{
	if (done < b->ahead_count)
		__builtin_prefetch(b->ahead[done].data);
}

/* What is not plain IPv4: 1 if it is monitored and has a flow. */
static __attribute__((noinline)) uint32_t decode_other(struct pipeline *pl, const struct packet *p,
	uint32_t i, struct fast_packet *g, struct burst_stats *l)
{
	const struct table *table = &pl->tracker.table;

	g->kind = FAST_IPV6;
	switch (fast_ipv6(p, pl->tracker.policy->inventory, pl->flows_first, g, &pl->key[i])) {
	case FAST_UNMONITORED:
		return 0;
	case FAST_NEEDS_DECODE:
		if (!decode_full(pl, p, i, g, l))
			return 0;
		break;
	case FAST_MONITORED:
		break;
	}
	g->index = (uint8_t)i;
	g->hash = table_hash_of(
		table, &pl->key[i], g->kind == FAST_DECODED ? pl->decoded[i].foreign_tunnel : 0);
	table_prefetch(table, g->hash);
	return 1;
}

/* 1 if the packet goes on to the flow lookup (monitored, or not yet known). */
static inline uint32_t classify(struct pipeline *pl, const struct inventory *inventory,
	int flows_first, const struct table *table, const struct packet *p, uint32_t i,
	struct fast_packet *g, struct burst_stats *l)
{
	enum fast_found found = fast_parse(p, inventory, flows_first, g);

	if (found == FAST_UNMONITORED)
		return 0;
	if (found == FAST_NEEDS_DECODE)
		return decode_other(pl, p, i, g, l);
	g->index = (uint8_t)i;
	g->kind = FAST_IPV4;
	g->hash = table_hash_ends(table, g->lower, g->upper, 0);
	table_prefetch(table, g->hash);
	return 1;
}

/* --- step 2: the bucket is here, the flow is on the way ------------------------------- */

static inline void prefetch_flow(const struct table *t, struct fast_packet *g)
{
	g->flow = table_guess(t, g->hash);
	__builtin_prefetch(&t->flow[g->flow], 1);
}

/* --- step 3: the flow is here --------------------------------------------------------- */

/* Not an ordinary packet of a known flow: now the full decoded packet is needed. */
static __attribute__((noinline)) void track(struct pipeline *pl, const struct packet *p,
	const struct fast_packet *g, struct burst_stats *l)
{
	struct decoded *v = &pl->decoded[g->index];
	union flow_key *k = &pl->key[g->index];

	if (pl->flows_first && g->kind == FAST_IPV4 &&
		fast_is_unmonitored(pl->tracker.policy->inventory, p->data)) {
		l->unmonitored_late++;
		return;
	}
	table_prefetch_standing(&pl->tracker.table, g->hash);
	if (tracker_shed_syn(&pl->tracker, p, g))
		return;
	table_prefetch_victim(&pl->tracker.table, g->hash);
	__builtin_prefetch(p->data + 64); /* where the payload is that may be inspected */
	if (g->kind != FAST_DECODED) {
		decode(p, pl->tracker.policy->inventory, v);
		if (!is_monitored(v)) {
			l->unmonitored_late++;
			return;
		}
		if (g->kind == FAST_IPV4)
			fast_key_of(g, k);
		v->direction = g->direction;
	}
	v->hash = g->hash;
	tracker_packet(&pl->tracker, p, v, k, g->flow);
}

/* Of IPv6 a key that fits says less than a bucket (see table_has_at()). A guess is good as long as
 * no flow has begun since; then it is made again, out of line: within the loop it costs every
 * packet of IPv4 a sixth of its instructions. */
static __attribute__((noinline)) uint64_t guess_differs(
	const struct pipeline *pl, const struct fast_packet *g)
{
	return pl->key[g->index].version6 && table_guess(&pl->tracker.table, g->hash) != g->flow;
}

/* `table` as it was when the guesses of this burst began to be made. */
static inline uint64_t packet_differs(const struct pipeline *pl, const struct table *table,
	const struct flow *f, const struct fast_packet *g)
{
	uint64_t differs;

	if (g->kind == FAST_IPV4)
		return fast_differs(g, f);
	differs = fast_key_differs(&pl->key[g->index], f);
	if (__builtin_expect(pl->tracker.table.spare != table->spare, 0))
		differs |= guess_differs(pl, g);
	return differs;
}

/* --- the burst ------------------------------------------------------------------------ */

/* Unmonitored packets of the burst. */
static uint64_t count_burst(
	struct pipeline *pl, const struct burst *b, const struct burst_stats *l, uint32_t tracked)
{
	struct counters *c = &pl->counters;
	uint64_t bytes = 0, truncated = 0, plain = b->count - l->packets;
	uint64_t monitored = tracked - l->tracked - l->unmonitored_late + l->monitored;
	uint64_t unmonitored = plain + l->ip - monitored;

#pragma GCC unroll 4
	for (uint32_t i = 0; i < b->count; i++) {
		bytes += b->packet[i].wirelen;
		truncated += b->packet[i].caplen < b->packet[i].wirelen;
	}
	c->frames += b->count;
	c->frame_bytes += bytes;
	c->truncated_frames += truncated;
	c->ip += plain + l->ip;
	c->monitored += monitored;
	c->unmonitored += unmonitored;
	mirror_burst(&pl->mirror, b, truncated);
	return unmonitored;
}

static inline void count_or_track(struct pipeline *pl, const struct burst *b,
	const struct table *table, uint64_t sum[8], const struct fast_packet *g,
	struct burst_stats *l)
{
	struct flow *f = &table->flow[g->flow];

	uint64_t differs = packet_differs(pl, table, f, g);

	if (tracker_count(&pl->tracker, sum, g, f, differs))
		return;
	if (!(g->history_bits & HISTORY_CLOSELY) ||
		!tracker_count_copy(&pl->tracker, sum, &b->packet[g->index], g, f, differs))
		track(pl, &b->packet[g->index], g, l);
}

/* The last `n` glances, or all there are. */
static inline struct fast_packet *back(
	struct fast_packet *first, struct fast_packet *g, ptrdiff_t n)
{
	return g - first > n ? g - n : first;
}

/* The three steps go through the burst one behind the other, DISTANCE packets apart, so that
 * what one asks the memory for comes while the others work: headers, buckets and flows are on
 * their way all the time (mix B: 37 ns a packet where the first step went through all of the
 * burst before the others, 32.5 so). */
static inline __attribute__((always_inline)) uint32_t pass_with(
	struct pipeline *pl, const struct burst *b, int flows_first, struct burst_stats *l)
{
	const struct inventory *inventory = pl->tracker.policy->inventory;
	const struct table table = pl->tracker.table; /* where it is does not change */
	struct fast_packet *const first = pl->fast, *g = first;
	uint64_t sum[8] = {0};

	for (uint32_t i = 0; i < b->count; i++) {
		look_ahead(b, i);
		if (!classify(pl, inventory, flows_first, &table, &b->packet[i], i, g, l))
			continue;
		g++;
		if (g <= first + DISTANCE)
			continue;
		prefetch_flow(&table, g - 1 - DISTANCE);
		if (g > first + 2 * DISTANCE)
			count_or_track(pl, b, &table, sum, g - 1 - 2 * DISTANCE, l);
	}
	for (struct fast_packet *at = back(first, g, DISTANCE); at < g; at++)
		prefetch_flow(&table, at);
	for (struct fast_packet *at = back(first, g, 2 * DISTANCE); at < g; at++)
		count_or_track(pl, b, &table, sum, at, l);
	tracker_count_burst(&pl->tracker, sum);
	return (uint32_t)(g - first);
}

static uint32_t pass(struct pipeline *pl, const struct burst *b, struct burst_stats *l)
{
	return pl->flows_first ? pass_with(pl, b, 1, l) : pass_with(pl, b, 0, l);
}

/* --- copies, where a mirror makes them ------------------------------------------------ */

static int is_copy(struct pipeline *pl, const struct packet *p)
{
	struct decoded *v = &pl->decoded[0];
	size_t captured;

	decode_layers(p, pl->tracker.policy->inventory, v);
	if (v->outcome != OUTCOME_IP)
		return 0;
	captured = (size_t)(p->data + p->caplen - v->ip);
	return duplicates_see(&pl->duplicates, v->ip, captured < v->bytes ? captured : v->bytes,
		v->version, p->now_ns);
}

static void count_copy(struct pipeline *pl, const struct packet *p)
{
	struct counters *c = &pl->counters;

	mirror_copy(&pl->mirror, p, &pl->decoded[0]);
	c->frames++;
	c->frame_bytes += p->wirelen;
	c->truncated_frames += p->caplen < p->wirelen;
	c->duplicate++;
}

/* The burst without its copies: they are counted here and nowhere else. */
static const struct burst *without_copies(struct pipeline *pl, const struct burst *b)
{
	struct burst *kept = &pl->originals;

	kept->count = 0;
	kept->start_ns = b->start_ns;
	kept->ahead = b->ahead;
	kept->ahead_count = b->ahead_count;
	for (uint32_t i = 0; i < b->count; i++) {
		if (is_copy(pl, &b->packet[i]))
			count_copy(pl, &b->packet[i]);
		else
			kept->packet[kept->count++] = b->packet[i];
	}
	pl->counters.duplicates_forgotten = pl->duplicates.forgotten;
	return kept;
}

void pipeline_process(struct pipeline *pl, const struct burst *b)
{
	struct burst_stats l = {0};
	uint64_t unmonitored;
	uint32_t tracked;

	if (b->count == 0)
		return;
	pl->tracker.start_ns = b->start_ns;
	pl->tracker.now_ns = b->packet[b->count - 1].now_ns;
	if (pl->duplicates.original)
		b = without_copies(pl, b);
	pl->flows_first = pl->mostly_monitored && !pl->tracker.rejudge_pending;
	tracked = pass(pl, b, &l);
	unmonitored = count_burst(pl, b, &l, tracked);
	if (unmonitored + tracked > 0) /* a small burst is no sample for the next one */
		pl->mostly_monitored = unmonitored * UNMONITORED_FEW <= b->count;
	tracker_sweep(&pl->tracker);
	pl->counters.flows_active = pl->tracker.table.active;
}
