#include "run/worker_pool.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <urcu-qsbr.h>

#include "analysis/mirror_report.h"
#include "analysis/mirror_sum.h"
#include "base/clock.h"
#include "base/heap.h"
#include "policy/ruleset.h"
#include "ring.h"
#include "run/evidence_memory.h"
#include "run/worker_settings.h"
#include "worker.h"

#define BATCHES 64
#define BATCH_RECORDS RECORD_BUFFER_MIN
#define BURSTS_PER_PUBLICATION 64

/* What a replay's worker may have been given between two looks of control at its batches: twice
 * the queue of packets before it (source/handoff.c), with a header for each. */
#define BACKLOG_BYTES (20u << 20)
#define COUNTER_WORDS (sizeof(struct counters) / sizeof(uint64_t))
#define CYCLE_COUNTER_WORDS (sizeof(struct cycle_counters) / sizeof(uint64_t))

struct record_batch {
	size_t count;
	struct record record[BATCH_RECORDS];
};

/* Two arrays with one entry per appliance: written by the worker, and control's copy. */
struct mirror_host_pair {
	struct mirror_host *worker, *copy;
};

/* A policy update. Published to the workers by RCU; freed when all have rejudged their flows.
 * hosts[i]: worker i's mirror counters under it. */
struct policy_update {
	struct policy_change policy_change;
	const struct ruleset *ruleset;
	size_t appliances;
	struct mirror_host_pair *hosts;
	uint16_t new_number[];
};

struct worker_thread {
	pthread_t thread;
	bool started;
	struct worker_pool *pool;
	struct worker *worker;
	struct source *source;
	struct record_buffer record_buffer;
	struct record_batch *batch, *filling;
	struct ring full, empty;
	void *full_slot[BATCHES], *empty_slot[BATCHES];
	struct evidence_memory evidence;
	struct ring evidence_full, evidence_empty;
	void **evidence_slot; /* of both */
	unsigned number;
	const struct policy_update *policy_update; /* in use; NULL: the first policy */
	struct mirror_host_pair retired; /* of the former policy, until flows are rejudged */
	struct mirror_counters *copy;	 /* as of the last dump; control reads it between dumps */
	unsigned long begun_dump;
	/* Written by the worker's thread, read by control. */
	_Alignas(64) _Atomic uint64_t published[COUNTER_WORDS];
	_Atomic uint64_t cycle_counters[CYCLE_COUNTER_WORDS];
	_Atomic(const struct policy_update *)
		rejudged_by; /* the last update by which it has rejudged its flows */
	atomic_ulong dumped; /* number of the last complete dump */
	_Atomic uint64_t dropped;
	atomic_bool busy, failed;
	char failure[SOURCE_ERROR_BYTES]; /* written before `failed` is set */
};

struct worker_pool {
	struct worker_pool_config config;
	atomic_bool stop;
	/* Read and replaced as by RCU, in C11's words, which ThreadSanitizer knows; NULL: the first
	 * policy. */
	_Atomic(struct policy_update *) policy_update;
	struct policy_update *previous; /* until all have rejudged their flows */
	atomic_ulong dump;		/* number of the last dump requested */
	unsigned threads;
	struct worker_thread *thread;
};

static_assert(sizeof(struct counters) % sizeof(uint64_t) == 0, "counters are words");

/* --- worker thread ------------------------------------------------------------------ */

static void publish(struct worker_thread *t)
{
	uint64_t word[COUNTER_WORDS];

	memcpy(word, worker_counters(t->worker), sizeof(word));
	for (size_t i = 0; i < COUNTER_WORDS; i++)
		atomic_store_explicit(&t->published[i], word[i], memory_order_relaxed);
	memcpy(word, worker_cycles(t->worker), sizeof(struct cycle_counters));
	for (size_t i = 0; i < CYCLE_COUNTER_WORDS; i++)
		atomic_store_explicit(&t->cycle_counters[i], word[i], memory_order_relaxed);
}

/* An empty batch; NULL if there is none and the worker may not wait. */
static struct record_batch *batch_take(struct worker_thread *t)
{
	struct record_batch *p = ring_take(&t->empty);

	while (!p && t->pool->config.may_wait) {
		sched_yield();
		p = ring_take(&t->empty);
	}
	return p;
}

static void dispatch(struct worker_thread *t)
{
	if (t->filling && t->filling->count > 0) {
		ring_put(&t->full, t->filling);
		t->filling = NULL;
	}
}

/* While nothing else is to be done. The last batch is kept: without one, records of the next burst
 * would be dropped. */
static void dispatch_early(struct worker_thread *t)
{
	if (!ring_is_empty(&t->empty))
		dispatch(t);
}

static void begin_batch(struct worker_thread *t)
{
	if (t->filling)
		return;
	t->filling = batch_take(t);
	if (t->filling)
		t->filling->count = 0;
}

/* True unless the records of the next burst surely fit; alerts are then delayed. */
static bool is_congested(struct worker_thread *t)
{
	begin_batch(t);
	if (!t->filling)
		return true;
	return t->filling->count > BATCH_RECORDS / 2 && ring_is_empty(&t->empty);
}

static void empty_record_buffer(struct worker_thread *t)
{
	struct record_buffer *o = &t->record_buffer;

	if (o->count == 0 && !o->congested)
		return;
	if (t->filling && t->filling->count + o->count > BATCH_RECORDS)
		dispatch(t);
	begin_batch(t);
	if (t->filling) {
		memcpy(&t->filling->record[t->filling->count], o->record,
			o->count * sizeof(*o->record));
		t->filling->count += o->count;
	} else {
		atomic_fetch_add_explicit(&t->dropped, o->count, memory_order_relaxed);
	}
	o->count = 0;
	o->congested = is_congested(t);
}

static void take_empty_batches(struct worker_thread *t)
{
	struct evidence_batch *b;

	while ((b = ring_take(&t->evidence_empty)))
		packet_evidence_give(&t->evidence.evidence, b);
}

/* Records go first: who takes a batch of packets finds there what their flows were flagged for. */
static void pass_packets(struct worker_thread *t)
{
	struct evidence_batch *b, *next;

	if (!t->pool->config.evidence)
		return;
	take_empty_batches(t);
	b = packet_evidence_take(&t->evidence.evidence);
	if (b)
		dispatch(t);
	for (; b; b = next) {
		next = b->next;
		ring_put(&t->evidence_full, b); /* has a slot for each */
	}
}

static void flush_packets(struct worker_thread *t)
{
	packet_evidence_flush(&t->evidence.evidence);
	pass_packets(t);
}

static void fail(struct worker_thread *t)
{
	memcpy(t->failure, t->source->error, sizeof(t->failure));
	atomic_store_explicit(&t->failed, true, memory_order_release);
}

/* Rounds of an idle poll, so few that no NIC's ring runs over meanwhile. The source does not sleep
 * until all that is due is done. */
#define IDLE_ROUNDS 16

static void work_off(struct worker_thread *t)
{
	int more = 1;

	for (unsigned i = 0; i < IDLE_ROUNDS && more; i++) {
		more = worker_idle(t->worker, clock_wall_ns());
		empty_record_buffer(t);
		dispatch_early(t);
		pass_packets(t);
	}
	t->source->is_hurried = more;
}

/* Idle poll: sweep (live only), flush records, publish counters. */
static void on_idle(struct worker_thread *t)
{
	if (!t->pool->config.may_wait)
		work_off(t);
	dispatch_early(t);
	flush_packets(t);
	publish(t);
}

/* Flush before the release store that signals completion. */
static void flush(struct worker_thread *t)
{
	empty_record_buffer(t);
	dispatch(t);
	flush_packets(t);
	publish(t);
}

static void copy_figures(struct worker_thread *t)
{
	const struct mirror_counters *f = worker_mirror(t->worker);
	struct mirror_host *host = t->copy->host;

	*t->copy = *f;
	t->copy->host = host;
	memcpy(host, f->host, f->hosts * sizeof(*host));
}

static void apply_policy(struct worker_thread *t, const struct policy_update *update)
{
	struct mirror_host_pair new = update->hosts[t->number];

	t->retired.worker = worker_set_policy(
		t->worker, &update->policy_change, new.worker, update->appliances);
	t->retired.copy = t->copy->host;
	t->copy->host = new.copy;
	t->policy_update = update;
}

static void publish_rejudged(struct worker_thread *t)
{
	if (t->policy_update == atomic_load_explicit(&t->rejudged_by, memory_order_relaxed) ||
		!worker_is_rejudged(t->worker))
		return;
	flush(t);
	atomic_store_explicit(&t->rejudged_by, t->policy_update, memory_order_release);
}

static void publish_dumped(struct worker_thread *t)
{
	if (t->begun_dump == atomic_load_explicit(&t->dumped, memory_order_relaxed) ||
		!worker_is_dumped(t->worker) || !worker_is_rejudged(t->worker))
		return;
	flush(t);
	copy_figures(t);
	atomic_store_explicit(&t->dumped, t->begun_dump, memory_order_release);
}

/* Between two steps: applies a new policy, starts a dump, publishes progress of both. */
static void check_requests(struct worker_thread *t)
{
	const struct policy_update *update =
		atomic_load_explicit(&t->pool->policy_update, memory_order_acquire);
	unsigned long dump = atomic_load_explicit(&t->pool->dump, memory_order_acquire);

	if (update != t->policy_update)
		apply_policy(t, update);
	if (dump != t->begun_dump) {
		worker_dump(t->worker);
		t->begun_dump = dump;
	}
	publish_rejudged(t);
	publish_dumped(t);
	rcu_quiescent_state();
}

static void work(struct worker_thread *t)
{
	int got = 0;

	for (unsigned long i = 1; !atomic_load_explicit(&t->pool->stop, memory_order_relaxed);
		i++) {
		check_requests(t);
		got = worker_step(t->worker, t->source);
		if (got < 0)
			break;
		empty_record_buffer(t);
		pass_packets(t);
		if (got == 0)
			on_idle(t);
		else if (i % BURSTS_PER_PUBLICATION == 0) {
			dispatch_early(t);
			if (t->evidence.evidence.empty) /* the last one is kept */
				flush_packets(t);
			publish(t);
		}
	}
	if (got < 0 && got != -ENODATA)
		fail(t);
}

static void *thread_main(void *argument)
{
	struct worker_thread *t = argument;
	const struct source_operations *o = t->source->operations;

	rcu_register_thread();
	if (o->enter && o->enter(t->source) < 0)
		fail(t);
	else
		work(t);
	if (o->leave)
		o->leave(t->source);
	flush(t);
	rcu_unregister_thread();
	atomic_store_explicit(&t->busy, false, memory_order_release);
	return NULL;
}

/* --- control thread ----------------------------------------------------------------- */

static struct mirror_counters *figures_new(size_t appliances)
{
	struct mirror_counters *f = heap_calloc(1, sizeof(*f));

	if (f)
		f->host = heap_calloc(appliances + 1, sizeof(*f->host));
	return f;
}

static int evidence_init(struct worker_thread *t, const struct worker_pool_config *config)
{
	size_t slots = 1;
	int error = evidence_memory_open(
		&t->evidence, config->evidence, config->may_wait ? BACKLOG_BYTES : 0);

	if (error < 0)
		return error;
	while (slots < t->evidence.batches)
		slots *= 2;
	t->evidence_slot = heap_calloc(2 * slots, sizeof(*t->evidence_slot));
	if (!t->evidence_slot)
		return -ENOMEM;
	ring_init(&t->evidence_full, t->evidence_slot, slots);
	ring_init(&t->evidence_empty, t->evidence_slot + slots, slots);
	return 0;
}

static int worker_thread_init(
	struct worker_thread *t, struct worker_pool *pool, struct source *source)
{
	const struct ruleset *ruleset = pool->config.ruleset;
	struct worker_config config =
		worker_settings(ruleset, pool->config.settings, &t->record_buffer);

	config.seed = pool->config.seed;
	t->pool = pool;
	t->source = source;
	t->record_buffer.capacity = RECORD_BUFFER_MIN;
	t->record_buffer.record = heap_calloc(RECORD_BUFFER_MIN, sizeof(*t->record_buffer.record));
	t->batch = heap_calloc(BATCHES, sizeof(*t->batch));
	t->copy = figures_new(ruleset->appliances);
	if (!t->record_buffer.record || !t->batch || !t->copy || !t->copy->host)
		return -ENOMEM;
	ring_init(&t->full, t->full_slot, BATCHES);
	ring_init(&t->empty, t->empty_slot, BATCHES);
	for (unsigned i = 0; i < BATCHES; i++)
		ring_put(&t->empty, &t->batch[i]);
	if (pool->config.evidence) {
		if (evidence_init(t, &pool->config) < 0)
			return -ENOMEM;
		config.packet_evidence = &t->evidence.evidence;
	}
	return worker_new(&t->worker, &config);
}

int worker_pool_start(struct worker_pool **out, const struct worker_pool_config *config)
{
	struct worker_pool *c = heap_calloc(1, sizeof(*c));
	int error = 0;

	if (!c)
		return -ENOMEM;
	c->config = *config;
	c->thread = aligned_alloc(64, config->workers * sizeof(*c->thread));
	if (!c->thread) {
		free(c);
		return -ENOMEM;
	}
	memset(c->thread, 0, config->workers * sizeof(*c->thread));
	c->threads = config->workers;
	for (unsigned i = 0; i < c->threads && error == 0; i++) {
		c->thread[i].number = i;
		error = worker_thread_init(&c->thread[i], c, config->source[i]);
	}
	for (unsigned i = 0; i < c->threads && error == 0; i++) {
		atomic_store(&c->thread[i].busy, true);
		error = -pthread_create(&c->thread[i].thread, NULL, thread_main, &c->thread[i]);
		c->thread[i].started = error == 0;
	}
	if (error < 0) {
		worker_pool_stop(c);
		worker_pool_free(c);
		return error;
	}
	*out = c;
	return 0;
}

static size_t collect_records(struct worker_pool *c, struct worker_thread *t)
{
	struct record_batch *p;
	size_t records = 0;

	while ((p = ring_take(&t->full))) {
		records_take(
			p->record, p->count, c->config.take, c->config.expect, c->config.context);
		records += p->count;
		ring_put(&t->empty, p);
	}
	return records;
}

/* A batch of packets is there: so are the records before it. */
static size_t collect_from(struct worker_pool *c, struct worker_thread *t)
{
	struct evidence_batch *b;
	size_t records = 0;

	while (c->config.evidence && (b = ring_take(&t->evidence_full))) {
		records += collect_records(c, t) + b->packets;
		evidence_batch_each(b, c->config.take_packet, c->config.context);
		ring_put(&t->evidence_empty, b);
	}
	return records + collect_records(c, t);
}

size_t worker_pool_collect(struct worker_pool *c)
{
	size_t records = 0;

	for (unsigned i = 0; i < c->threads; i++)
		records += collect_from(c, &c->thread[i]);
	return records;
}

unsigned worker_pool_busy(const struct worker_pool *c)
{
	unsigned busy = 0;

	for (unsigned i = 0; i < c->threads; i++)
		busy += atomic_load_explicit(&c->thread[i].busy, memory_order_acquire);
	return busy;
}

void worker_pool_counters(const struct worker_pool *c, struct counters *sum)
{
	uint64_t word[COUNTER_WORDS] = {0};

	for (unsigned i = 0; i < c->threads; i++)
		for (size_t k = 0; k < COUNTER_WORDS; k++)
			word[k] += atomic_load_explicit(
				&c->thread[i].published[k], memory_order_relaxed);
	memcpy(sum, word, sizeof(*sum));
}

void worker_pool_worker_counters(const struct worker_pool *c, unsigned thread, struct counters *n,
	struct cycle_counters *cycle_counters)
{
	uint64_t word[COUNTER_WORDS];

	for (size_t i = 0; i < COUNTER_WORDS; i++)
		word[i] =
			atomic_load_explicit(&c->thread[thread].published[i], memory_order_relaxed);
	memcpy(n, word, sizeof(*n));
	for (size_t i = 0; i < CYCLE_COUNTER_WORDS; i++)
		word[i] = atomic_load_explicit(
			&c->thread[thread].cycle_counters[i], memory_order_relaxed);
	memcpy(cycle_counters, word, sizeof(*cycle_counters));
}

uint64_t worker_pool_dropped(const struct worker_pool *c)
{
	uint64_t dropped = 0;

	for (unsigned i = 0; i < c->threads; i++)
		dropped += atomic_load_explicit(&c->thread[i].dropped, memory_order_relaxed);
	return dropped;
}

const char *worker_pool_failure(const struct worker_pool *c)
{
	for (unsigned i = 0; i < c->threads; i++)
		if (atomic_load_explicit(&c->thread[i].failed, memory_order_acquire))
			return c->thread[i].failure;
	return NULL;
}

/* --- policy updates --------------------------------------------------------------------- */

static void host_pair_free(struct mirror_host_pair *pair)
{
	free(pair->worker);
	free(pair->copy);
	*pair = (struct mirror_host_pair){0};
}

static void policy_update_free(struct policy_update *update)
{
	if (!update)
		return;
	free(update->hosts);
	free(update);
}

void worker_pool_discard(const struct worker_pool *c, struct policy_update *update)
{
	for (unsigned i = 0; update && update->hosts && i < c->threads; i++)
		host_pair_free(&update->hosts[i]);
	policy_update_free(update);
}

static bool host_pair_new(struct mirror_host_pair *pair, size_t appliances)
{
	pair->worker = heap_calloc(appliances + 1, sizeof(struct mirror_host));
	pair->copy = heap_calloc(appliances + 1, sizeof(struct mirror_host));
	return pair->worker && pair->copy;
}

struct policy_update *worker_pool_prepare(const struct worker_pool *c,
	const struct ruleset *ruleset, const uint16_t *new_number, size_t new_numbers)
{
	struct policy_update *update =
		heap_calloc(1, sizeof(*update) + new_numbers * sizeof(*new_number));
	bool complete;

	if (!update)
		return NULL;
	memcpy(update->new_number, new_number, new_numbers * sizeof(*new_number));
	update->ruleset = ruleset;
	update->appliances = ruleset->appliances;
	update->policy_change = (struct policy_change){
		.policy = ruleset->policy,
		.timeouts = ruleset->timeouts,
		.warmup_ns = ruleset->warmup_ns,
		.new_number = update->new_number,
		.new_numbers = new_numbers,
	};
	update->hosts = heap_calloc(c->threads, sizeof(*update->hosts));
	complete = update->hosts != NULL;
	for (unsigned i = 0; complete && i < c->threads; i++)
		complete = host_pair_new(&update->hosts[i], ruleset->appliances);
	if (complete)
		return update;
	worker_pool_discard(c, update);
	return NULL;
}

void worker_pool_reload(struct worker_pool *c, struct policy_update *update)
{
	assert(!c->previous);
	c->previous = c->policy_update;
	atomic_store_explicit(&c->policy_update, update, memory_order_release);
	synchronize_rcu();
	c->config.ruleset = update->ruleset;
}

/* A worker that has stopped rejudges its flows in worker_pool_finish(). */
bool worker_pool_has_rejudged(struct worker_pool *c)
{
	for (unsigned i = 0; i < c->threads; i++)
		if (atomic_load_explicit(&c->thread[i].rejudged_by, memory_order_acquire) !=
			c->policy_update)
			return false;
	for (unsigned i = 0; i < c->threads; i++)
		host_pair_free(&c->thread[i].retired);
	policy_update_free(c->previous);
	c->previous = NULL;
	return true;
}

/* --- dumps ----------------------------------------------------------------------------- */

void worker_pool_dump(struct worker_pool *c)
{
	atomic_fetch_add_explicit(&c->dump, 1, memory_order_release);
}

bool worker_pool_has_dumped(const struct worker_pool *c)
{
	unsigned long dump = atomic_load_explicit(&c->dump, memory_order_relaxed);

	for (unsigned i = 0; i < c->threads; i++)
		if (atomic_load_explicit(&c->thread[i].dumped, memory_order_acquire) != dump)
			return false;
	return true;
}

void worker_pool_dumped_mirror(const struct worker_pool *c, struct mirror_report *report)
{
	for (unsigned i = 0; i < c->threads; i++)
		mirror_report_add(report, c->thread[i].copy);
}

/* --- stop --------------------------------------------------------------------------------- */

void worker_pool_stop(struct worker_pool *c)
{
	atomic_store_explicit(&c->stop, true, memory_order_relaxed);
}

static void join(struct worker_pool *c)
{
	struct timespec moment = {.tv_nsec = 1000000};

	while (worker_pool_busy(c) > 0) /* a worker may be waiting for an empty batch */
		if (worker_pool_collect(c) == 0)
			nanosleep(&moment, NULL);
	for (unsigned i = 0; i < c->threads; i++)
		if (c->thread[i].started) {
			pthread_join(c->thread[i].thread, NULL);
			c->thread[i].started = false;
		}
	worker_pool_collect(c);
}

void worker_pool_finish(struct worker_pool *c, uint64_t now_ns)
{
	join(c);
	for (unsigned i = 0; i < c->threads; i++) {
		struct worker_thread *t = &c->thread[i];
		int more = 1;
		if (t->policy_update != c->policy_update) {
			host_pair_free(&t->retired);
			apply_policy(t, c->policy_update);
		}
		t->record_buffer.congested = 0;
		while (more) {
			more = worker_finish(t->worker, now_ns);
			records_take(t->record_buffer.record, t->record_buffer.count,
				c->config.take, c->config.expect, c->config.context);
			t->record_buffer.count = 0;
			if (!c->config.evidence)
				continue;
			take_empty_batches(t);
			evidence_memory_empty(
				&t->evidence, c->config.take_packet, c->config.context);
		}
		publish(t);
	}
}

void worker_pool_mirror(const struct worker_pool *c, struct mirror_report *report)
{
	for (unsigned i = 0; i < c->threads; i++)
		mirror_report_add(report, worker_mirror(c->thread[i].worker));
}

void worker_pool_free(struct worker_pool *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < c->threads; i++) {
		struct worker_thread *t = &c->thread[i];
		if (t->started)
			pthread_join(t->thread, NULL);
		worker_free(t->worker);
		free(t->record_buffer.record);
		free(t->batch);
		evidence_memory_close(&t->evidence);
		free(t->evidence_slot);
		if (t->copy)
			free(t->copy->host);
		free(t->copy);
		host_pair_free(&t->retired);
		if (c->policy_update && t->policy_update != c->policy_update)
			host_pair_free(&c->policy_update->hosts[i]);
	}
	policy_update_free(c->previous);
	policy_update_free(c->policy_update);
	free(c->thread);
	free(c);
}
