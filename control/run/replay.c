#include "run/replay.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/mirror_report.h"
#include "analysis/mirror_sum.h"
#include "base/errors.h"
#include "base/heap.h"
#include "base/signals.h"
#include "base/terminal.h"
#include "pair_hash.h"
#include "policy/ruleset.h"
#include "run/evidence_memory.h"
#include "run/worker_pool.h"
#include "run/worker_settings.h"
#include "source.h"
#include "source_handoff.h"
#include "worker.h"

/* Interval at which interrupts and the progress bar are checked. */
#define BURSTS_PER_CHECK 256

#define MINUTE_NS 60000000000ull

static void report_failure(struct replay *p, struct progress *bar, const struct source *s)
{
	if (signals_stop_requested()) { /* a read interrupted by a signal is not an error */
		p->interrupted = 1;
		return;
	}
	progress_end(bar);
	errors_say("%s", s->error);
	p->failures++;
}

/* Whether to continue; checks for interrupts and updates the progress bar periodically. */
static int go_on(struct replay *p, struct progress *bar, const struct source *s,
	unsigned long bursts, uint64_t frames)
{
	if (bursts % BURSTS_PER_CHECK && !s->is_idle)
		return 1;
	progress_show(bar, s->bytes_read, s->bytes_total, frames);
	p->interrupted = signals_stop_requested();
	return !p->interrupted;
}

/* A pipe that has nothing at the moment is a person who waits for what is known. */
static void tell_now(const struct replay *p, const struct source *s)
{
	if (s->is_idle && p->idle)
		p->idle(p->context);
}

/* Whether the stream has come to another minute since this was asked last. */
static bool is_another_minute(uint64_t *minute, const struct source *s)
{
	uint64_t now = s->now_ns / MINUTE_NS;

	if (now == *minute || s->now_ns == 0)
		return false;
	*minute = now;
	return true;
}

/* --- one worker --------------------------------------------------------------------- */

/* What a worker leaves. */
struct output {
	struct record_buffer records;
	struct evidence_memory evidence;
};

static void empty_output(struct replay *p, struct output *o)
{
	records_take(o->records.record, o->records.count, p->take, p->expect, p->context);
	o->records.count = 0;
	if (p->evidence)
		evidence_memory_empty(&o->evidence, p->take_packet, p->context);
}

static void run_source(struct replay *p, struct worker *w, struct source *s, struct output *output)
{
	struct progress bar;
	unsigned long bursts = 0;
	uint64_t minute = 0;
	int got = 0;

	progress_init(&bar);
	while (got != -ENODATA && !p->interrupted &&
		go_on(p, &bar, s, ++bursts, worker_counters(w)->frames)) {
		got = worker_step(w, s);
		empty_output(p, output);
		if (p->minute && is_another_minute(&minute, s))
			p->minute(p->context, worker_counters(w), s->start_ns, s->now_ns);
		tell_now(p, s);
		if (got < 0 && got != -ENODATA)
			report_failure(p, &bar, s);
	}
	while (worker_finish(w, s->now_ns))
		empty_output(p, output);
	empty_output(p, output);
	progress_end(&bar);
	p->counters = *worker_counters(w);
	if (p->mirror)
		mirror_report_add(p->mirror, worker_mirror(w));
}

static int run_inline(struct replay *p, struct source *s)
{
	struct output output = {.records = {.capacity = RECORD_BUFFER_MIN}};
	struct worker_config config = worker_settings(p->ruleset, p->settings, &output.records);
	struct worker *worker = NULL;
	int error;

	output.records.record =
		heap_calloc(output.records.capacity, sizeof(*output.records.record));
	error = output.records.record ? 0 : -ENOMEM;
	if (error == 0 && p->evidence) {
		error = evidence_memory_open(&output.evidence, p->evidence, 0);
		config.packet_evidence = &output.evidence.evidence;
	}
	if (error == 0)
		error = worker_new(&worker, &config);
	if (error == 0)
		run_source(p, worker, s, &output);
	worker_free(worker);
	evidence_memory_close(&output.evidence);
	free(output.records.record);
	return error;
}

/* --- several workers ---------------------------------------------------------------- */

/* Hands on what was put so far where the source has no more at the moment. */
static void hand_on(const struct replay *p, const struct source *s, struct source **queue)
{
	for (unsigned i = 0; s->is_idle && i < p->workers; i++)
		source_handoff_flush(queue[i]);
}

static void tell_minute(const struct replay *p, struct worker_pool *pool, const struct source *s)
{
	struct counters c;

	worker_pool_counters(pool, &c);
	p->minute(p->context, &c, s->start_ns, s->now_ns);
}

static void run_source_pooled(
	struct replay *p, struct worker_pool *pool, struct source *s, struct source **queue)
{
	const struct inventory *inventory = p->ruleset->policy->inventory;
	struct progress bar;
	unsigned long bursts = 0;
	uint64_t frames = 0, minute = 0;
	struct burst b;
	int got = 0;

	progress_init(&bar);
	while (got != -ENODATA && !p->interrupted && go_on(p, &bar, s, ++bursts, frames)) {
		got = s->operations->poll(s, &b);
		for (uint32_t i = 0; i < b.count; i++)
			source_handoff_put(
				queue[pair_hash_of(&b.packet[i], inventory) % p->workers],
				&b.packet[i], b.start_ns);
		frames += b.count;
		if (b.count > 0)
			s->operations->release(s, &b);
		hand_on(p, s, queue);
		worker_pool_collect(pool);
		if (p->minute && is_another_minute(&minute, s))
			tell_minute(p, pool, s);
		tell_now(p, s);
		if (got < 0 && got != -ENODATA)
			report_failure(p, &bar, s);
	}
	for (unsigned i = 0; i < p->workers; i++)
		source_handoff_end(queue[i]);
	worker_pool_finish(pool, s->now_ns);
	progress_end(&bar);
	worker_pool_counters(pool, &p->counters);
	if (p->mirror)
		worker_pool_mirror(pool, p->mirror);
}

static int run_pooled(struct replay *p, struct source *s)
{
	struct source *queue[REPLAY_WORKERS_MAX] = {0};
	struct worker_pool_config config = {
		.ruleset = p->ruleset,
		.settings = p->settings,
		.workers = p->workers,
		.source = queue,
		.may_wait = true,
		.take = p->take,
		.expect = p->expect,
		.evidence = p->evidence,
		.take_packet = p->take_packet,
		.context = p->context,
	};
	struct worker_pool *pool = NULL;
	int error = 0;

	for (unsigned i = 0; i < p->workers && error == 0; i++)
		error = source_handoff_open(&queue[i]);
	if (error == 0)
		error = worker_pool_start(&pool, &config);
	if (error == 0)
		run_source_pooled(p, pool, s, queue);
	worker_pool_free(pool);
	for (unsigned i = 0; i < p->workers; i++)
		if (queue[i])
			queue[i]->operations->close(queue[i]);
	return error;
}

int replay_run(struct replay *p)
{
	struct source *s = NULL;
	int error = source_files_open(&s, p->capture, p->captures);

	if (error < 0)
		return error;
	error = p->workers > 1 ? run_pooled(p, s) : run_inline(p, s);
	p->start_ns = s->earliest_ns ? s->earliest_ns : s->start_ns;
	p->end_ns = s->now_ns;
	s->operations->close(s);
	return error;
}
