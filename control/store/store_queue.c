#include "store/store_queue.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/heap.h"

void store_queue_init(struct store_queue *q)
{
	pthread_condattr_t steady;

	*q = (struct store_queue){.last = NULL};
	q->last = &q->first;
	pthread_mutex_init(&q->lock, NULL);
	pthread_condattr_init(&steady);
	pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
	pthread_cond_init(&q->is_filled, &steady);
	pthread_cond_init(&q->is_emptied, &steady);
	pthread_condattr_destroy(&steady);
}

static void free_all(struct store_message *m)
{
	while (m) {
		struct store_message *next = m->next;
		free(m);
		m = next;
	}
}

void store_queue_fini(struct store_queue *q)
{
	free_all(q->first);
	q->first = NULL;
	pthread_cond_destroy(&q->is_filled);
	pthread_cond_destroy(&q->is_emptied);
	pthread_mutex_destroy(&q->lock);
}

static const char **text_in(void *value, size_t at)
{
	return (const char **)(void *)((char *)value + at);
}

struct store_message *store_message_new(enum store_message_kind kind, const void *value,
	size_t bytes, const size_t *text_at, size_t texts)
{
	struct store_message *m;
	size_t all = sizeof(*m);
	char *at;

	for (size_t i = 0; i < texts; i++) {
		const char *text = *text_in((void *)(uintptr_t)value, text_at[i]);
		all += text ? strlen(text) + 1 : 0;
	}
	m = heap_malloc(all);
	if (!m)
		return NULL;
	*m = (struct store_message){.bytes = all, .kind = kind};
	memcpy(&m->run, value, bytes);
	at = m->more;
	for (size_t i = 0; i < texts; i++) {
		const char **text = text_in(&m->run, text_at[i]);
		if (!*text)
			continue;
		bytes = strlen(*text) + 1;
		*text = memcpy(at, *text, bytes);
		at += bytes;
	}
	return m;
}

bool store_queue_put(struct store_queue *q, struct store_message *m, bool may_wait)
{
	bool fits;

	pthread_mutex_lock(&q->lock);
	while (may_wait && q->bytes > 0 && q->bytes + m->bytes > STORE_QUEUE_BYTES && !q->is_ending)
		pthread_cond_wait(&q->is_emptied, &q->lock);
	fits = q->bytes == 0 || q->bytes + m->bytes <= STORE_QUEUE_BYTES;
	if (fits) {
		if (!q->first)
			pthread_cond_signal(&q->is_filled);
		*q->last = m;
		q->last = &m->next;
		q->bytes += m->bytes;
		if (q->bytes > q->peak_bytes)
			q->peak_bytes = q->bytes;
	}
	pthread_mutex_unlock(&q->lock);
	return fits;
}

static void wait_for(struct store_queue *q, uint64_t wait_ns)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(wait_ns / 1000000000u);
	until.tv_nsec += (long)(wait_ns % 1000000000u);
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	while (!q->first && !q->is_ending)
		if (pthread_cond_timedwait(&q->is_filled, &q->lock, &until) != 0)
			return;
}

struct store_message *store_queue_take(struct store_queue *q, uint64_t wait_ns, bool *is_ending)
{
	struct store_message *first;

	pthread_mutex_lock(&q->lock);
	wait_for(q, wait_ns);
	first = q->first;
	q->first = NULL;
	q->last = &q->first;
	*is_ending = q->is_ending;
	pthread_mutex_unlock(&q->lock);
	return first;
}

void store_queue_done(struct store_queue *q, struct store_message *first)
{
	size_t bytes = 0;

	for (const struct store_message *m = first; m; m = m->next)
		bytes += m->bytes;
	free_all(first);
	pthread_mutex_lock(&q->lock);
	q->bytes -= bytes;
	pthread_cond_signal(&q->is_emptied);
	pthread_mutex_unlock(&q->lock);
}

size_t store_queue_peak(struct store_queue *q)
{
	size_t peak;

	pthread_mutex_lock(&q->lock);
	peak = q->peak_bytes;
	pthread_mutex_unlock(&q->lock);
	return peak;
}

void store_queue_end(struct store_queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->is_ending = true;
	pthread_cond_signal(&q->is_filled);
	pthread_cond_signal(&q->is_emptied);
	pthread_mutex_unlock(&q->lock);
}
