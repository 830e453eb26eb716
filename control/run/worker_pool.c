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
#include "policy/ruleset.h"
#include "ring.h"
#include "run/worker_settings.h"
#include "worker.h"

#define BATCHES 64
#define BATCH_RECORDS RECORD_BUFFER_MIN
#define BURSTS_PER_PUBLICATION 64
#define COUNTER_WORDS (sizeof(struct counters) / sizeof(uint64_t))
#define CYCLE_COUNTER_WORDS (sizeof(struct cycle_counters) / sizeof(uint64_t))

struct record_batch {
	size_t count;
	struct record record[BATCH_RECORDS];
};

/* Two arrays with an entry an appliance: the worker's figures, and control's copy of them. */
struct mirror_host_pair {
	struct mirror_host *worker, *copy;
};

/* A policy's time in force: what is lent to the workers while it lasts. The workers find it by RCU;
 * what one policy update leaves to the next is in `hosts`, one a thread. */
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
	unsigned number;
	const struct policy_update
		*policy_update;		 /* whose policy the worker has; NULL: the first one's */
	struct mirror_host_pair retired; /* until it has rejudged its flows */
	struct mirror_counters *copy; /* as of the last dump; control's while none is under way */
	unsigned long begun_dump;
	/* Written by the worker's thread, read by control. */
	_Alignas(64) _Atomic uint64_t published[COUNTER_WORDS];
	_Atomic uint64_t cycle_counters[CYCLE_COUNTER_WORDS];
	_Atomic(const struct policy_update *)
		settled;     /* the last one that it has rejudged its flows by */
	atomic_ulong dumped; /* the last dump that is complete */
	_Atomic uint64_t dropped;
	atomic_bool busy, failed;
	char failure[SOURCE_ERROR_BYTES]; /* before `failed` is set */
};

struct worker_pool {
	struct worker_pool_config config;
	atomic_bool stop;
	struct policy_update *policy_update; /* by RCU; NULL: the first policy */
	struct policy_update *previous;	     /* until all have rejudged their flows */
	atomic_ulong dump;		     /* the last one that was asked for */
	unsigned threads;
	struct worker_thread *thread;
};

static_assert(sizeof(struct counters) % sizeof(uint64_t) == 0, "counters are words");

/* --- a worker's thread --------------------------------------------------------------- */

static void publish(struct worker_thread *h)
{
	uint64_t word[COUNTER_WORDS];

	memcpy(word, worker_counters(h->worker), sizeof(word));
	for (size_t i = 0; i < COUNTER_WORDS; i++)
		atomic_store_explicit(&h->published[i], word[i], memory_order_relaxed);
	memcpy(word, worker_cycles(h->worker), sizeof(struct cycle_counters));
	for (size_t i = 0; i < CYCLE_COUNTER_WORDS; i++)
		atomic_store_explicit(&h->cycle_counters[i], word[i], memory_order_relaxed);
}

/* An empty batch, or NULL where there is none and nobody waits. */
static struct record_batch *batch_take(struct worker_thread *h)
{
	struct record_batch *p = ring_take(&h->empty);

	while (!p && h->pool->config.may_wait) {
		sched_yield();
		p = ring_take(&h->empty);
	}
	return p;
}

static void dispatch(struct worker_thread *h)
{
	if (h->filling && h->filling->count > 0) {
		ring_put(&h->full, h->filling);
		h->filling = NULL;
	}
}

static void begin_batch(struct worker_thread *h)
{
	if (h->filling)
		return;
	h->filling = batch_take(h);
	if (h->filling)
		h->filling->count = 0;
}

/* Whether what the next burst leaves finds room for certain: then alerts need not wait. */
static bool is_congested(struct worker_thread *h)
{
	begin_batch(h);
	if (!h->filling)
		return true;
	return h->filling->count > BATCH_RECORDS / 2 && ring_is_empty(&h->empty);
}

static void empty_record_buffer(struct worker_thread *h)
{
	struct record_buffer *o = &h->record_buffer;

	if (o->count == 0 && !o->congested)
		return;
	if (h->filling && h->filling->count + o->count > BATCH_RECORDS)
		dispatch(h);
	begin_batch(h);
	if (h->filling) {
		memcpy(&h->filling->record[h->filling->count], o->record,
			o->count * sizeof(*o->record));
		h->filling->count += o->count;
	} else {
		atomic_fetch_add_explicit(&h->dropped, o->count, memory_order_relaxed);
	}
	o->count = 0;
	o->congested = is_congested(h);
}

static void fail(struct worker_thread *h)
{
	memcpy(h->failure, h->source->error, sizeof(h->failure));
	atomic_store_explicit(&h->failed, true, memory_order_release);
}

/* A poll without packets is the time for everything that is not a packet's. */
static void on_idle(struct worker_thread *h)
{
	if (!h->pool->config.may_wait) {
		worker_idle(h->worker, clock_wall_ns());
		empty_record_buffer(h);
	}
	dispatch(h);
	publish(h);
}

/* Everything that the worker has left is on its way before anybody hears that it is done. */
static void flush(struct worker_thread *h)
{
	empty_record_buffer(h);
	dispatch(h);
	publish(h);
}

static void copy_figures(struct worker_thread *h)
{
	const struct mirror_counters *f = worker_mirror(h->worker);
	struct mirror_host *host = h->copy->host;

	*h->copy = *f;
	h->copy->host = host;
	memcpy(host, f->host, f->hosts * sizeof(*host));
}

static void apply_policy(struct worker_thread *h, const struct policy_update *r)
{
	struct mirror_host_pair new = r->hosts[h->number];

	h->retired.worker =
		worker_set_policy(h->worker, &r->policy_change, new.worker, r->appliances);
	h->retired.copy = h->copy->host;
	h->copy->host = new.copy;
	h->policy_update = r;
}

static void publish_rejudged(struct worker_thread *h)
{
	if (h->policy_update == atomic_load_explicit(&h->settled, memory_order_relaxed) ||
		!worker_is_rejudged(h->worker))
		return;
	flush(h);
	atomic_store_explicit(&h->settled, h->policy_update, memory_order_release);
}

static void publish_dumped(struct worker_thread *h)
{
	if (h->begun_dump == atomic_load_explicit(&h->dumped, memory_order_relaxed) ||
		!worker_is_dumped(h->worker) || !worker_is_rejudged(h->worker))
		return;
	flush(h);
	copy_figures(h);
	atomic_store_explicit(&h->dumped, h->begun_dump, memory_order_release);
}

/* Between two steps: a new policy update, a dump, and where the last ones have got to. */
static void check_requests(struct worker_thread *h)
{
	const struct policy_update *r = rcu_dereference(h->pool->policy_update);
	unsigned long dump = atomic_load_explicit(&h->pool->dump, memory_order_acquire);

	if (r != h->policy_update)
		apply_policy(h, r);
	if (dump != h->begun_dump) {
		worker_dump(h->worker);
		h->begun_dump = dump;
	}
	publish_rejudged(h);
	publish_dumped(h);
	rcu_quiescent_state();
}

static void work(struct worker_thread *h)
{
	int got = 0;

	for (unsigned long i = 1; !atomic_load_explicit(&h->pool->stop, memory_order_relaxed);
		i++) {
		check_requests(h);
		got = worker_step(h->worker, h->source);
		if (got < 0)
			break;
		empty_record_buffer(h);
		if (got == 0)
			on_idle(h);
		else if (i % BURSTS_PER_PUBLICATION == 0) {
			dispatch(h);
			publish(h);
		}
	}
	if (got < 0 && got != -ENODATA)
		fail(h);
}

static void *thread_main(void *argument)
{
	struct worker_thread *h = argument;
	const struct source_operations *o = h->source->operations;

	rcu_register_thread();
	if (o->enter && o->enter(h->source) < 0)
		fail(h);
	else
		work(h);
	if (o->leave)
		o->leave(h->source);
	flush(h);
	rcu_unregister_thread();
	atomic_store_explicit(&h->busy, false, memory_order_release);
	return NULL;
}

/* --- control's side ------------------------------------------------------------------ */

static struct mirror_counters *figures_new(size_t appliances)
{
	struct mirror_counters *f = calloc(1, sizeof(*f));

	if (f)
		f->host = calloc(appliances + 1, sizeof(*f->host));
	return f;
}

static int worker_thread_init(
	struct worker_thread *h, struct worker_pool *pool, struct source *source)
{
	const struct ruleset *ruleset = pool->config.ruleset;
	struct worker_config config =
		worker_settings(ruleset, pool->config.settings, &h->record_buffer);

	config.seed = pool->config.seed;
	h->pool = pool;
	h->source = source;
	h->record_buffer.capacity = RECORD_BUFFER_MIN;
	h->record_buffer.record = calloc(RECORD_BUFFER_MIN, sizeof(*h->record_buffer.record));
	h->batch = calloc(BATCHES, sizeof(*h->batch));
	h->copy = figures_new(ruleset->appliances);
	if (!h->record_buffer.record || !h->batch || !h->copy || !h->copy->host)
		return -ENOMEM;
	ring_init(&h->full, h->full_slot, BATCHES);
	ring_init(&h->empty, h->empty_slot, BATCHES);
	for (unsigned i = 0; i < BATCHES; i++)
		ring_put(&h->empty, &h->batch[i]);
	return worker_new(&h->worker, &config);
}

int worker_pool_start(struct worker_pool **out, const struct worker_pool_config *config)
{
	struct worker_pool *c = calloc(1, sizeof(*c));
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

static size_t collect_from(struct worker_pool *c, struct worker_thread *h)
{
	struct record_batch *p;
	size_t records = 0;

	while ((p = ring_take(&h->full))) {
		for (size_t i = 0; i < p->count; i++)
			c->config.take(c->config.context, &p->record[i]);
		records += p->count;
		ring_put(&h->empty, p);
	}
	return records;
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

/* --- reigns ------------------------------------------------------------------------------ */

static void host_pair_free(struct mirror_host_pair *h)
{
	free(h->worker);
	free(h->copy);
	*h = (struct mirror_host_pair){0};
}

static void policy_update_free(struct policy_update *r)
{
	if (!r)
		return;
	free(r->hosts);
	free(r);
}

void worker_pool_discard(const struct worker_pool *c, struct policy_update *r)
{
	for (unsigned i = 0; r && r->hosts && i < c->threads; i++)
		host_pair_free(&r->hosts[i]);
	policy_update_free(r);
}

static bool host_pair_new(struct mirror_host_pair *h, size_t appliances)
{
	h->worker = calloc(appliances + 1, sizeof(struct mirror_host));
	h->copy = calloc(appliances + 1, sizeof(struct mirror_host));
	return h->worker && h->copy;
}

struct policy_update *worker_pool_prepare(const struct worker_pool *c,
	const struct ruleset *ruleset, const uint16_t *new_number, size_t new_numbers)
{
	struct policy_update *r = calloc(1, sizeof(*r) + new_numbers * sizeof(*new_number));
	bool complete;

	if (!r)
		return NULL;
	memcpy(r->new_number, new_number, new_numbers * sizeof(*new_number));
	r->ruleset = ruleset;
	r->appliances = ruleset->appliances;
	r->policy_change = (struct policy_change){
		.policy = ruleset->policy,
		.timeouts = ruleset->timeouts,
		.warmup_ns = ruleset->warmup_ns,
		.new_number = r->new_number,
		.new_numbers = new_numbers,
	};
	r->hosts = calloc(c->threads, sizeof(*r->hosts));
	complete = r->hosts != NULL;
	for (unsigned i = 0; complete && i < c->threads; i++)
		complete = host_pair_new(&r->hosts[i], ruleset->appliances);
	if (complete)
		return r;
	worker_pool_discard(c, r);
	return NULL;
}

void worker_pool_reload(struct worker_pool *c, struct policy_update *r)
{
	assert(!c->previous);
	c->previous = c->policy_update;
	rcu_assign_pointer(c->policy_update, r);
	synchronize_rcu();
	c->config.ruleset = r->ruleset;
}

/* A worker that has ended judges what it still has when it is finished. */
static bool has_rejudged(const struct worker_pool *c, const struct worker_thread *h)
{
	return atomic_load_explicit(&h->settled, memory_order_acquire) == c->policy_update;
}

bool worker_pool_has_rejudged(struct worker_pool *c)
{
	for (unsigned i = 0; i < c->threads; i++)
		if (!has_rejudged(c, &c->thread[i]))
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

/* --- the end ------------------------------------------------------------------------------ */

void worker_pool_stop(struct worker_pool *c)
{
	atomic_store_explicit(&c->stop, true, memory_order_relaxed);
}

static void join(struct worker_pool *c)
{
	struct timespec moment = {.tv_nsec = 1000000};

	while (worker_pool_busy(c) > 0) /* a worker that waits for an empty batch has to get one */
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
		struct worker_thread *h = &c->thread[i];
		int more = 1;
		if (h->policy_update != c->policy_update) {
			host_pair_free(&h->retired);
			apply_policy(h, c->policy_update);
		}
		h->record_buffer.congested = 0;
		while (more) {
			more = worker_finish(h->worker, now_ns);
			for (size_t k = 0; k < h->record_buffer.count; k++)
				c->config.take(c->config.context, &h->record_buffer.record[k]);
			h->record_buffer.count = 0;
		}
		publish(h);
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
		struct worker_thread *h = &c->thread[i];
		if (h->started)
			pthread_join(h->thread, NULL);
		worker_free(h->worker);
		free(h->record_buffer.record);
		free(h->batch);
		if (h->copy)
			free(h->copy->host);
		free(h->copy);
		host_pair_free(&h->retired);
		if (c->policy_update && h->policy_update != c->policy_update)
			host_pair_free(&c->policy_update->hosts[i]);
	}
	policy_update_free(c->previous);
	policy_update_free(c->policy_update);
	free(c->thread);
	free(c);
}
