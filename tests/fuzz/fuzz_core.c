/* Any bytes as a stream of packets: the whole core runs over them, and the accounting holds.
 *
 * The first byte selects the link type and the size of bursts, the last one the policy, and whether
 * copies are dropped. Between them are packets, each behind eight bytes: two of its length, two
 * that say how much longer it was on the wire, three of time, one of how time moves and of the
 * interface. The flow table is so small that it is soon full; where it is not, the records are the
 * same however the stream is cut into bursts, so whenever the sweep comes by (DESIGN 9).
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core_policy.h"
#include "holds.h"
#include "stream_mutator.h"
#include "worker.h"

#define FLOWS 24
#define SECOND 1000000000ull

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
	uint8_t *out, size_t out_max, unsigned int seed);

/* What one input adds up to. */
struct totals {
	uint64_t packets, flows[VERDICT_COUNT], ended[END_COUNT], digest;
};

static struct worker *make_worker(struct record_buffer *record_buffer, uint8_t settings)
{
	struct worker_config config = {.policy = NULL};
	struct worker *w;

	core_configure(&config, settings);
	config.deduplicate = settings >> 2 & 1;
	config.warmup_ns = 60 * SECOND;
	config.flow_max = FLOWS;
	config.record_buffer = record_buffer;
	if (worker_new(&w, &config) < 0)
		abort();
	return w;
}

/* A second here, an hour there, and sometimes back. */
static uint64_t move(uint64_t time_ns, const uint8_t head[4])
{
	static const uint64_t unit_ns[4] = {1, 1000, 1000000, SECOND / 64};
	uint64_t step =
		((uint64_t)head[0] << 16 | (uint64_t)head[1] << 8 | head[2]) * unit_ns[head[3] & 3];

	if (head[3] == 0xff)
		return step << 40;
	return head[3] & 4 ? time_ns - step : time_ns + step;
}

/* The next packet in memory of its own size; what is left of the input. */
static size_t cut_packet(const uint8_t *data, size_t size, struct packet *p)
{
	size_t length = (size_t)data[0] << 8 | data[1];
	uint8_t *bytes;

	if (length > size - 8)
		length = size - 8;
	bytes = malloc(length);
	if (length > 0)
		memcpy(bytes, data + 8, length);
	p->data = bytes;
	p->caplen = (uint32_t)length;
	p->wirelen = p->caplen + ((uint32_t)data[2] << 8 | data[3]);
	return 8 + length;
}

static void take_records(struct record_buffer *o, struct totals *t)
{
	for (size_t i = 0; i < o->count; i++) {
		const struct record *r = &o->record[i];
		char history[HISTORY_BYTES];
		record_history(r, history);
		if (r->kind != RECORD_ENDED)
			continue;
		t->packets += r->packets[0] + r->packets[1];
		t->flows[r->verdict]++;
		t->ended[r->end]++;
		t->digest += record_digest(r);
	}
	o->count = 0;
}

static void process(struct worker *w, struct burst *b, struct record_buffer *o, struct totals *t)
{
	worker_process(w, b);
	take_records(o, t);
	for (uint32_t i = 0; i < b->count; i++)
		free((void *)(uintptr_t)b->packet[i].data);
	b->count = 0;
}

static uint64_t feed(struct worker *w, const uint8_t *data, size_t size, uint32_t burst_max,
	struct record_buffer *o, struct totals *t)
{
	uint16_t link = (uint16_t)(data[0] % (LINK_UNSUPPORTED + 1));
	struct burst b = {.start_ns = 1000 * SECOND};
	uint64_t time_ns = b.start_ns, now_ns = b.start_ns;

	for (data++, size--; size >= 8;) {
		struct packet *p = &b.packet[b.count++];
		size_t used = cut_packet(data, size, p);
		time_ns = move(time_ns, data + 4);
		now_ns = time_ns > now_ns ? time_ns : now_ns;
		p->time_ns = time_ns;
		p->now_ns = now_ns;
		p->link = link;
		p->interface = data[7] >> 3 & 3;
		data += used;
		size -= used;
		if (b.count == burst_max)
			process(w, &b, o, t);
	}
	if (b.count > 0)
		process(w, &b, o, t);
	return now_ns;
}

static uint64_t sum(const uint64_t *n, size_t count)
{
	uint64_t total = 0;

	for (size_t i = 0; i < count; i++)
		total += n[i];
	return total;
}

/* DESIGN 9, and that records and counters tell of the same flows. */
static void check(const struct counters *c, const struct totals *t)
{
	HOLDS(c->frames == c->ip + c->non_ip + c->duplicate + sum(c->discarded, DISCARD_COUNT));
	HOLDS(c->ip == c->monitored + c->unmonitored);
	HOLDS(c->monitored == sum(c->verdict_packets, VERDICT_COUNT) + c->fragments_unattributed);
	HOLDS(t->packets == sum(c->verdict_packets, VERDICT_COUNT) - c->untracked_packets);
	HOLDS(c->flows_created == sum(t->ended, END_COUNT));
	HOLDS(c->flows_active == 0 && c->flows_active_peak <= FLOWS);
	HOLDS(c->digest == t->digest);
	HOLDS(memcmp(c->verdict_flows, t->flows, sizeof(t->flows)) == 0);
	HOLDS(memcmp(c->ended, t->ended, sizeof(t->ended)) == 0);
}

/* Every frame is in one lane, and no share is more than the whole. */
static void check_mirror(const struct counters *c, const struct mirror_counters *m)
{
	uint64_t frames = 0, truncated = 0, duplicates = 0;

	for (uint32_t i = 0; i < m->lanes; i++) {
		frames += m->lane[i].frames;
		truncated += m->lane[i].truncated;
		duplicates += m->lane[i].duplicates;
		HOLDS(m->lane[i].frames <= c->frames);
		HOLDS(m->lane[i].truncated <= m->lane[i].frames);
	}
	HOLDS(frames == c->frames);
	HOLDS(truncated == c->truncated_frames);
	HOLDS(duplicates == c->duplicate);
	HOLDS(m->lanes <= MIRROR_LANES && m->sessions <= MIRROR_SESSIONS);
	HOLDS(m->watched_copies <= m->watched_packets);
	for (uint32_t i = 0; i < m->sessions; i++)
		HOLDS(m->session[i].first <= m->session[i].last && m->session[i].packets > 0);
}

/* What has to be the same however the stream is cut into bursts. */
struct outcome {
	uint64_t digest, flows, packets[VERDICT_COUNT];
	int has_room; /* for every flow, its first bytes and its facts */
};

static struct outcome run(const uint8_t *data, size_t size, uint32_t burst_max)
{
	static struct record record[RECORD_BUFFER_MIN];
	struct record_buffer record_buffer = {.record = record, .capacity = RECORD_BUFFER_MIN};
	struct totals t = {0};
	struct worker *w = make_worker(&record_buffer, data[size - 1]);
	uint64_t now_ns = feed(w, data, size, burst_max, &record_buffer, &t);
	const struct counters *c = worker_counters(w);
	struct outcome o;

	while (worker_finish(w, now_ns))
		take_records(&record_buffer, &t);
	take_records(&record_buffer, &t);
	check(c, &t);
	check_mirror(c, worker_mirror(w));
	o = (struct outcome){.digest = c->digest,
		.flows = c->flows_created,
		.has_room = c->ended[END_EVICTED] == 0 && c->untracked_packets == 0 &&
			    c->reassembly_exhausted == 0 && c->facts_exhausted == 0};
	memcpy(o.packets, c->verdict_packets, sizeof(o.packets));
	worker_free(w);
	return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome one, other;

	if (size < 1)
		return 0;
	one = run(data, size, 1 + data[0] / 8 % BURST_MAX);
	if (!one.has_room || !getenv("FUZZ_BURSTS"))
		return 0;
	other = run(data, size, BURST_MAX);
	HOLDS(!other.has_room || memcmp(&one, &other, sizeof(one)) == 0);
	return 0;
}

/* One in eight is any change of the bytes. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	struct mutation m = {seed, data, size, max_size};

	if (size == 0 || mutation_one_in(&m, 8))
		return LLVMFuzzerMutate(data, size, max_size);
	stream_mutate(&m);
	return m.length;
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
	uint8_t *out, size_t out_max, unsigned int seed)
{
	struct mutation m = {seed, out, 0, out_max};

	return stream_interleave(a, a_size, b, b_size, &m);
}
