/* Opens a live source or a DPDK one, lets each worker read its share, and says what each saw:
 *
 *   source_driver live SECONDS WORKERS INTERFACE[,INTERFACE] [key=value …]
 *       ring_kib snaplen spread (auto, pairs, flows) slow_us (a pause after each burst)
 *   source_driver dpdk SECONDS WORKERS [lcores=LIST] DEVICE … [-- EAL argument …]
 *
 * live-count and dpdk-count only count frames and look at their types, for rates.
 * A line of JSON for each thing that happens, the last one with the totals. It ends after the
 * time, at the end of the source, or with SIGTERM.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "source_dpdk.h"
#include "source_live.h"

/* Of a sanitizer: what libxdp 1.3 never gives back, 80 bytes for each device. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:xsk_umem__create\n";
}

#define WORKERS_MAX 8
#define BURSTS_AFTER_STOP 10000
#define PAIRS_MAX 4096
#define PAIR_BYTES (2 * INET6_ADDRSTRLEN + 2)

struct reader {
	struct source *source;
	pthread_t thread;
	unsigned slow_us;
	int only_count;
	int end;
	uint64_t packets, bytes, captured, tagged, digest, backwards, last_ns;
	uint64_t latest_ns; /* what a packet was old at most when it was handed out */
	uint64_t by_interface[8];
	size_t pairs;
	char pair[PAIRS_MAX][PAIR_BYTES];
	char error[SOURCE_ERROR_BYTES];
};

static atomic_int stopping;

static void stop(int signal)
{
	(void)signal;
	atomic_store(&stopping, 1);
}

static const uint8_t *skip_tags(const uint8_t *p, const uint8_t *end, unsigned *type, int *tags)
{
	while (*tags < 8 && end - p >= 4 &&
		(*type == 0x8100 || *type == 0x88a8 || *type == 0x9100)) {
		*type = p[2] << 8 | p[3];
		p += 4;
		++*tags;
	}
	return p;
}

static void add_pair(struct reader *r, int family, const void *a, const void *b, size_t size)
{
	char one[INET6_ADDRSTRLEN], other[INET6_ADDRSTRLEN], pair[PAIR_BYTES];
	int swap = memcmp(a, b, size) > 0;

	inet_ntop(family, swap ? b : a, one, sizeof(one));
	inet_ntop(family, swap ? a : b, other, sizeof(other));
	snprintf(pair, sizeof(pair), "%s %s", one, other);
	for (size_t i = 0; i < r->pairs; i++)
		if (strcmp(r->pair[i], pair) == 0)
			return;
	if (r->pairs < PAIRS_MAX)
		memcpy(r->pair[r->pairs++], pair, sizeof(pair));
}

static void look(struct reader *r, const struct packet *p)
{
	const uint8_t *end = p->data + p->caplen, *ip = p->data + 14;
	unsigned type = p->caplen >= 14 ? p->data[12] << 8 | p->data[13] : 0;
	int tags = 0;

	if (p->link != LINK_ETHERNET || p->caplen < 14)
		return;
	ip = skip_tags(ip, end, &type, &tags);
	r->tagged += tags > 0;
	if (type == 0x0800 && end - ip >= 20)
		add_pair(r, AF_INET, ip + 12, ip + 16, 4);
	if (type == 0x86dd && end - ip >= 40)
		add_pair(r, AF_INET6, ip + 8, ip + 24, 16);
}

static void count(struct reader *r, const struct packet *p)
{
	uint64_t hash = 14695981039346656037ull;

	if (r->only_count) {
		r->packets++;
		r->tagged += p->data[12] == 0x81;
		return;
	}
	for (uint32_t i = 0; i < p->caplen; i++)
		hash = (hash ^ p->data[i]) * 1099511628211ull;
	r->digest += hash;
	r->packets++;
	r->bytes += p->wirelen;
	r->captured += p->caplen;
	r->backwards += p->time_ns < r->last_ns;
	r->last_ns = p->time_ns;
	r->by_interface[p->interface & 7]++;
	look(r, p);
}

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void count_burst(struct reader *r, const struct burst *b)
{
	uint64_t now_ns = clock_ns();

	for (uint32_t i = 0; i < b->count; i++) {
		count(r, &b->packet[i]);
		if (now_ns > b->packet[i].time_ns + r->latest_ns)
			r->latest_ns = now_ns - b->packet[i].time_ns;
	}
}

static void *read_share(void *argument)
{
	struct reader *r = argument;
	const struct source_operations *op = r->source->operations;
	struct burst b;
	int got = op->enter ? op->enter(r->source) : 0;
	unsigned more = BURSTS_AFTER_STOP;

	/* What has come before it was told to stop is read, unless there is no end to it. */
	while (got >= 0 && more > 0) {
		b.count = 0;
		got = op->poll(r->source, &b);
		if (atomic_load(&stopping))
			more = b.count > 0 ? more - 1 : 0;
		if (b.count == 0)
			continue;
		count_burst(r, &b);
		op->release(r->source, &b);
		if (r->slow_us)
			usleep(r->slow_us);
	}
	r->end = got < 0 ? got : 0;
	memcpy(r->error, r->source->error, sizeof(r->error));
	if (op->leave)
		op->leave(r->source);
	return NULL;
}

static void print_text(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
	putchar('"');
}

static void print_event(const char *event, const char *text)
{
	printf("{\"event\":\"%s\",\"text\":", event);
	print_text(text);
	printf("}\n");
	fflush(stdout);
}

static void print_reader(const struct reader *r, const char *separator)
{
	struct source_loss loss = {0};

	if (r->source->operations->loss)
		r->source->operations->loss(r->source, &loss);
	printf("%s{\"packets\":%llu,\"bytes\":%llu,\"captured\":%llu,\"tagged\":%llu,"
	       "\"digest\":\"%016llx\",\"backwards\":%llu,\"latest_ns\":%llu,\"first_ns\":%llu,"
	       "\"last_ns\":%llu,"
	       "\"received\":%llu,\"dropped_kernel\":%llu,\"dropped_interface\":%llu,"
	       "\"dropped_nic\":%llu,\"errors\":%llu,\"no_buffer\":%llu,\"end\":%d,"
	       "\"error\":\"%s\",\"interfaces\":[%llu,%llu],\"pairs\":[",
		separator, (unsigned long long)r->packets, (unsigned long long)r->bytes,
		(unsigned long long)r->captured, (unsigned long long)r->tagged,
		(unsigned long long)r->digest, (unsigned long long)r->backwards,
		(unsigned long long)r->latest_ns, (unsigned long long)r->source->start_ns,
		(unsigned long long)r->last_ns, (unsigned long long)loss.received,
		(unsigned long long)loss.dropped_kernel, (unsigned long long)loss.dropped_interface,
		(unsigned long long)loss.dropped_nic, (unsigned long long)loss.errors,
		(unsigned long long)loss.no_buffer, r->end, r->error,
		(unsigned long long)r->by_interface[0], (unsigned long long)r->by_interface[1]);
	for (size_t i = 0; i < r->pairs; i++)
		printf("%s\"%s\"", i ? "," : "", r->pair[i]);
	printf("]}");
}

static void watch(struct source *s)
{
	char text[SOURCE_ERROR_BYTES];

	while (s->operations->watch && s->operations->watch(s, text) == 1) {
		print_event("change", text);
	}
}

static void run(struct reader *reader, unsigned workers, double seconds)
{
	struct timespec begin, now;
	unsigned ended = 0;

	for (unsigned i = 0; i < workers; i++)
		pthread_create(&reader[i].thread, NULL, read_share, &reader[i]);
	for (size_t i = 0; source_dpdk_remark(i); i++)
		print_event("remark", source_dpdk_remark(i));
	print_event("started", reader[0].source->operations->describe(reader[0].source));
	clock_gettime(CLOCK_MONOTONIC, &begin);
	do {
		usleep(20000);
		watch(reader[0].source);
		clock_gettime(CLOCK_MONOTONIC, &now);
		ended = 0;
		for (unsigned i = 0; i < workers; i++)
			ended += reader[i].end < 0;
	} while (!atomic_load(&stopping) && ended < workers &&
		 (double)(now.tv_sec - begin.tv_sec) + (double)(now.tv_nsec - begin.tv_nsec) / 1e9 <
			 seconds);
	atomic_store(&stopping, 1);
	for (unsigned i = 0; i < workers; i++)
		pthread_join(reader[i].thread, NULL);
	watch(reader[0].source);
	printf("{\"event\":\"ended\",\"steering\":%d,\"workers\":[", reader[0].source->steering);
	for (unsigned i = 0; i < workers; i++)
		print_reader(&reader[i], i ? "," : "");
	printf("]}\n");
}

static void set_option(struct source_live_config *c, unsigned *slow_us, const char *option)
{
	const char *value = strchr(option, '=');
	unsigned number = value ? (unsigned)strtoul(value + 1, NULL, 10) : 0;

	if (strncmp(option, "ring_kib=", 9) == 0)
		c->ring_bytes = number << 10;
	else if (strncmp(option, "snaplen=", 8) == 0)
		c->snaplen = number;
	else if (strncmp(option, "slow_us=", 8) == 0)
		*slow_us = number;
	else if (strcmp(option, "spread=flows") == 0)
		c->spread = SOURCE_LIVE_SPREAD_FLOWS;
	else if (strcmp(option, "spread=pairs") == 0)
		c->spread = SOURCE_LIVE_SPREAD_PAIRS;
}

static int open_live(struct source **source, unsigned workers, int argc, char **argv,
	unsigned *slow_us, char *error)
{
	const char *name[8];
	struct source_live_config c = {.interface = name, .workers = workers};

	for (char *at = strtok(argv[0], ","); at && c.interfaces < 8; at = strtok(NULL, ","))
		name[c.interfaces++] = at;
	for (int i = 1; i < argc; i++)
		set_option(&c, slow_us, argv[i]);
	return source_live_open(source, &c, error);
}

/* For DPDK's telemetry client: what the first worker has seen so far. */
static int telemetry_stats(void *context, const char *argument, struct source_dpdk_answer *a)
{
	const struct reader *r = context;

	source_dpdk_answer_text(a, "argument", argument ? argument : "");
	source_dpdk_answer_u64(a, "packets", r->packets);
	return 0;
}

static int open_dpdk(struct source **source, unsigned workers, int argc, char **argv, char *error)
{
	struct source_dpdk_config c = {.device = (const char *const *)argv, .workers = workers};
	int status;

	if (strncmp(argv[0], "lcores=", 7) == 0) {
		c.lcores = argv[0] + 7;
		c.device++;
		argv++;
		argc--;
	}
	while ((int)c.devices < argc && strcmp(argv[c.devices], "--") != 0)
		c.devices++;
	if ((int)c.devices < argc) {
		c.eal = (const char *const *)argv + c.devices + 1;
		c.eals = (size_t)argc - c.devices - 1;
	}
	status = source_dpdk_start(&c, error);
	for (unsigned i = 0; i < workers && status == 0; i++)
		status = source_dpdk_open(&source[i], i, error);
	return status;
}

int main(int argc, char **argv)
{
	static struct reader reader[WORKERS_MAX];
	struct source *source[WORKERS_MAX] = {0};
	char error[SOURCE_ERROR_BYTES] = "";
	unsigned workers = argc > 4 ? (unsigned)strtoul(argv[3], NULL, 10) : 0, slow_us = 0;
	int status;

	if (workers < 1 || workers > WORKERS_MAX) {
		fprintf(stderr, "usage: source_driver live|dpdk SECONDS WORKERS DEVICE …\n");
		return 2;
	}
	signal(SIGTERM, stop);
	signal(SIGINT, stop);
	if (strncmp(argv[1], "live", 4) == 0)
		status = open_live(source, workers, argc - 4, argv + 4, &slow_us, error);
	else
		status = open_dpdk(source, workers, argc - 4, argv + 4, error);
	source_dpdk_command("/portolan/stats", "what worker 0 saw", telemetry_stats, &reader[0]);
	if (status == 0) {
		for (unsigned i = 0; i < workers; i++) {
			reader[i].source = source[i];
			reader[i].slow_us = slow_us;
			reader[i].only_count = strstr(argv[1], "-count") != NULL;
		}
		run(reader, workers, strtod(argv[2], NULL));
	} else {
		print_event("refused", error);
	}
	for (unsigned i = 0; i < workers; i++)
		if (source[i])
			source[i]->operations->close(source[i]);
	source_dpdk_stop();
	return status == 0 ? 0 : 1;
}
