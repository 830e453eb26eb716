#include "store/sealer.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/heap.h"
#include "base/log.h"
#include "store/database.h"
#include "store/segment_list.h"
#include "store/segment_writer.h"
#include "store/store.h"
#include "store/store_schema.h"

/* A segment that is locked is tried again, in all so often: the writer has it open for a flow that
 * ended late, or somebody reads it. */
#define RETRIES_MAX 256
#define RETRY_NS 50000000

/* Where the file system tells the disk of freed blocks at once, a removal takes 0.3 ms a megabyte,
 * and whoever writes to that disk waits for it: after each, others have their turn. */
#define PRUNE_PAUSE_NS 50000000

struct sealer {
	struct sealer_config config;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t is_changed;
	uint64_t *hour_ns; /* to be sealed, the last one first */
	size_t count, room;
	unsigned retries;
	uint64_t former_ns; /* segments before this hour may have been left */
	bool has_thread, is_ending, finishes;
};

static void remove_file(void *context, const char *path)
{
	(void)context;
	unlink(path);
}

/* After a segment was removed, and before the next one is. */
static bool may_go_on(struct sealer *s)
{
	bool is_ending;

	if (!s->has_thread || s->config.is_replay)
		return true;
	nanosleep(&(struct timespec){.tv_nsec = PRUNE_PAUSE_NS}, NULL);
	pthread_mutex_lock(&s->lock);
	is_ending = s->is_ending;
	pthread_mutex_unlock(&s->lock);
	return !is_ending;
}

void sealer_prune(struct sealer *s, uint64_t now_ns)
{
	const struct sealer_config *c = &s->config;
	struct segment_list l;
	uint64_t bytes = 0;

	if (!c->keep_ns && !c->size_bytes)
		return;
	if (segment_list_read(&l, c->folder) == 0) {
		for (size_t i = 0; i < l.count; i++)
			bytes += l.file[i].bytes;
		/* The newest one is being written. */
		for (size_t i = 0; i + 1 < l.count; i++) {
			bool is_old = c->keep_ns && now_ns > c->keep_ns &&
				      l.file[i].hour_ns + STORE_HOUR_NS < now_ns - c->keep_ns;
			bool is_much = c->size_bytes && bytes > c->size_bytes;
			if (!is_old && !is_much)
				break;
			segment_files(c->folder, l.file[i].hour_ns, remove_file, NULL);
			bytes -= l.file[i].bytes;
			if (!may_go_on(s))
				break;
		}
	}
	segment_list_free(&l);
}

/* -EBUSY: it is locked. */
static int seal(struct sealer *s, uint64_t hour_ns)
{
	char path[SEGMENT_PATH_BYTES], why[DATABASE_WHY_BYTES];
	int error;

	segment_path(s->config.folder, hour_ns, path);
	if (access(path, F_OK) < 0) /* pruned meanwhile */
		return 0;
	error = segment_seal(path, s->config.is_replay, why);
	if (error == -EBUSY && s->has_thread && s->retries < RETRIES_MAX)
		return error;
	if (error < 0)
		log_say(LOG_LEVEL_WARNING, "%s: not sealed: %s", path, why);
	sealer_prune(s, hour_ns + STORE_HOUR_NS);
	return 0;
}

static void seal_former(struct sealer *s)
{
	char path[SEGMENT_PATH_BYTES], why[DATABASE_WHY_BYTES];
	struct segment_list l;

	if (segment_list_read(&l, s->config.folder) == 0)
		for (size_t i = 0; i < l.count && l.file[i].hour_ns < s->former_ns; i++) {
			segment_path(s->config.folder, l.file[i].hour_ns, path);
			if (segment_is_sealed(path, why) == 0)
				seal(s, l.file[i].hour_ns);
		}
	segment_list_free(&l);
}

static void count_sealed(const struct sealer *s)
{
	if (s->config.progress)
		atomic_fetch_add(&s->config.progress->sealed, 1);
}

/* With the lock. Without memory it is left as it is: readable, without indices. */
static void put(struct sealer *s, uint64_t hour_ns, bool is_first)
{
	size_t room = s->room ? 2 * s->room : 64;
	uint64_t *more;

	if (s->count == s->room) {
		more = heap_realloc(s->hour_ns, room * sizeof(*more));
		if (!more)
			return;
		s->hour_ns = more;
		s->room = room;
	}
	if (is_first) {
		s->hour_ns[s->count++] = hour_ns;
		return;
	}
	memmove(s->hour_ns + 1, s->hour_ns, s->count * sizeof(*s->hour_ns));
	s->hour_ns[0] = hour_ns;
	s->count++;
}

/* With the lock, which is not held meanwhile. */
static void seal_next(struct sealer *s)
{
	uint64_t hour_ns = s->hour_ns[--s->count];
	int error;

	pthread_mutex_unlock(&s->lock);
	error = seal(s, hour_ns);
	if (error < 0)
		nanosleep(&(struct timespec){.tv_nsec = RETRY_NS}, NULL);
	else
		count_sealed(s);
	pthread_mutex_lock(&s->lock);
	if (error < 0) {
		s->retries++;
		put(s, hour_ns, false);
	}
}

static void *work(void *context)
{
	struct sealer *s = context;
	bool finishes;

	if (s->former_ns)
		seal_former(s);
	pthread_mutex_lock(&s->lock);
	while (s->count || !s->is_ending) {
		if (s->is_ending && !s->finishes)
			break;
		if (s->count)
			seal_next(s);
		else
			pthread_cond_wait(&s->is_changed, &s->lock);
	}
	finishes = s->finishes;
	pthread_mutex_unlock(&s->lock);
	if (finishes) {
		s->former_ns = UINT64_MAX;
		seal_former(s);
	}
	return NULL;
}

struct sealer *sealer_new(const struct sealer_config *c)
{
	struct sealer *s = heap_calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->config = *c;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->is_changed, NULL);
	return s;
}

int sealer_start(struct sealer *s, uint64_t hour_ns)
{
	int error;

	s->former_ns = hour_ns;
	error = -pthread_create(&s->thread, NULL, work, s);
	s->has_thread = error == 0;
	return error;
}

void sealer_add(struct sealer *s, uint64_t hour_ns)
{
	if (!s->has_thread) {
		seal(s, hour_ns);
		count_sealed(s);
		return;
	}
	pthread_mutex_lock(&s->lock);
	put(s, hour_ns, true);
	pthread_cond_signal(&s->is_changed);
	pthread_mutex_unlock(&s->lock);
}

void sealer_stop(struct sealer *s, bool finishes)
{
	if (!s->has_thread)
		return;
	pthread_mutex_lock(&s->lock);
	s->is_ending = true;
	s->finishes = finishes;
	pthread_cond_signal(&s->is_changed);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	s->has_thread = false;
}

void sealer_free(struct sealer *s)
{
	if (!s)
		return;
	pthread_cond_destroy(&s->is_changed);
	pthread_mutex_destroy(&s->lock);
	free(s->hour_ns);
	free(s);
}
