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
#include "base/clock.h"
#include "policy/ruleset.h"
#include "ring.h"
#include "worker.h"

#define PARCELS 64
#define PARCEL_RECORDS OUTBOX_MIN
#define BURSTS_PER_PUBLICATION 64
#define COUNTER_WORDS (sizeof(struct counters) / sizeof(uint64_t))
#define PACE_WORDS (sizeof(struct pace) / sizeof(uint64_t))

struct parcel {
	size_t count;
	struct record record[PARCEL_RECORDS];
};

/* Two arrays with an entry an appliance: the worker's figures, and control's copy of them. */
struct hosts {
	struct mirror_host *worker, *copy;
};

/* A policy's time in force: what is lent to the workers while it lasts. The workers find it by RCU;
 * what one reign leaves to the next is in `hosts`, one a hand. */
struct reign {
	struct succession succession;
	const struct ruleset *ruleset;
	size_t appliances;
	struct hosts *hosts;
	uint16_t heir[];
};

struct hand {
	pthread_t thread;
	bool started;
	struct crew *crew;
	struct worker *worker;
	struct source *source;
	struct outbox outbox;
	struct parcel *parcel, *loading;
	struct ring full, empty;
	void *full_slot[PARCELS], *empty_slot[PARCELS];
	unsigned number;
	const struct reign *reign;   /* whose policy the worker has; NULL: the first one's */
	struct hosts retired;	     /* until it has settled */
	struct mirror_figures *copy; /* as of the last survey; control's while none is under way */
	unsigned long begun_survey;
	/* Written by the worker's thread, read by control. */
	_Alignas(64) _Atomic uint64_t published[COUNTER_WORDS];
	_Atomic uint64_t pace[PACE_WORDS];
	_Atomic(const struct reign *) settled; /* the last one that it has settled in */
	atomic_ulong surveyed;		       /* the last survey that is complete */
	_Atomic uint64_t dropped;
	atomic_bool busy, failed;
	char failure[SOURCE_ERROR_BYTES]; /* before `failed` is set */
};

struct crew {
	struct crew_config config;
	atomic_bool stop;
	struct reign *reign;  /* by RCU; NULL: the first policy */
	struct reign *former; /* until all have settled */
	atomic_ulong survey;  /* the last one that was asked for */
	unsigned hands;
	struct hand *hand;
};

static_assert(sizeof(struct counters) % sizeof(uint64_t) == 0, "counters are words");

/* --- a worker's thread --------------------------------------------------------------- */

static void publish(struct hand *h)
{
	uint64_t word[COUNTER_WORDS];

	memcpy(word, worker_counters(h->worker), sizeof(word));
	for (size_t i = 0; i < COUNTER_WORDS; i++)
		atomic_store_explicit(&h->published[i], word[i], memory_order_relaxed);
	memcpy(word, worker_pace(h->worker), sizeof(struct pace));
	for (size_t i = 0; i < PACE_WORDS; i++)
		atomic_store_explicit(&h->pace[i], word[i], memory_order_relaxed);
}

/* An empty parcel, or NULL where there is none and nobody waits. */
static struct parcel *parcel_take(struct hand *h)
{
	struct parcel *p = ring_take(&h->empty);

	while (!p && h->crew->config.may_wait) {
		sched_yield();
		p = ring_take(&h->empty);
	}
	return p;
}

static void dispatch(struct hand *h)
{
	if (h->loading && h->loading->count > 0) {
		ring_put(&h->full, h->loading);
		h->loading = NULL;
	}
}

static void begin_parcel(struct hand *h)
{
	if (h->loading)
		return;
	h->loading = parcel_take(h);
	if (h->loading)
		h->loading->count = 0;
}

/* Whether what the next burst leaves finds room for certain: then alerts need not wait. */
static bool is_congested(struct hand *h)
{
	begin_parcel(h);
	if (!h->loading)
		return true;
	return h->loading->count > PARCEL_RECORDS / 2 && ring_is_empty(&h->empty);
}

static void empty_outbox(struct hand *h)
{
	struct outbox *o = &h->outbox;

	if (o->count == 0 && !o->congested)
		return;
	if (h->loading && h->loading->count + o->count > PARCEL_RECORDS)
		dispatch(h);
	begin_parcel(h);
	if (h->loading) {
		memcpy(&h->loading->record[h->loading->count], o->record,
			o->count * sizeof(*o->record));
		h->loading->count += o->count;
	} else {
		atomic_fetch_add_explicit(&h->dropped, o->count, memory_order_relaxed);
	}
	o->count = 0;
	o->congested = is_congested(h);
}

static void fail(struct hand *h)
{
	memcpy(h->failure, h->source->error, sizeof(h->failure));
	atomic_store_explicit(&h->failed, true, memory_order_release);
}

/* A poll without packets is the time for everything that is not a packet's. */
static void rest(struct hand *h)
{
	if (!h->crew->config.may_wait) {
		worker_idle(h->worker, clock_wall_ns());
		empty_outbox(h);
	}
	dispatch(h);
	publish(h);
}

/* Everything that the worker has left is on its way before anybody hears that it is done. */
static void hand_over(struct hand *h)
{
	empty_outbox(h);
	dispatch(h);
	publish(h);
}

static void copy_figures(struct hand *h)
{
	const struct mirror_figures *f = worker_mirror(h->worker);
	struct mirror_host *host = h->copy->host;

	*h->copy = *f;
	h->copy->host = host;
	memcpy(host, f->host, f->hosts * sizeof(*host));
}

static void adopt(struct hand *h, const struct reign *r)
{
	struct hosts new = r->hosts[h->number];

	h->retired.worker = worker_adopt(h->worker, &r->succession, new.worker, r->appliances);
	h->retired.copy = h->copy->host;
	h->copy->host = new.copy;
	h->reign = r;
}

static void say_settled(struct hand *h)
{
	if (h->reign == atomic_load_explicit(&h->settled, memory_order_relaxed) ||
		!worker_is_settled(h->worker))
		return;
	hand_over(h);
	atomic_store_explicit(&h->settled, h->reign, memory_order_release);
}

static void say_surveyed(struct hand *h)
{
	if (h->begun_survey == atomic_load_explicit(&h->surveyed, memory_order_relaxed) ||
		!worker_is_surveyed(h->worker) || !worker_is_settled(h->worker))
		return;
	hand_over(h);
	copy_figures(h);
	atomic_store_explicit(&h->surveyed, h->begun_survey, memory_order_release);
}

/* Between two steps: a new reign, a survey, and where the last ones have got to. */
static void look_round(struct hand *h)
{
	const struct reign *r = rcu_dereference(h->crew->reign);
	unsigned long survey = atomic_load_explicit(&h->crew->survey, memory_order_acquire);

	if (r != h->reign)
		adopt(h, r);
	if (survey != h->begun_survey) {
		worker_survey(h->worker);
		h->begun_survey = survey;
	}
	say_settled(h);
	say_surveyed(h);
	rcu_quiescent_state();
}

static void work(struct hand *h)
{
	int got = 0;

	for (unsigned long i = 1; !atomic_load_explicit(&h->crew->stop, memory_order_relaxed);
		i++) {
		look_round(h);
		got = worker_step(h->worker, h->source);
		if (got < 0)
			break;
		empty_outbox(h);
		if (got == 0)
			rest(h);
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
	struct hand *h = argument;
	const struct source_operations *o = h->source->operations;

	rcu_register_thread();
	if (o->enter && o->enter(h->source) < 0)
		fail(h);
	else
		work(h);
	if (o->leave)
		o->leave(h->source);
	hand_over(h);
	rcu_unregister_thread();
	atomic_store_explicit(&h->busy, false, memory_order_release);
	return NULL;
}

/* --- control's side ------------------------------------------------------------------ */

static struct mirror_figures *figures_new(size_t appliances)
{
	struct mirror_figures *f = calloc(1, sizeof(*f));

	if (f)
		f->host = calloc(appliances + 1, sizeof(*f->host));
	return f;
}

static int hand_init(struct hand *h, struct crew *crew, struct source *source)
{
	const struct ruleset *ruleset = crew->config.ruleset;
	struct worker_config config = {
		.policy = ruleset->policy,
		.timeouts = ruleset->timeouts,
		.warmup_ns = ruleset->capture.warmup_ns,
		.seed = crew->config.seed,
		.flow_max = ruleset->flow_max,
		.deduplicate = ruleset->capture.deduplicate,
		.scanner = ruleset->scanner,
		.outbox = &h->outbox,
	};

	h->crew = crew;
	h->source = source;
	h->outbox.capacity = OUTBOX_MIN;
	h->outbox.record = calloc(OUTBOX_MIN, sizeof(*h->outbox.record));
	h->parcel = calloc(PARCELS, sizeof(*h->parcel));
	h->copy = figures_new(ruleset->appliances);
	if (!h->outbox.record || !h->parcel || !h->copy || !h->copy->host)
		return -ENOMEM;
	ring_init(&h->full, h->full_slot, PARCELS);
	ring_init(&h->empty, h->empty_slot, PARCELS);
	for (unsigned i = 0; i < PARCELS; i++)
		ring_put(&h->empty, &h->parcel[i]);
	return worker_new(&h->worker, &config);
}

int crew_start(struct crew **out, const struct crew_config *config)
{
	struct crew *c = calloc(1, sizeof(*c));
	int error = 0;

	if (!c)
		return -ENOMEM;
	c->config = *config;
	c->hand = aligned_alloc(64, config->workers * sizeof(*c->hand));
	if (!c->hand) {
		free(c);
		return -ENOMEM;
	}
	memset(c->hand, 0, config->workers * sizeof(*c->hand));
	c->hands = config->workers;
	for (unsigned i = 0; i < c->hands && error == 0; i++) {
		c->hand[i].number = i;
		error = hand_init(&c->hand[i], c, config->source[i]);
	}
	for (unsigned i = 0; i < c->hands && error == 0; i++) {
		atomic_store(&c->hand[i].busy, true);
		error = -pthread_create(&c->hand[i].thread, NULL, thread_main, &c->hand[i]);
		c->hand[i].started = error == 0;
	}
	if (error < 0) {
		crew_stop(c);
		crew_free(c);
		return error;
	}
	*out = c;
	return 0;
}

static size_t collect_from(struct crew *c, struct hand *h)
{
	struct parcel *p;
	size_t records = 0;

	while ((p = ring_take(&h->full))) {
		for (size_t i = 0; i < p->count; i++)
			c->config.take(c->config.context, &p->record[i]);
		records += p->count;
		ring_put(&h->empty, p);
	}
	return records;
}

size_t crew_collect(struct crew *c)
{
	size_t records = 0;

	for (unsigned i = 0; i < c->hands; i++)
		records += collect_from(c, &c->hand[i]);
	return records;
}

unsigned crew_busy(const struct crew *c)
{
	unsigned busy = 0;

	for (unsigned i = 0; i < c->hands; i++)
		busy += atomic_load_explicit(&c->hand[i].busy, memory_order_acquire);
	return busy;
}

void crew_counters(const struct crew *c, struct counters *sum)
{
	uint64_t word[COUNTER_WORDS] = {0};

	for (unsigned i = 0; i < c->hands; i++)
		for (size_t k = 0; k < COUNTER_WORDS; k++)
			word[k] += atomic_load_explicit(
				&c->hand[i].published[k], memory_order_relaxed);
	memcpy(sum, word, sizeof(*sum));
}

void crew_hand_figures(const struct crew *c, unsigned hand, struct counters *n, struct pace *pace)
{
	uint64_t word[COUNTER_WORDS];

	for (size_t i = 0; i < COUNTER_WORDS; i++)
		word[i] = atomic_load_explicit(&c->hand[hand].published[i], memory_order_relaxed);
	memcpy(n, word, sizeof(*n));
	for (size_t i = 0; i < PACE_WORDS; i++)
		word[i] = atomic_load_explicit(&c->hand[hand].pace[i], memory_order_relaxed);
	memcpy(pace, word, sizeof(*pace));
}

uint64_t crew_dropped(const struct crew *c)
{
	uint64_t dropped = 0;

	for (unsigned i = 0; i < c->hands; i++)
		dropped += atomic_load_explicit(&c->hand[i].dropped, memory_order_relaxed);
	return dropped;
}

const char *crew_failure(const struct crew *c)
{
	for (unsigned i = 0; i < c->hands; i++)
		if (atomic_load_explicit(&c->hand[i].failed, memory_order_acquire))
			return c->hand[i].failure;
	return NULL;
}

/* --- reigns ------------------------------------------------------------------------------ */

static void hosts_free(struct hosts *h)
{
	free(h->worker);
	free(h->copy);
	*h = (struct hosts){0};
}

static void reign_free(struct reign *r)
{
	if (!r)
		return;
	free(r->hosts);
	free(r);
}

void crew_discard(const struct crew *c, struct reign *r)
{
	for (unsigned i = 0; r && r->hosts && i < c->hands; i++)
		hosts_free(&r->hosts[i]);
	reign_free(r);
}

static bool hosts_new(struct hosts *h, size_t appliances)
{
	h->worker = calloc(appliances + 1, sizeof(struct mirror_host));
	h->copy = calloc(appliances + 1, sizeof(struct mirror_host));
	return h->worker && h->copy;
}

struct reign *crew_prepare(
	const struct crew *c, const struct ruleset *ruleset, const uint16_t *heir, size_t remap)
{
	struct reign *r = calloc(1, sizeof(*r) + remap * sizeof(*heir));
	bool complete;

	if (!r)
		return NULL;
	memcpy(r->heir, heir, remap * sizeof(*heir));
	r->ruleset = ruleset;
	r->appliances = ruleset->appliances;
	r->succession = (struct succession){
		.policy = ruleset->policy,
		.timeouts = ruleset->timeouts,
		.warmup_ns = ruleset->capture.warmup_ns,
		.heir = r->heir,
		.remap = remap,
	};
	r->hosts = calloc(c->hands, sizeof(*r->hosts));
	complete = r->hosts != NULL;
	for (unsigned i = 0; complete && i < c->hands; i++)
		complete = hosts_new(&r->hosts[i], ruleset->appliances);
	if (complete)
		return r;
	crew_discard(c, r);
	return NULL;
}

void crew_reload(struct crew *c, struct reign *r)
{
	assert(!c->former);
	c->former = c->reign;
	rcu_assign_pointer(c->reign, r);
	synchronize_rcu();
	c->config.ruleset = r->ruleset;
}

/* A worker that has ended judges what it still has when it is finished. */
static bool has_settled(const struct crew *c, const struct hand *h)
{
	return atomic_load_explicit(&h->settled, memory_order_acquire) == c->reign;
}

bool crew_has_settled(struct crew *c)
{
	for (unsigned i = 0; i < c->hands; i++)
		if (!has_settled(c, &c->hand[i]))
			return false;
	for (unsigned i = 0; i < c->hands; i++)
		hosts_free(&c->hand[i].retired);
	reign_free(c->former);
	c->former = NULL;
	return true;
}

/* --- surveys ----------------------------------------------------------------------------- */

void crew_survey(struct crew *c)
{
	atomic_fetch_add_explicit(&c->survey, 1, memory_order_release);
}

bool crew_has_surveyed(const struct crew *c)
{
	unsigned long survey = atomic_load_explicit(&c->survey, memory_order_relaxed);

	for (unsigned i = 0; i < c->hands; i++)
		if (atomic_load_explicit(&c->hand[i].surveyed, memory_order_acquire) != survey)
			return false;
	return true;
}

void crew_surveyed_mirror(const struct crew *c, struct mirror_report *report)
{
	for (unsigned i = 0; i < c->hands; i++)
		mirror_report_add(report, c->hand[i].copy);
}

/* --- the end ------------------------------------------------------------------------------ */

void crew_stop(struct crew *c)
{
	atomic_store_explicit(&c->stop, true, memory_order_relaxed);
}

static void join(struct crew *c)
{
	struct timespec moment = {.tv_nsec = 1000000};

	while (crew_busy(c) > 0) /* a worker that waits for an empty parcel has to get one */
		if (crew_collect(c) == 0)
			nanosleep(&moment, NULL);
	for (unsigned i = 0; i < c->hands; i++)
		if (c->hand[i].started) {
			pthread_join(c->hand[i].thread, NULL);
			c->hand[i].started = false;
		}
	crew_collect(c);
}

void crew_finish(struct crew *c, uint64_t now_ns)
{
	join(c);
	for (unsigned i = 0; i < c->hands; i++) {
		struct hand *h = &c->hand[i];
		int more = 1;
		if (h->reign != c->reign) {
			hosts_free(&h->retired);
			adopt(h, c->reign);
		}
		h->outbox.congested = 0;
		while (more) {
			more = worker_finish(h->worker, now_ns);
			for (size_t k = 0; k < h->outbox.count; k++)
				c->config.take(c->config.context, &h->outbox.record[k]);
			h->outbox.count = 0;
		}
		publish(h);
	}
}

void crew_mirror(const struct crew *c, struct mirror_report *report)
{
	for (unsigned i = 0; i < c->hands; i++)
		mirror_report_add(report, worker_mirror(c->hand[i].worker));
}

void crew_free(struct crew *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < c->hands; i++) {
		struct hand *h = &c->hand[i];
		if (h->started)
			pthread_join(h->thread, NULL);
		worker_free(h->worker);
		free(h->outbox.record);
		free(h->parcel);
		if (h->copy)
			free(h->copy->host);
		free(h->copy);
		hosts_free(&h->retired);
		if (c->reign && h->reign != c->reign)
			hosts_free(&c->reign->hosts[i]);
	}
	reign_free(c->former);
	reign_free(c->reign);
	free(c->hand);
	free(c);
}
