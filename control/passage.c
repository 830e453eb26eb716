#include "passage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chart.h"
#include "interrupt.h"
#include "source.h"
#include "style.h"
#include "worker.h"

/* How often an interrupt and the progress bar are looked at. */
#define BURSTS_PER_LOOK 256

static void empty_outbox(struct passage *p, struct outbox *outbox)
{
	for (size_t i = 0; i < outbox->count; i++)
		p->take(p->context, &outbox->record[i]);
	outbox->count = 0;
}

static void say_failure(struct passage *p, struct progress *bar, const struct source *s)
{
	progress_end(bar);
	fprintf(stderr, "portolan: %s\n", s->error);
	p->failures++;
}

static void sail(struct passage *p, struct worker *w, struct source *s, struct outbox *outbox)
{
	struct progress bar;
	int got = 0;

	progress_init(&bar);
	for (unsigned long i = 1; got != -ENODATA; i++) {
		got = worker_step(w, s);
		empty_outbox(p, outbox);
		if (got < 0 && got != -ENODATA)
			say_failure(p, &bar, s);
		if (i % BURSTS_PER_LOOK)
			continue;
		progress_show(&bar, s->bytes_read, s->bytes_total, worker_counters(w)->frames);
		if (interrupt_asked()) {
			p->interrupted = 1;
			break;
		}
	}
	while (worker_finish(w, s->now_ns))
		empty_outbox(p, outbox);
	empty_outbox(p, outbox);
	progress_end(&bar);
	p->counters = *worker_counters(w);
	p->start_ns = s->start_ns;
	p->end_ns = s->now_ns;
}

int passage_run(struct passage *p)
{
	struct outbox outbox = {.capacity = OUTBOX_MIN};
	struct worker_config config = {
	        .policy = p->chart->policy,
	        .timeouts = p->chart->timeouts,
	        .warmup_ns = p->chart->capture.warmup_ns,
	        .flow_max = p->chart->flow_max,
	        .outbox = &outbox,
	};
	struct worker *worker = NULL;
	struct source *source = NULL;
	int error;

	outbox.record = calloc(outbox.capacity, sizeof(*outbox.record));
	error = outbox.record ? source_files_open(&source, p->capture, p->captures) : -ENOMEM;
	if (error == 0)
		error = worker_new(&worker, &config);
	if (error == 0)
		sail(p, worker, source, &outbox);
	worker_free(worker);
	if (source)
		source->operations->close(source);
	free(outbox.record);
	return error;
}
