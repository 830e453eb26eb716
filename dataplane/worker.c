#include "worker.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "core/pipeline.h"

/* 4,096 datagrams in pieces at a time: a second of heavy fragmentation, 416 KiB. */
#define FRAGMENT_SETS_LOG2 10

/* 262,144 packets: 50 ms at 5 Mpps, 4 MiB. */
#define DUPLICATE_SETS_LOG2 16

/* 16,384 answers, 256 KiB. */
#define RESPONDER_CACHE_SETS_LOG2 12

/* A reassembly slot is in use while a flow's first segments come: 4,096 of them cover a second
 * of fifty thousand new connections whose hello comes in two segments. 4.5 MiB. */
#define REASSEMBLY_SLOTS 4096

/* Flows that an errand looks at with a step, and where there are no packets: at full rate a
 * table of a million flows is through in a quarter of a second, and a step costs two microseconds
 * more. */
#define HOUSEKEEPING_STEP 32
#define HOUSEKEEPING_STEP_IDLE 256
#define FACTS_MAX 65536 /* 8 MiB */

struct worker {
	struct pipeline pipeline;
	void *table_memory, *fragment_memory, *duplicate_memory, *responder_cache_memory;
	void *inspection_memory, *opening_memory;
	size_t table_bytes, fragment_bytes, duplicate_bytes, memory_bytes, inspection_bytes;
	struct mirror_host *host; /* one an appliance */
	int dumping;
	uint64_t steps;
	struct cycle_counters cycle_counters;
	struct burst burst;
};

/* Zeroed pages, huge ones where the kernel has them: a flow is a random line, and a page
 * table walk costs as much as the line itself. */
static void *pages_new(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	madvise(p, bytes, MADV_HUGEPAGE);
	return p;
}

static void pages_free(void *p, size_t bytes)
{
	if (p)
		munmap(p, bytes);
}

static int inspection_open(struct worker *w, const struct worker_config *config)
{
	struct inspection *in = &w->pipeline.tracker.inspection;
	uint32_t slots = config->reassembly_slots ? config->reassembly_slots : REASSEMBLY_SLOTS;
	uint32_t facts = config->facts_max ? config->facts_max : FACTS_MAX;
	size_t bytes = inspection_size(slots, facts);

	if (!config->scanner)
		return 0;
	w->inspection_memory = pages_new(bytes);
	if (!w->inspection_memory)
		return -ENOMEM;
	w->inspection_bytes = bytes;
	inspection_init(in, w->inspection_memory, slots, facts);
	in->counters = &w->pipeline.counters;
	in->scanner = config->scanner;
	return scratch_init(&in->scratch, in->scanner);
}

int worker_new(struct worker **out, const struct worker_config *config)
{
	size_t hosts = inventory_count(config->policy->inventory);
	struct worker *w = aligned_alloc(64, (sizeof(*w) + 63) & ~(size_t)63);

	assert(config->record_buffer->capacity >= RECORD_BUFFER_MIN);
	if (!w)
		return -ENOMEM;
	*w = (struct worker){
		.table_bytes = table_size(config->flow_max),
		.fragment_bytes = fragments_size(FRAGMENT_SETS_LOG2),
		.memory_bytes = responder_cache_size(RESPONDER_CACHE_SETS_LOG2),
	};
	w->table_memory = pages_new(w->table_bytes);
	w->fragment_memory = pages_new(w->fragment_bytes);
	w->responder_cache_memory = pages_new(w->memory_bytes);
	w->opening_memory = pages_new(opening_table_size());
	if (config->deduplicate) {
		w->duplicate_bytes = duplicates_size(DUPLICATE_SETS_LOG2);
		w->duplicate_memory = pages_new(w->duplicate_bytes);
	}
	w->host = calloc(hosts + 1, sizeof(*w->host));
	if (!w->table_memory || !w->fragment_memory || !w->responder_cache_memory || !w->host ||
		!w->opening_memory || (config->deduplicate && !w->duplicate_memory) ||
		inspection_open(w, config) < 0) {
		worker_free(w);
		return -ENOMEM;
	}
	w->pipeline.tracker.policy = config->policy;
	w->pipeline.tracker.counters = &w->pipeline.counters;
	w->pipeline.tracker.record_buffer = config->record_buffer;
	w->pipeline.tracker.packet_evidence = config->packet_evidence;
	w->pipeline.tracker.encap_table = &w->pipeline.encap_table;
	w->pipeline.tracker.mirror = &w->pipeline.mirror;
	mirror_init(&w->pipeline.mirror, w->host, hosts);
	w->pipeline.tracker.warmup_ns = config->warmup_ns;
	tracker_init(&w->pipeline.tracker, &config->timeouts);
	table_init(&w->pipeline.tracker.table, w->table_memory, config->flow_max, config->seed);
	opening_table_init(&w->pipeline.tracker.openings, w->opening_memory);
	responder_cache_init(&w->pipeline.tracker.responder_cache, w->responder_cache_memory,
		RESPONDER_CACHE_SETS_LOG2, config->seed);
	fragments_init(&w->pipeline.fragments, w->fragment_memory, FRAGMENT_SETS_LOG2);
	if (config->deduplicate)
		duplicates_init(&w->pipeline.duplicates, w->duplicate_memory, DUPLICATE_SETS_LOG2,
			config->seed);
	*out = w;
	return 0;
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	pages_free(w->table_memory, w->table_bytes);
	pages_free(w->fragment_memory, w->fragment_bytes);
	pages_free(w->duplicate_memory, w->duplicate_bytes);
	pages_free(w->responder_cache_memory, w->memory_bytes);
	pages_free(w->opening_memory, opening_table_size());
	free(w->host);
	pages_free(w->inspection_memory, w->inspection_bytes);
	scratch_fini(w->pipeline.tracker.inspection.scratch);
	free(w);
}

void worker_process(struct worker *w, const struct burst *b)
{
	pipeline_process(&w->pipeline, b);
}

/* --- errands -------------------------------------------------------------------------- */

static void run_housekeeping(struct worker *w, uint32_t flows)
{
	struct tracker *t = &w->pipeline.tracker;

	if (t->rejudge_pending)
		tracker_rejudge(t, flows);
	else
		w->dumping = !tracker_dump(t, flows);
	w->pipeline.counters.flows_active = t->table.active;
}

struct mirror_host *worker_set_policy(
	struct worker *w, const struct policy_change *s, struct mirror_host *host, size_t hosts)
{
	struct mirror_host *old = w->host;
	const struct mirror_counters *f = &w->pipeline.mirror.figures;

	for (size_t i = 0; i < f->hosts; i++) {
		uint16_t new_number = policy_change_number(s, (uint16_t)i);
		if (new_number != APPLIANCE_NONE)
			host[new_number] = old[i];
	}
	w->host = host;
	w->pipeline.mirror.figures.host = host;
	w->pipeline.mirror.figures.hosts = hosts;
	tracker_set_policy(&w->pipeline.tracker, s);
	return old;
}

int worker_is_rejudged(const struct worker *w)
{
	return !w->pipeline.tracker.rejudge_pending;
}

void worker_dump(struct worker *w)
{
	tracker_begin_dump(&w->pipeline.tracker);
	w->dumping = 1;
}

int worker_is_dumped(const struct worker *w)
{
	return !w->dumping;
}

/* --- the loop ------------------------------------------------------------------------- */

static uint64_t cycles(void)
{
#if defined(__x86_64__) || defined(__i386__)
	return __builtin_ia32_rdtsc();
#else
	return 0;
#endif
}

/* As worker_step(), with a look at the counter between its parts. */
static int timed_step(struct worker *w, struct source *s)
{
	uint64_t begin = cycles(), polled, processed;
	int got;

	got = s->operations->poll(s, &w->burst);
	if (w->burst.count == 0)
		return got;
	polled = cycles();
	pipeline_process(&w->pipeline, &w->burst);
	processed = cycles();
	s->operations->release(s, &w->burst);
	w->cycle_counters.release_cycles += cycles() - processed;
	w->cycle_counters.process_cycles += processed - polled;
	w->cycle_counters.poll_cycles += polled - begin;
	w->cycle_counters.packets += w->burst.count;
	return got;
}

static int plain_step(struct worker *w, struct source *s)
{
	int got = s->operations->poll(s, &w->burst);

	if (w->burst.count > 0) {
		pipeline_process(&w->pipeline, &w->burst);
		s->operations->release(s, &w->burst);
	}
	return got;
}

int worker_step(struct worker *w, struct source *s)
{
	int got;

	w->burst.count = 0;
	got = ++w->steps % CYCLE_SAMPLE_STEPS ? plain_step(w, s) : timed_step(w, s);
	if (w->pipeline.tracker.rejudge_pending | w->dumping)
		run_housekeeping(w, HOUSEKEEPING_STEP);
	return got;
}

int worker_idle(struct worker *w, uint64_t now_ns)
{
	struct tracker *t = &w->pipeline.tracker;
	int more;

	if (now_ns > t->now_ns)
		t->now_ns = now_ns;
	more = tracker_sweep(t);
	if (w->pipeline.tracker.rejudge_pending | w->dumping)
		run_housekeeping(w, HOUSEKEEPING_STEP_IDLE);
	w->pipeline.counters.flows_active = t->table.active;
	return more || w->pipeline.tracker.rejudge_pending || w->dumping;
}

int worker_finish(struct worker *w, uint64_t now_ns)
{
	int more = tracker_finish(&w->pipeline.tracker, now_ns);

	w->pipeline.counters.flows_active = w->pipeline.tracker.table.active;
	return more;
}

const struct counters *worker_counters(const struct worker *w)
{
	return &w->pipeline.counters;
}

const struct cycle_counters *worker_cycles(const struct worker *w)
{
	return &w->cycle_counters;
}

const struct mirror_counters *worker_mirror(const struct worker *w)
{
	return &w->pipeline.mirror.figures;
}
