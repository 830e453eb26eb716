#include "sink/sinks.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/format.h"
#include "base/log.h"
#include "config/settings.h"
#include "record/event.h"
#include "sink/backoff.h"
#include "sink/message_queue.h"
#include "sink/sink.h"

#define SECOND_NS 1000000000ull
#define LAST_WORDS_NS (2 * SECOND_NS)
/* Beyond it a thread that does not come back (a name server, a file server) is left alone. */
#define PARTING_NS (SECOND_NS / 2)

enum state { STATE_OK, STATE_RETRYING, STATE_CLOSED };

static const char *const state_name[] = {"ok", "retrying", "closed"};

/* What is under the lock is the control thread's and the sink worker's own; the sink is its own. */
struct sink_worker {
	struct sink_settings settings; /* a copy: those of a site go with it */
	struct sink sink;
	pthread_t thread;
	bool is_running; /* the control thread's */
	pthread_mutex_t lock;
	pthread_cond_t stir;
	/* under the lock */
	struct message_queue message_queue;
	struct backoff backoff;
	enum state state;
	uint64_t since_ns; /* wall clock */
	uint64_t tick_ns;  /* steady clock: when to look whether all is well */
	uint64_t delivered, dropped;
	bool is_closing, is_reopening, is_overflowing;
	char last_error[SINK_WHY_BYTES];
};

struct sinks {
	struct sink_worker **sink_worker;
	size_t count;
	bool is_finished;
};

/* --- a sink worker's thread ------------------------------------------------------------------- */

static void change_state(struct sink_worker *o, enum state state)
{
	o->state = state;
	o->since_ns = clock_wall_ns();
}

static void log_state(
	const struct sink_worker *o, enum state state, const char *why, size_t waiting)
{
	const char *name = sink_name(&o->settings);

	if (state == STATE_OK)
		log_say(LOG_LEVEL_NOTICE, "sink %s: works again, %zu events waiting", name,
			waiting);
	else
		log_say(state == STATE_CLOSED ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING,
			"sink %s: %s%s", name, why,
			state == STATE_CLOSED ? "; given up" : "; will be tried again");
}

/* An event that cannot be said does not hold up the next one. */
static void settle_event(struct sink_worker *o, int error)
{
	if (error == 0)
		o->delivered++;
	else if (error == -EBADMSG)
		o->dropped++;
	else
		return;
	message_queue_remove_first(&o->message_queue);
	o->is_overflowing = o->is_overflowing && o->message_queue.count > QUEUE_MESSAGES_MAX / 2;
}

/* The state that comes of it, which is to be said if it is another one. */
static enum state settle(struct sink_worker *o, int error, uint64_t now_ns)
{
	enum state state = error == -ESHUTDOWN		? STATE_CLOSED
			   : error && error != -EBADMSG ? STATE_RETRYING
							: STATE_OK;

	o->tick_ns = now_ns + SECOND_NS;
	if (state == STATE_RETRYING)
		backoff_fail(&o->backoff, now_ns);
	else
		backoff_succeed(&o->backoff);
	if (error)
		strcpy(o->last_error, o->sink.why);
	if (state != o->state)
		change_state(o, state);
	return state;
}

static int attempt(struct sink_worker *o, const struct event *v, bool is_reopening)
{
	const struct sink_operations *does = o->sink.operations;
	int error = 0;

	o->sink.why[0] = '\0';
	if (is_reopening && does->reopen)
		error = does->reopen(&o->sink);
	if (error == 0 && v)
		error = does->write(&o->sink, v);
	else if (error == 0 && does->tick)
		error = does->tick(&o->sink);
	if (error && !o->sink.why[0])
		sink_fail(&o->sink, error, "%s", strerror(-error));
	return error;
}

/* Called and left with the lock, which nobody holds while it works, or speaks. */
static void work(struct sink_worker *o)
{
	struct event *v = message_queue_first(&o->message_queue);
	enum state before = o->state, after;
	bool is_reopening = o->is_reopening;
	size_t waiting;
	int error;

	o->is_reopening = false;
	pthread_mutex_unlock(&o->lock);
	error = attempt(o, v, is_reopening);
	pthread_mutex_lock(&o->lock);
	if (v)
		settle_event(o, error);
	after = settle(o, error, clock_steady_ns());
	waiting = o->message_queue.count;
	if (after == before)
		return;
	pthread_mutex_unlock(&o->lock);
	log_state(o, after, o->sink.why, waiting);
	pthread_mutex_lock(&o->lock);
}

/* When there is something to do next: after a failure not before the pause is over. */
static uint64_t next_ns(const struct sink_worker *o)
{
	if (o->backoff.failures)
		return o->backoff.next_ns;
	return o->message_queue.count || o->is_reopening ? 0 : o->tick_ns;
}

static bool is_done(const struct sink_worker *o, uint64_t now_ns)
{
	return o->state == STATE_CLOSED ||
	       (o->is_closing &&
		       (o->message_queue.count == 0 || now_ns >= atomic_load(&o->sink.give_up_ns)));
}

static void wait_until(struct sink_worker *o, uint64_t when_ns)
{
	uint64_t give_up_ns = atomic_load(&o->sink.give_up_ns);
	struct timespec until;

	when_ns = when_ns < give_up_ns ? when_ns : give_up_ns;
	until.tv_sec = (time_t)(when_ns / SECOND_NS);
	until.tv_nsec = (long)(when_ns % SECOND_NS);
	pthread_cond_timedwait(&o->stir, &o->lock, &until);
}

static void *deliver(void *context)
{
	struct sink_worker *o = context;
	uint64_t now_ns;

	/* By itself: of another thread the name is a file, and behind the sandbox. */
	pthread_setname_np(pthread_self(), "sink");
	pthread_mutex_lock(&o->lock);
	while (!is_done(o, now_ns = clock_steady_ns())) {
		if (now_ns < next_ns(o))
			wait_until(o, next_ns(o));
		else
			work(o);
	}
	pthread_mutex_unlock(&o->lock);
	return NULL;
}

/* --- a sink worker ---------------------------------------------------------------------------- */

static void copy_settings(struct sink_settings *to, const struct sink_settings *from)
{
	*to = *from;
	for (unsigned k = 0; k < SINK_KEY_COUNT; k++)
		to->value[k] = from->value[k] ? strdup(from->value[k]) : NULL;
}

static void init_lock(struct sink_worker *o)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&o->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&o->stir, &attributes);
	pthread_condattr_destroy(&attributes);
}

static void free_worker(struct sink_worker *o)
{
	if (!o)
		return;
	o->sink.operations->close(&o->sink);
	message_queue_fini(&o->message_queue);
	pthread_cond_destroy(&o->stir);
	pthread_mutex_destroy(&o->lock);
	for (unsigned k = 0; k < SINK_KEY_COUNT; k++)
		free(o->settings.value[k]);
	free(o);
}

static int open_worker(struct sink_worker **out, const struct sink_settings *settings)
{
	struct sink_worker *o = *out = calloc(1, sizeof(*o));
	int error;

	if (!o)
		return -ENOMEM;
	copy_settings(&o->settings, settings);
	init_lock(o);
	o->sink.operations = sink_operations_of(settings->kind);
	o->sink.settings = &o->settings;
	atomic_init(&o->sink.give_up_ns, UINT64_MAX);
	change_state(o, STATE_OK);
	error = message_queue_init(&o->message_queue);
	if (error == 0)
		error = o->sink.operations->open(&o->sink);
	if (error < 0)
		log_say(LOG_LEVEL_ERROR, "sink %s: %s", sink_name(settings),
			o->sink.why[0] ? o->sink.why : strerror(-error));
	return error;
}

/* True: from here on nobody hears of what is dropped until the message queue is half empty. */
static bool offer(struct sink_worker *o, struct event *v)
{
	bool is_first = false;

	pthread_mutex_lock(&o->lock);
	if (o->state == STATE_CLOSED || !message_queue_add(&o->message_queue, v)) {
		o->dropped++;
		is_first = o->state != STATE_CLOSED && !o->is_overflowing;
		o->is_overflowing = true;
	}
	pthread_cond_signal(&o->stir);
	pthread_mutex_unlock(&o->lock);
	return is_first;
}

/* A sink that rests between two attempts gets its last ones now. */
static void ask_to_end(struct sink_worker *o, uint64_t give_up_ns)
{
	atomic_store(&o->sink.give_up_ns, give_up_ns);
	pthread_mutex_lock(&o->lock);
	o->is_closing = true;
	o->backoff.next_ns = 0;
	if (o->backoff.failures > 1)
		o->backoff.failures = 1;
	pthread_cond_signal(&o->stir);
	pthread_mutex_unlock(&o->lock);
}

static void wait_for_end(struct sink_worker *o, uint64_t until_ns)
{
	struct timespec until = {(time_t)(until_ns / SECOND_NS), (long)(until_ns % SECOND_NS)};

	if (o->is_running && pthread_clockjoin_np(o->thread, NULL, CLOCK_MONOTONIC, &until) == 0)
		o->is_running = false;
	pthread_mutex_lock(&o->lock);
	if (o->message_queue.count)
		log_say(LOG_LEVEL_WARNING, "sink %s: %zu events were not delivered: %s",
			sink_name(&o->settings), o->message_queue.count,
			o->last_error[0] ? o->last_error : "no time was left");
	pthread_mutex_unlock(&o->lock);
}

static json_t *state_of(struct sink_worker *o)
{
	char since[TIME_TEXT_BYTES];
	json_t *state;

	pthread_mutex_lock(&o->lock);
	format_time(o->since_ns, since);
	state = json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:s?, s:s}", "name",
		sink_name(&o->settings), "kind", sink_kind_name(o->settings.kind), "state",
		state_name[o->state], "queued", (json_int_t)o->message_queue.count, "delivered",
		(json_int_t)o->delivered, "dropped", (json_int_t)o->dropped, "last_error",
		o->last_error[0] ? o->last_error : NULL, "since", since);
	pthread_mutex_unlock(&o->lock);
	return state;
}

/* --- all of them -------------------------------------------------------------------------- */

int sinks_open(struct sinks **out, const struct output_settings *outputs)
{
	struct sinks *all;
	int error = 0;

	*out = NULL;
	if (outputs->sinks == 0)
		return 0;
	all = calloc(1, sizeof(*all));
	if (all)
		all->sink_worker = calloc(outputs->sinks, sizeof(struct sink_worker *));
	if (!all || !all->sink_worker) {
		free(all);
		log_say(LOG_LEVEL_ERROR, "no memory for the sinks");
		return -ENOMEM;
	}
	for (; all->count < outputs->sinks && error == 0; all->count++)
		error = open_worker(&all->sink_worker[all->count], &outputs->sink[all->count]);
	if (error < 0) {
		all->is_finished = true;
		sinks_close(all);
		return error;
	}
	*out = all;
	return 0;
}

/* Signals are the control thread's to hear. */
int sinks_start(struct sinks *all)
{
	sigset_t every, before;
	int error = 0;

	sigfillset(&every);
	pthread_sigmask(SIG_SETMASK, &every, &before);
	for (size_t i = 0; all && i < all->count && error == 0; i++) {
		struct sink_worker *o = all->sink_worker[i];
		error = -pthread_create(&o->thread, NULL, deliver, o);
		o->is_running = error == 0;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error < 0)
		log_say(LOG_LEVEL_ERROR, "no thread for a sink: %s", strerror(-error));
	return error;
}

bool sinks_want_flows(const struct sinks *all)
{
	for (size_t i = 0; all && i < all->count; i++)
		if (all->sink_worker[i]->settings.flows)
			return true;
	return false;
}

bool sinks_use_stdout(const struct sinks *all)
{
	for (size_t i = 0; all && i < all->count; i++) {
		const char *file = sink_file(&all->sink_worker[i]->settings);
		if (file && strcmp(file, "-") == 0)
			return true;
	}
	return false;
}

void sinks_send(struct sinks *all, const struct event *lent)
{
	bool is_flow = lent->kind == EVENT_FLOW;
	struct event *v;

	if (!all || all->is_finished || (is_flow && !sinks_want_flows(all)))
		return;
	v = lent->json ? event_copy(lent) : NULL;
	if (!v) {
		log_say(LOG_LEVEL_WARNING, "sinks: no memory for an event");
		return;
	}
	for (size_t i = 0; i < all->count; i++) {
		struct sink_worker *o = all->sink_worker[i];
		if ((!is_flow || o->settings.flows) && offer(o, v))
			log_say(LOG_LEVEL_WARNING,
				"sink %s: too much waits; new events are dropped",
				sink_name(&o->settings));
	}
	event_drop(v);
}

void sinks_reopen(struct sinks *all)
{
	for (size_t i = 0; all && i < all->count; i++) {
		struct sink_worker *o = all->sink_worker[i];
		pthread_mutex_lock(&o->lock);
		o->is_reopening = true;
		pthread_cond_signal(&o->stir);
		pthread_mutex_unlock(&o->lock);
	}
}

json_t *sinks_states(const struct sinks *all)
{
	json_t *states = json_array();

	for (size_t i = 0; all && i < all->count; i++)
		json_array_append_new(states, state_of(all->sink_worker[i]));
	return states;
}

void sinks_finish(struct sinks *all)
{
	uint64_t give_up_ns = clock_steady_ns() + LAST_WORDS_NS;

	if (!all || all->is_finished)
		return;
	all->is_finished = true;
	for (size_t i = 0; i < all->count; i++)
		ask_to_end(all->sink_worker[i], give_up_ns);
	for (size_t i = 0; i < all->count; i++)
		wait_for_end(all->sink_worker[i], give_up_ns + PARTING_NS);
}

/* An sink worker whose thread did not come back keeps what it has: the program ends anyway. */
void sinks_close(struct sinks *all)
{
	if (!all)
		return;
	sinks_finish(all);
	for (size_t i = 0; i < all->count; i++)
		if (all->sink_worker[i] && !all->sink_worker[i]->is_running)
			free_worker(all->sink_worker[i]);
	free(all->sink_worker);
	free(all);
}
