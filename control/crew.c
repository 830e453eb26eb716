#include "crew.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "chart.h"
#include "clock.h"
#include "mirror.h"
#include "ring.h"
#include "worker.h"

#define PARCELS 64
#define PARCEL_RECORDS OUTBOX_MIN
#define BURSTS_PER_PUBLICATION 64
#define COUNTER_WORDS (sizeof(struct counters) / sizeof(uint64_t))

struct parcel {
	size_t count;
	struct record record[PARCEL_RECORDS];
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
	/* Written by the worker's thread, read by control. */
	_Alignas(64) _Atomic uint64_t published[COUNTER_WORDS];
	_Atomic uint64_t dropped;
	atomic_bool busy, failed;
	char failure[SOURCE_ERROR_BYTES]; /* before `failed` is set */
};

struct crew {
	struct crew_config config;
	atomic_bool stop;
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

static void empty_outbox(struct hand *h)
{
	struct outbox *o = &h->outbox;

	if (o->count == 0)
		return;
	if (h->loading && h->loading->count + o->count > PARCEL_RECORDS)
		dispatch(h);
	if (!h->loading) {
		h->loading = parcel_take(h);
		if (h->loading)
			h->loading->count = 0;
	}
	if (h->loading) {
		memcpy(&h->loading->record[h->loading->count], o->record,
			o->count * sizeof(*o->record));
		h->loading->count += o->count;
	} else {
		atomic_fetch_add_explicit(&h->dropped, o->count, memory_order_relaxed);
	}
	o->count = 0;
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

static void work(struct hand *h)
{
	int got = 0;

	for (unsigned long i = 1; !atomic_load_explicit(&h->crew->stop, memory_order_relaxed);
		i++) {
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

	if (o->enter && o->enter(h->source) < 0)
		fail(h);
	else
		work(h);
	if (o->leave)
		o->leave(h->source);
	empty_outbox(h);
	dispatch(h);
	publish(h);
	atomic_store_explicit(&h->busy, false, memory_order_release);
	return NULL;
}

/* --- control's side ------------------------------------------------------------------ */

static int hand_init(struct hand *h, struct crew *crew, struct source *source)
{
	const struct chart *chart = crew->config.chart;
	struct worker_config config = {
		.policy = chart->policy,
		.timeouts = chart->timeouts,
		.warmup_ns = chart->capture.warmup_ns,
		.seed = crew->config.seed,
		.flow_max = chart->flow_max,
		.deduplicate = chart->capture.deduplicate,
		.scanner = chart->scanner,
		.outbox = &h->outbox,
	};

	h->crew = crew;
	h->source = source;
	h->outbox.capacity = OUTBOX_MIN;
	h->outbox.record = calloc(OUTBOX_MIN, sizeof(*h->outbox.record));
	h->parcel = calloc(PARCELS, sizeof(*h->parcel));
	if (!h->outbox.record || !h->parcel)
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
	for (unsigned i = 0; i < c->hands && error == 0; i++)
		error = hand_init(&c->hand[i], c, config->source[i]);
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
	}
	free(c->hand);
	free(c);
}
