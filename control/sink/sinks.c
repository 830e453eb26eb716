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
/* Time for threads to end; one that is still blocked then (DNS, file server) is not joined. */
#define STOP_NS (SECOND_NS / 2)

enum state { STATE_OK, STATE_RETRYING, STATE_CLOSED };

static const char *const state_name[] = {"ok", "retrying", "closed"};

/* Fields under the lock are shared by the control thread and the sink worker; the sink belongs to
 * the worker. */
struct sink_worker {
	struct sink_settings settings; /* copy: those of the site may be freed */
	struct sink sink;
	pthread_t thread;
	bool is_running; /* used by the control thread only */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	/* under the lock */
	struct message_queue message_queue;
	struct backoff backoff;
	enum state state;
	uint64_t since_ns; /* wall clock */
	uint64_t tick_ns;  /* monotonic clock: next call of tick() */
	uint64_t delivered, dropped;
	bool is_closing, is_reopening, is_overflowing;
	char last_error[SINK_WHY_BYTES];
};

struct sinks {
	struct sink_worker **sink_worker;
	size_t count;
	bool is_finished;
};

/* --- sink worker thread ----------------------------------------------------------------- */

static void change_state(struct sink_worker *w, enum state state)
{
	w->state = state;
	w->since_ns = clock_wall_ns();
}

static void log_state(
	const struct sink_worker *w, enum state state, const char *why, size_t waiting)
{
	const char *name = sink_name(&w->settings);

	if (state == STATE_OK)
		log_say(LOG_LEVEL_NOTICE, "sink %s: works again, %zu events waiting", name,
			waiting);
	else
		log_say(state == STATE_CLOSED ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING,
			"sink %s: %s%s", name, why,
			state == STATE_CLOSED ? "; given up" : "; will be tried again");
}

/* Removes a delivered event, or one that cannot be formatted; counts it. */
static void finish_event(struct sink_worker *w, int error)
{
	if (error == 0)
		w->delivered++;
	else if (error == -EBADMSG)
		w->dropped++;
	else
		return;
	message_queue_remove_first(&w->message_queue);
	w->is_overflowing = w->is_overflowing && w->message_queue.count > QUEUE_MESSAGES_MAX / 2;
}

/* Updates state and back-off after a call; returns the state, to be logged if it changed. */
static enum state update_state(struct sink_worker *w, int error, uint64_t now_ns)
{
	enum state state = error == -ESHUTDOWN		? STATE_CLOSED
			   : error && error != -EBADMSG ? STATE_RETRYING
							: STATE_OK;

	w->tick_ns = now_ns + SECOND_NS;
	if (state == STATE_RETRYING)
		backoff_fail(&w->backoff, now_ns);
	else
		backoff_succeed(&w->backoff);
	if (error)
		strcpy(w->last_error, w->sink.why);
	if (state != w->state)
		change_state(w, state);
	return state;
}

static int attempt(struct sink_worker *w, const struct event *v, bool is_reopening)
{
	const struct sink_operations *does = w->sink.operations;
	int error = 0;

	w->sink.why[0] = '\0';
	if (is_reopening && does->reopen)
		error = does->reopen(&w->sink);
	if (error == 0 && v)
		error = does->write(&w->sink, v);
	else if (error == 0 && does->tick)
		error = does->tick(&w->sink);
	if (error && !w->sink.why[0])
		sink_fail(&w->sink, error, "%s", strerror(-error));
	return error;
}

/* Called with the lock held; released while writing and logging. */
static void work(struct sink_worker *w)
{
	struct event *v = message_queue_first(&w->message_queue);
	enum state before = w->state, after;
	bool is_reopening = w->is_reopening;
	size_t waiting;
	int error;

	w->is_reopening = false;
	pthread_mutex_unlock(&w->lock);
	error = attempt(w, v, is_reopening);
	pthread_mutex_lock(&w->lock);
	if (v)
		finish_event(w, error);
	after = update_state(w, error, clock_steady_ns());
	waiting = w->message_queue.count;
	if (after == before)
		return;
	pthread_mutex_unlock(&w->lock);
	log_state(w, after, w->sink.why, waiting);
	pthread_mutex_lock(&w->lock);
}

/* Time of the next action; after a failure not before the back-off ends. */
static uint64_t next_ns(const struct sink_worker *w)
{
	if (w->backoff.failures)
		return w->backoff.next_ns;
	return w->message_queue.count || w->is_reopening ? 0 : w->tick_ns;
}

static bool is_done(const struct sink_worker *w, uint64_t now_ns)
{
	return w->state == STATE_CLOSED ||
	       (w->is_closing &&
		       (w->message_queue.count == 0 || now_ns >= atomic_load(&w->sink.give_up_ns)));
}

static void wait_until(struct sink_worker *w, uint64_t when_ns)
{
	uint64_t give_up_ns = atomic_load(&w->sink.give_up_ns);
	struct timespec until;

	when_ns = when_ns < give_up_ns ? when_ns : give_up_ns;
	until.tv_sec = (time_t)(when_ns / SECOND_NS);
	until.tv_nsec = (long)(when_ns % SECOND_NS);
	pthread_cond_timedwait(&w->wake, &w->lock, &until);
}

static void *deliver(void *context)
{
	struct sink_worker *w = context;
	uint64_t now_ns;

	/* Set by the thread itself: for another thread it is a file, which the sandbox does not
	 * allow. */
	pthread_setname_np(pthread_self(), "sink");
	pthread_mutex_lock(&w->lock);
	while (!is_done(w, now_ns = clock_steady_ns())) {
		if (now_ns < next_ns(w))
			wait_until(w, next_ns(w));
		else
			work(w);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* --- a sink worker ---------------------------------------------------------------------------- */

static void copy_settings(struct sink_settings *to, const struct sink_settings *from)
{
	*to = *from;
	for (unsigned k = 0; k < SINK_KEY_COUNT; k++)
		to->value[k] = from->value[k] ? strdup(from->value[k]) : NULL;
}

static void init_lock(struct sink_worker *w)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&w->wake, &attributes);
	pthread_condattr_destroy(&attributes);
}

static void free_worker(struct sink_worker *w)
{
	if (!w)
		return;
	w->sink.operations->close(&w->sink);
	message_queue_fini(&w->message_queue);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	for (unsigned k = 0; k < SINK_KEY_COUNT; k++)
		free(w->settings.value[k]);
	free(w);
}

static int open_worker(struct sink_worker **out, const struct sink_settings *settings)
{
	struct sink_worker *w = *out = calloc(1, sizeof(*w));
	int error;

	if (!w)
		return -ENOMEM;
	copy_settings(&w->settings, settings);
	init_lock(w);
	w->sink.operations = sink_operations_of(settings->kind);
	w->sink.settings = &w->settings;
	atomic_init(&w->sink.give_up_ns, UINT64_MAX);
	change_state(w, STATE_OK);
	error = message_queue_init(&w->message_queue);
	if (error == 0)
		error = w->sink.operations->open(&w->sink);
	if (error < 0)
		log_say(LOG_LEVEL_ERROR, "sink %s: %s", sink_name(settings),
			w->sink.why[0] ? w->sink.why : strerror(-error));
	return error;
}

/* True: log that events are dropped; not again until the queue is half empty. */
static bool offer(struct sink_worker *w, struct event *v)
{
	bool is_first = false;

	pthread_mutex_lock(&w->lock);
	if (w->state == STATE_CLOSED || !message_queue_add(&w->message_queue, v)) {
		w->dropped++;
		is_first = w->state != STATE_CLOSED && !w->is_overflowing;
		w->is_overflowing = true;
	}
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	return is_first;
}

/* Ends the back-off, so that the last events are tried now. */
static void request_stop(struct sink_worker *w, uint64_t give_up_ns)
{
	atomic_store(&w->sink.give_up_ns, give_up_ns);
	pthread_mutex_lock(&w->lock);
	w->is_closing = true;
	w->backoff.next_ns = 0;
	if (w->backoff.failures > 1)
		w->backoff.failures = 1;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
}

static void wait_for_end(struct sink_worker *w, uint64_t until_ns)
{
	struct timespec until = {(time_t)(until_ns / SECOND_NS), (long)(until_ns % SECOND_NS)};

	if (w->is_running && pthread_clockjoin_np(w->thread, NULL, CLOCK_MONOTONIC, &until) == 0)
		w->is_running = false;
	pthread_mutex_lock(&w->lock);
	if (w->message_queue.count)
		log_say(LOG_LEVEL_WARNING, "sink %s: %zu events were not delivered: %s",
			sink_name(&w->settings), w->message_queue.count,
			w->last_error[0] ? w->last_error : "no time was left");
	pthread_mutex_unlock(&w->lock);
}

static json_t *state_of(struct sink_worker *w)
{
	char since[TIME_TEXT_BYTES];
	json_t *state;

	pthread_mutex_lock(&w->lock);
	format_time(w->since_ns, since);
	state = json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:s?, s:s}", "name",
		sink_name(&w->settings), "kind", sink_kind_name(w->settings.kind), "state",
		state_name[w->state], "queued", (json_int_t)w->message_queue.count, "delivered",
		(json_int_t)w->delivered, "dropped", (json_int_t)w->dropped, "last_error",
		w->last_error[0] ? w->last_error : NULL, "since", since);
	pthread_mutex_unlock(&w->lock);
	return state;
}

/* --- all sinks -------------------------------------------------------------------------- */

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

/* Signals are blocked in the threads: the control thread handles them. */
int sinks_start(struct sinks *all)
{
	sigset_t every, before;
	int error = 0;

	sigfillset(&every);
	pthread_sigmask(SIG_SETMASK, &every, &before);
	for (size_t i = 0; all && i < all->count && error == 0; i++) {
		struct sink_worker *w = all->sink_worker[i];
		error = -pthread_create(&w->thread, NULL, deliver, w);
		w->is_running = error == 0;
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
		struct sink_worker *w = all->sink_worker[i];
		if ((!is_flow || w->settings.flows) && offer(w, v))
			log_say(LOG_LEVEL_WARNING,
				"sink %s: too much waits; new events are dropped",
				sink_name(&w->settings));
	}
	event_drop(v);
}

void sinks_reopen(struct sinks *all)
{
	for (size_t i = 0; all && i < all->count; i++) {
		struct sink_worker *w = all->sink_worker[i];
		pthread_mutex_lock(&w->lock);
		w->is_reopening = true;
		pthread_cond_signal(&w->wake);
		pthread_mutex_unlock(&w->lock);
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
		request_stop(all->sink_worker[i], give_up_ns);
	for (size_t i = 0; i < all->count; i++)
		wait_for_end(all->sink_worker[i], give_up_ns + STOP_NS);
}

/* A worker whose thread was not joined keeps its memory: the program ends anyway. */
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
