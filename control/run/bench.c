#include "run/bench.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/errors.h"
#include "config/settings.h"
#include "policy/ruleset.h"
#include "run/evidence_memory.h"
#include "run/worker_settings.h"
#include "source.h"
#include "worker.h"

#ifdef __x86_64__
#include <x86intrin.h>
#endif

#define LINE 64

struct sample {
	double ns, cycles, header_ns, flow_ns;
};

struct bench {
	struct worker *worker;
	struct source *source;
	struct record_buffer record_buffer;
	struct evidence_memory evidence; /* where the site keeps packets; else no batches */
	const uint8_t **frame;		 /* address of each frame, in order */
	uint64_t packets, stride;
	uint8_t *lines; /* one cache line per flow */
	uint64_t line_count;
	uint32_t *pick; /* a random line per packet */
	uint64_t touched;
	struct sample *sample; /* of the current round */
};

static double now_ns(void)
{
	return (double)clock_steady_ns();
}

static uint64_t cycles(void)
{
#ifdef __x86_64__
	return __rdtsc();
#else
	return 0;
#endif
}

static void discard_packet(void *context, const struct evidence_packet *p)
{
	(void)context;
	(void)p;
}

/* Records and packets are discarded, so there is always room. */
static void discard(struct bench *b)
{
	b->record_buffer.count = 0;
	if (b->evidence.batches > 0)
		evidence_memory_empty(&b->evidence, discard_packet, NULL);
}

/* Runs one round through the pipeline. */
static void drive(struct bench *b, struct sample *s)
{
	uint64_t end = worker_counters(b->worker)->frames + b->packets;
	double start = now_ns();
	uint64_t start_cycles = cycles();

	while (worker_counters(b->worker)->frames < end && worker_step(b->worker, b->source) > 0)
		discard(b);
	s->cycles = (double)(cycles() - start_cycles) / (double)b->packets;
	s->ns = (now_ns() - start) / (double)b->packets;
}

/* Prefetch distance, whatever bursts the pipeline takes: more does not make it faster. */
#define FLOOR_BURST 32

static double floor_header(struct bench *b)
{
	double start = now_ns();
	uint64_t sum = 0;

	for (uint64_t i = 0; i < b->packets; i++) {
		if (i + FLOOR_BURST < b->packets)
			__builtin_prefetch(b->frame[i + FLOOR_BURST]);
		sum += *b->frame[i];
	}
	b->touched += sum;
	return (now_ns() - start) / (double)b->packets;
}

static double floor_flow(struct bench *b)
{
	double start = now_ns();
	uint64_t n = b->packets / FLOOR_BURST * FLOOR_BURST;

	for (uint64_t i = 0; i < n; i += FLOOR_BURST) {
		for (unsigned k = 0; k < FLOOR_BURST; k++)
			__builtin_prefetch(b->lines + (uint64_t)b->pick[i + k] * LINE, 1);
		for (unsigned k = 0; k < FLOOR_BURST; k++)
			b->lines[(uint64_t)b->pick[i + k] * LINE]++;
	}
	return n ? (now_ns() - start) / (double)n : 0;
}

/* --- preparation --------------------------------------------------------------------- */

/* The first pass through the source records the frames' addresses and fills the flow table. */
static int first_pass(struct bench *b)
{
	uint64_t max = 0;
	struct burst burst;

	while (b->source->operations->poll(b->source, &burst) > 0) {
		if (b->packets + burst.count > max) {
			const uint8_t **bigger;
			max = max ? 2 * max : 65536;
			bigger = reallocarray(b->frame, max, sizeof(*bigger));
			if (!bigger)
				return -ENOMEM;
			b->frame = bigger;
		}
		/* The source repeats: the first frame again marks the end. */
		if (b->packets > 0 && burst.packet[0].data == b->frame[0])
			return 0;
		for (uint32_t i = 0; i < burst.count; i++)
			b->frame[b->packets++] = burst.packet[i].data;
		worker_process(b->worker, &burst);
		discard(b);
	}
	return 0;
}

static void pick_lines(struct bench *b)
{
	uint64_t x = 88172645463325252ull; /* xorshift64: any seed except 0 */

	for (uint64_t i = 0; i < b->packets; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		b->pick[i] = (uint32_t)(x % b->line_count);
	}
}

static int prepare_floors(struct bench *b)
{
	size_t bytes;

	b->line_count = worker_counters(b->worker)->flows_active_peak;
	if (b->line_count == 0)
		b->line_count = 1;
	bytes = (b->line_count * LINE + (1u << 21) - 1) & ~(size_t)((1u << 21) - 1);
	b->lines = aligned_alloc(1u << 21, bytes);
	b->pick = malloc(b->packets * sizeof(*b->pick));
	if (!b->lines || !b->pick)
		return -ENOMEM;
	madvise(b->lines, bytes, MADV_HUGEPAGE);
	memset(b->lines, 0, bytes);
	pick_lines(b);
	return 0;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(const struct sample *s, unsigned n, size_t offset)
{
	double *value = malloc(n * sizeof(*value)), m;

	if (!value)
		return 0;
	for (unsigned i = 0; i < n; i++)
		memcpy(&value[i], (const char *)&s[i] + offset, sizeof(*value));
	qsort(value, n, sizeof(*value), by_value);
	m = n % 2 ? value[n / 2] : (value[n / 2 - 1] + value[n / 2]) / 2;
	free(value);
	return m;
}

static void *drive_thread(void *bench)
{
	struct bench *b = bench;

	drive(b, b->sample);
	return NULL;
}

/* Runs all workers at once, each in a thread of its own; a single one in this thread. The sample is
 * of all: their rates add up. */
static int drive_all(struct bench *b, unsigned workers, struct sample *out)
{
	pthread_t thread[BENCH_WORKERS_MAX];
	struct sample s[BENCH_WORKERS_MAX] = {{0}};
	double per_ns = 0, per_cycle = 0;
	unsigned started = 0;

	for (unsigned i = 0; i < workers; i++)
		b[i].sample = &s[i];
	if (workers == 1)
		drive(b, &s[0]);
	else
		while (started < workers &&
			pthread_create(&thread[started], NULL, drive_thread, &b[started]) == 0)
			started++;
	for (unsigned i = 0; i < started; i++)
		pthread_join(thread[i], NULL);
	if (workers > 1 && started < workers)
		return -EAGAIN;
	for (unsigned i = 0; i < workers; i++) {
		per_ns += s[i].ns > 0 ? 1 / s[i].ns : 0;
		per_cycle += s[i].cycles > 0 ? 1 / s[i].cycles : 0;
	}
	out->ns = per_ns > 0 ? 1 / per_ns : 0;
	out->cycles = per_cycle > 0 ? 1 / per_cycle : 0;
	return 0;
}

static void sum_up(const struct bench *b, const struct bench_options *o, const struct sample *s,
	struct bench_result *out)
{
	for (unsigned i = 0; i < o->workers; i++) {
		out->packets += b[i].packets;
		out->flows += worker_counters(b[i].worker)->flows_active_peak;
	}
	out->stride = b->stride;
	out->ns_per_packet = median(s, o->rounds, offsetof(struct sample, ns));
	out->cycles_per_packet = median(s, o->rounds, offsetof(struct sample, cycles));
	out->floor_header_ns = median(s, o->rounds, offsetof(struct sample, header_ns));
	out->floor_flow_ns = median(s, o->rounds, offsetof(struct sample, flow_ns));
	out->mpps = out->ns_per_packet > 0 ? 1e3 / out->ns_per_packet : 0;
}

static int measure(struct bench *b, const struct bench_options *o, struct bench_result *out)
{
	struct sample *s = calloc(o->rounds, sizeof(*s));
	int error = s ? 0 : -ENOMEM;

	for (unsigned i = 0; i < o->rounds && error == 0;
		i++) { /* alternately, so that drift affects all alike */
		error = drive_all(b, o->workers, &s[i]);
		s[i].header_ns = floor_header(b);
		s[i].flow_ns = floor_flow(b);
	}
	if (error == 0)
		sum_up(b, o, s, out);
	free(s);
	return error;
}

/* A NIC's buffer size if half of the free memory can hold the frames at that distance, else as
 * small as possible: a record of a capture file has at least 16 bytes of header and, in practice, a
 * frame. */
static uint64_t stride_for(const char *capture)
{
	struct stat st;
	uint64_t records, available;

	if (stat(capture, &st) < 0)
		return LINE;
	records = (uint64_t)st.st_size / (16 + 60);
	available = (uint64_t)sysconf(_SC_AVPHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
	return records * SOURCE_MBUF_STRIDE < available / 2 ? SOURCE_MBUF_STRIDE : LINE;
}

static int open_parts(struct bench *b, const struct bench_options *o, unsigned share)
{
	char why[SOURCE_ERROR_BYTES] = "";
	struct worker_config config = worker_settings(o->ruleset, o->settings, &b->record_buffer);
	struct source_memory_options memory = {
		.rounds = o->rounds + 2,
		.stride = stride_for(o->capture),
		.share = share,
		.shares = o->workers,
		.inventory = o->ruleset->policy->inventory,
	};
	int error;

	if (o->uninspected)
		config.scanner = NULL;
	b->record_buffer.capacity = RECORD_BUFFER_MIN;
	b->record_buffer.record =
		calloc(b->record_buffer.capacity, sizeof(*b->record_buffer.record));
	error = b->record_buffer.record ? 0 : -ENOMEM;
	if (error == 0 && o->settings->evidence.path) {
		error = evidence_memory_open(&b->evidence, &o->settings->evidence, 0);
		config.packet_evidence = &b->evidence.evidence;
	}
	if (error == 0)
		error = worker_new(&b->worker, &config);
	b->stride = memory.stride;
	if (error == 0)
		error = source_memory_open(&b->source, o->capture, &memory, why);
	if (error < 0)
		errors_say("bench: %s", *why ? why : strerror(-error));
	return error;
}

static int prepare(struct bench *b, const struct bench_options *o, unsigned share)
{
	int error = open_parts(b, o, share);

	if (error == 0)
		error = first_pass(b);
	if (error == 0 && b->packets == 0) {
		errors_say("bench: %s: no packets%s", o->capture,
			o->workers > 1 ? " for one of the workers" : "");
		error = -ENODATA;
	}
	return error == 0 && share == 0 ? prepare_floors(b) : error;
}

static void release(struct bench *b)
{
	if (b->source)
		b->source->operations->close(b->source);
	worker_free(b->worker);
	evidence_memory_close(&b->evidence);
	free(b->record_buffer.record);
	free(b->frame);
	free(b->lines);
	free(b->pick);
}

int bench_run(struct bench_result *out, const struct bench_options *o)
{
	struct bench *b = calloc(o->workers, sizeof(*b));
	int error = b ? 0 : -ENOMEM;

	memset(out, 0, sizeof(*out));
	for (unsigned i = 0; i < o->workers && error == 0; i++)
		error = prepare(&b[i], o, i);
	if (error == 0)
		error = measure(b, o, out);
	for (unsigned i = 0; b && i < o->workers; i++)
		release(&b[i]);
	free(b);
	return error;
}
