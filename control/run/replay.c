#include "run/replay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/mirror_report.h"
#include "base/signals.h"
#include "base/terminal.h"
#include "pair_hash.h"
#include "policy/ruleset.h"
#include "run/worker_pool.h"
#include "source.h"
#include "source_handoff.h"
#include "worker.h"

/* How often an interrupt and the progress bar are looked at. */
#define BURSTS_PER_LOOK 256

static void say_failure(struct passage *p, struct progress *bar, const struct source *s)
{
	if (signals_stop_requested()) { /* a read that a signal ended is no failure */
		p->interrupted = 1;
		return;
	}
	progress_end(bar);
	fprintf(stderr, "portolan: %s\n", s->error);
	p->failures++;
}

/* Whether to go on; looks at the progress bar and the interrupt now and then. */
static int go_on(struct passage *p, struct progress *bar, const struct source *s,
	unsigned long bursts, uint64_t frames)
{
	if (bursts % BURSTS_PER_LOOK)
		return 1;
	progress_show(bar, s->bytes_read, s->bytes_total, frames);
	p->interrupted = signals_stop_requested();
	return !p->interrupted;
}

/* --- alone --------------------------------------------------------------------------- */

static void empty_outbox(struct passage *p, struct outbox *outbox)
{
	for (size_t i = 0; i < outbox->count; i++)
		p->take(p->context, &outbox->record[i]);
	outbox->count = 0;
}

static void sail(struct passage *p, struct worker *w, struct source *s, struct outbox *outbox)
{
	struct progress bar;
	unsigned long bursts = 0;
	int got = 0;

	progress_init(&bar);
	while (got != -ENODATA && !p->interrupted &&
		go_on(p, &bar, s, ++bursts, worker_counters(w)->frames)) {
		got = worker_step(w, s);
		empty_outbox(p, outbox);
		if (got < 0 && got != -ENODATA)
			say_failure(p, &bar, s);
	}
	while (worker_finish(w, s->now_ns))
		empty_outbox(p, outbox);
	empty_outbox(p, outbox);
	progress_end(&bar);
	p->counters = *worker_counters(w);
	if (p->mirror)
		mirror_report_add(p->mirror, worker_mirror(w));
}

static int run_alone(struct passage *p, struct source *s)
{
	struct outbox outbox = {.capacity = OUTBOX_MIN};
	struct worker_config config = {
		.policy = p->ruleset->policy,
		.timeouts = p->ruleset->timeouts,
		.warmup_ns = p->ruleset->capture.warmup_ns,
		.flow_max = p->ruleset->flow_max,
		.deduplicate = p->ruleset->capture.deduplicate,
		.scanner = p->ruleset->scanner,
		.outbox = &outbox,
	};
	struct worker *worker = NULL;
	int error;

	outbox.record = calloc(outbox.capacity, sizeof(*outbox.record));
	error = outbox.record ? worker_new(&worker, &config) : -ENOMEM;
	if (error == 0)
		sail(p, worker, s, &outbox);
	worker_free(worker);
	free(outbox.record);
	return error;
}

/* --- with a crew --------------------------------------------------------------------- */

static void sail_with(struct passage *p, struct crew *crew, struct source *s, struct source **queue)
{
	const struct inventory *inventory = p->ruleset->policy->inventory;
	struct progress bar;
	unsigned long bursts = 0;
	uint64_t frames = 0;
	struct burst b;
	int got = 0;

	progress_init(&bar);
	while (got != -ENODATA && !p->interrupted && go_on(p, &bar, s, ++bursts, frames)) {
		got = s->operations->poll(s, &b);
		for (uint32_t i = 0; i < b.count; i++)
			source_queue_put(queue[spread_hash(&b.packet[i], inventory) % p->workers],
				&b.packet[i], b.start_ns);
		frames += b.count;
		if (b.count > 0)
			s->operations->release(s, &b);
		crew_collect(crew);
		if (got < 0 && got != -ENODATA)
			say_failure(p, &bar, s);
	}
	for (unsigned i = 0; i < p->workers; i++)
		source_queue_end(queue[i]);
	crew_finish(crew, s->now_ns);
	progress_end(&bar);
	crew_counters(crew, &p->counters);
	if (p->mirror)
		crew_mirror(crew, p->mirror);
}

static int run_with_crew(struct passage *p, struct source *s)
{
	struct source *queue[PASSAGE_WORKERS_MAX] = {0};
	struct crew_config config = {
		.ruleset = p->ruleset,
		.workers = p->workers,
		.source = queue,
		.may_wait = true,
		.take = p->take,
		.context = p->context,
	};
	struct crew *crew = NULL;
	int error = 0;

	for (unsigned i = 0; i < p->workers && error == 0; i++)
		error = source_queue_open(&queue[i]);
	if (error == 0)
		error = crew_start(&crew, &config);
	if (error == 0)
		sail_with(p, crew, s, queue);
	crew_free(crew);
	for (unsigned i = 0; i < p->workers; i++)
		if (queue[i])
			queue[i]->operations->close(queue[i]);
	return error;
}

int passage_run(struct passage *p)
{
	struct source *s = NULL;
	int error = source_files_open(&s, p->capture, p->captures);

	if (error < 0)
		return error;
	error = p->workers > 1 ? run_with_crew(p, s) : run_alone(p, s);
	p->start_ns = s->start_ns;
	p->end_ns = s->now_ns;
	s->operations->close(s);
	return error;
}
