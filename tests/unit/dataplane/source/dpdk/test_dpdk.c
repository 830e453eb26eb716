/* DPDK starts once a process: each case that starts it runs in a child of its own, and what
 * it saw comes back through shared memory. No root, no hugepages, no NIC. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "source_dpdk.h"

#define PAIRS 64
#define WORKERS 4

/* --- captures by hand --- */

struct file {
	char path[64];
	FILE *out;
};

static void put16(FILE *f, unsigned n)
{
	fputc((int)(n >> 8) & 0xff, f);
	fputc((int)n & 0xff, f);
}

static void put32(FILE *f, uint32_t n)
{
	assert_int_equal(fwrite(&n, 4, 1, f), 1);
}

static struct file capture_begin(void)
{
	struct file f = {.path = "/tmp/test_dpdk.XXXXXX"};
	int fd = mkstemp(f.path);

	assert_true(fd >= 0);
	f.out = fdopen(fd, "w");
	assert_non_null(f.out);
	put32(f.out, 0xa1b2c3d4);
	put32(f.out, 2 | 4 << 16);
	put32(f.out, 0);
	put32(f.out, 0);
	put32(f.out, 262144);
	put32(f.out, 1);
	return f;
}

/* A UDP frame between two hosts, either way, `tags` VLAN tags before it. */
static void put_frame(struct file *f, unsigned pair, int back, int tags, uint32_t length)
{
	uint32_t at = 14 + 4 * (uint32_t)tags + 20;

	put32(f->out, 1);
	put32(f->out, pair);
	put32(f->out, length);
	put32(f->out, length);
	for (int i = 0; i < 12; i++)
		fputc(2, f->out);
	for (int i = 0; i < tags; i++) {
		put16(f->out, 0x8100);
		put16(f->out, 7 + (unsigned)back);
	}
	put16(f->out, 0x0800);
	put16(f->out, 0x4500);
	put16(f->out, (unsigned)(length - at + 20));
	for (int i = 0; i < 8; i++)
		fputc(i == 4 ? 64 : i == 5 ? 17 : 0, f->out);
	put16(f->out, 0x0a01);
	put16(f->out, back ? 0x8000 | pair : pair);
	put16(f->out, 0x0a01);
	put16(f->out, back ? pair : 0x8000 | pair);
	for (; at < length; at++)
		fputc((int)(at & 0xff), f->out);
}

static void capture_end(struct file *f)
{
	assert_int_equal(fclose(f->out), 0);
}

/* `rounds` frames there and back for each pair, tagged in one direction. */
static struct file capture_of_pairs(unsigned rounds)
{
	struct file f = capture_begin();

	for (unsigned r = 0; r < rounds; r++)
		for (unsigned pair = 0; pair < PAIRS; pair++)
			for (int back = 0; back < 2; back++)
				put_frame(&f, pair, back, back, 60 + r % 100);
	capture_end(&f);
	return f;
}

/* --- a run in a child --- */

struct seen {
	int status;
	uint64_t frames[WORKERS], digest, bytes, received, put_together, idle_polls;
	uint8_t worker_of_pair[PAIRS]; /* 1 + worker; 0xff: several */
	uint64_t backwards;
	size_t ports;
	enum steering steering;
	int remarks_hugepages, entered;
	char error[SOURCE_ERROR_BYTES], description[SOURCE_ERROR_BYTES];
	char port[128];
};

static uint64_t hash_of(const struct packet *p)
{
	uint64_t hash = 14695981039346656037ull;

	for (uint32_t i = 0; i < p->caplen; i++)
		hash = (hash ^ p->data[i]) * 1099511628211ull;
	return hash;
}

static void note_pair(struct seen *s, unsigned worker, const struct packet *p)
{
	const uint8_t *ip = p->data + (p->data[12] == 0x81 ? 18 : 14);
	uint8_t *known = &s->worker_of_pair[ip[15] % PAIRS];

	if (p->caplen < 50)
		return;
	*known = *known == 0 || *known == worker + 1 ? (uint8_t)(worker + 1) : 0xff;
}

static void note(struct seen *s, unsigned worker, const struct burst *b)
{
	uint64_t last = 0;

	for (uint32_t i = 0; i < b->count; i++) {
		s->frames[worker]++;
		s->bytes += b->packet[i].caplen;
		s->digest += hash_of(&b->packet[i]);
		s->backwards += b->packet[i].time_ns < last;
		last = b->packet[i].time_ns;
		note_pair(s, worker, &b->packet[i]);
	}
}

/* All workers by turns in one thread, until `frames` were seen or nothing has come for long. */
static void read_all(struct seen *s, struct source **source, unsigned workers, uint64_t frames)
{
	uint64_t total = 0;
	struct burst b;

	for (unsigned idle = 0; idle < 2000 && total < frames; idle++)
		for (unsigned w = 0; w < workers; w++) {
			b.count = 0;
			if (source[w]->operations->poll(source[w], &b) == 0)
				s->idle_polls++;
			note(s, w, &b);
			total += b.count;
			if (b.count > 0) {
				source[w]->operations->release(source[w], &b);
				idle = 0;
			}
		}
}

static void note_xstat(void *context, const char *name, uint64_t value)
{
	struct seen *s = context;

	if (strcmp(name, "portolan_frames_put_together") == 0)
		s->put_together = value;
}

static void note_end(struct seen *s, struct source *first)
{
	struct source_dpdk_port port;
	struct source_loss loss;

	snprintf(s->description, sizeof(s->description), "%s", first->operations->describe(first));
	if (first->operations->loss(first, &loss) == 0)
		s->received = loss.received;
	s->steering = first->steering;
	s->ports = source_dpdk_ports();
	if (source_dpdk_port(0, &port) == 0)
		snprintf(s->port, sizeof(s->port), "%s %s", port.name, port.driver);
	source_dpdk_xstats(0, note_xstat, s);
	for (size_t i = 0; source_dpdk_remark(i); i++)
		s->remarks_hugepages += strstr(source_dpdk_remark(i), "no free hugepages") != NULL;
}

static void run(struct seen *s, const struct source_dpdk_config *c, uint64_t frames)
{
	struct source *source[WORKERS] = {0};

	s->status = source_dpdk_start(c, s->error);
	for (unsigned w = 0; w < c->workers && s->status == 0; w++)
		s->status = source_dpdk_open(&source[w], w, s->error);
	if (s->status == 0) {
		s->entered = source[0]->operations->enter(source[0]);
		read_all(s, source, c->workers, frames);
		note_end(s, source[0]);
		source[0]->operations->leave(source[0]);
	}
	for (unsigned w = 0; w < c->workers && source[w]; w++)
		source[w]->operations->close(source[w]);
	source_dpdk_stop();
}

/* What a child saw that read `device`s with `workers` until so many frames. */
static struct seen in_child(const struct source_dpdk_config *config, uint64_t frames)
{
	static const char *const eal[] = {"--no-huge"};
	struct source_dpdk_config c = *config;
	struct seen *shared = mmap(
		NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct seen result;
	int status = 0;
	pid_t child;

	assert_true(shared != MAP_FAILED);
	c.eal = eal;
	c.eals = 1;
	fflush(stdout);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		run(shared, &c, frames);
		_exit(0);
	}
	waitpid(child, &status, 0);
	result = *shared;
	munmap(shared, sizeof(*shared));
	assert_int_equal(status, 0);
	if (result.status == -ENOTSUP && strstr(result.error, "without it"))
		skip();
	return result;
}

static struct seen read_file(
	const struct file *f, const char *more, unsigned workers, uint64_t frames)
{
	char device[256];
	const char *const devices[] = {device};
	struct source_dpdk_config c = {.device = devices, .devices = 1, .workers = workers};

	snprintf(device, sizeof(device), "net_pcap0,rx_pcap=%s%s", f->path, more);
	return in_child(&c, frames);
}

/* The same through libpcap. */
static struct seen read_plainly(const struct file *f)
{
	const char *path = f->path;
	struct seen s = {0};
	struct source *files;
	struct burst b;

	assert_int_equal(source_files_open(&files, &path, 1), 0);
	while (files->operations->poll(files, &b) >= 0) {
		note(&s, 0, &b);
		files->operations->release(files, &b);
	}
	files->operations->close(files);
	return s;
}

/* --- cases --- */

static void dpdk_gives_the_frames_that_the_file_source_gives(void **state)
{
	struct file f = capture_of_pairs(20);
	struct seen plain = read_plainly(&f), got = read_file(&f, "", 1, plain.frames[0]);

	(void)state;
	unlink(f.path);
	assert_string_equal(got.error, "");
	assert_int_equal(got.entered, 0);
	assert_int_equal(got.frames[0], plain.frames[0]);
	assert_int_equal(got.bytes, plain.bytes);
	assert_true(got.digest == plain.digest);
	assert_int_equal(got.received, plain.frames[0]);
	assert_int_equal(got.backwards, 0);
	assert_int_equal(got.steering, STEERING_SINGLE);
	assert_string_equal(got.port, "net_pcap0 net_pcap");
}

static void dpdk_says_at_start_that_it_has_no_hugepages(void **state)
{
	struct file f = capture_of_pairs(1);
	struct seen got = read_file(&f, "", 1, 1);

	(void)state;
	unlink(f.path);
	assert_int_equal(got.remarks_hugepages, 1);
	assert_non_null(strstr(got.description, "an idle one sleeps"));
}

static void dpdk_gives_each_address_pair_to_one_worker(void **state)
{
	struct file f = capture_of_pairs(20);
	struct seen plain = read_plainly(&f), got = read_file(&f, "", WORKERS, plain.frames[0]);
	uint64_t sum = 0;

	(void)state;
	unlink(f.path);
	assert_int_equal(got.steering, STEERING_SOFTWARE);
	for (unsigned i = 0; i < PAIRS; i++)
		assert_in_range(got.worker_of_pair[i], 1, WORKERS);
	for (unsigned w = 0; w < WORKERS; w++) {
		assert_true(got.frames[w] > 0);
		sum += got.frames[w];
	}
	assert_int_equal(sum, plain.frames[0]);
	assert_true(got.digest == plain.digest);
}

static void dpdk_reads_every_queue_that_a_device_was_given(void **state)
{
	struct file one = capture_of_pairs(3), other = capture_of_pairs(5);
	uint64_t frames = 2 * PAIRS * 8;
	char more[80];
	struct seen got;

	(void)state;
	snprintf(more, sizeof(more), ",rx_pcap=%s", other.path);
	got = read_file(&one, more, 1, frames);
	unlink(one.path);
	unlink(other.path);
	assert_int_equal(got.frames[0], frames);
}

static void dpdk_reads_all_devices_and_numbers_them(void **state)
{
	struct file one = capture_of_pairs(3), other = capture_of_pairs(5);
	char first[96], second[96];
	const char *const devices[] = {first, second};
	struct source_dpdk_config c = {.device = devices, .devices = 2, .workers = 2};
	struct seen got;

	(void)state;
	snprintf(first, sizeof(first), "net_pcap0,rx_pcap=%s", one.path);
	snprintf(second, sizeof(second), "net_pcap1,rx_pcap=%s", other.path);
	got = in_child(&c, 2 * PAIRS * 8);
	unlink(one.path);
	unlink(other.path);
	assert_int_equal(got.ports, 2);
	assert_int_equal(got.frames[0] + got.frames[1], 2 * PAIRS * 8);
	for (unsigned i = 0; i < PAIRS; i++)
		assert_in_range(got.worker_of_pair[i], 1, 2);
}

static void dpdk_puts_frames_in_several_buffers_together(void **state)
{
	static const uint32_t length[] = {2048, 2049, 4096, 4097, 9000, 9216, 60000};
	struct file f = capture_begin();
	struct seen plain, got;

	(void)state;
	for (unsigned i = 0; i < sizeof(length) / sizeof(length[0]); i++)
		put_frame(&f, i, 0, 0, length[i]);
	capture_end(&f);
	plain = read_plainly(&f);
	got = read_file(&f, "", 1, plain.frames[0]);
	unlink(f.path);
	assert_int_equal(got.frames[0], plain.frames[0]);
	assert_int_equal(got.bytes, plain.bytes);
	assert_true(got.digest == plain.digest);
	assert_int_equal(got.put_together, 6);
}

static void dpdk_has_buffers_for_a_file_that_is_repeated(void **state)
{
	struct file f = capture_of_pairs(40);
	struct seen got = read_file(&f, ",infinite_rx=1", 1, 3 * 2 * PAIRS * 40);

	(void)state;
	unlink(f.path);
	assert_string_equal(got.error, "");
	assert_true(got.frames[0] >= 3 * 2 * PAIRS * 40);
}

static void dpdk_has_one_buffer_for_each_long_frame_of_a_file_that_is_repeated(void **state)
{
	struct file f = capture_begin();
	struct seen got;

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		put_frame(&f, i, 0, 0, 9000);
	capture_end(&f);
	got = read_file(&f, ",infinite_rx=1", 1, 50);
	unlink(f.path);
	assert_string_equal(got.error, "");
	assert_true(got.frames[0] >= 50);
	assert_int_equal(got.put_together, 0);
}

static void dpdk_polls_a_device_that_never_ends(void **state)
{
	const char *const devices[] = {"net_null0,size=60"};
	struct source_dpdk_config c = {
		.device = devices, .devices = 1, .workers = 2, .steer_in_software = 1};
	struct seen got = in_child(&c, 100000);

	(void)state;
	assert_string_equal(got.error, "");
	/* No IP in them: all to the first. */
	assert_true(got.frames[0] >= 100000);
	assert_int_equal(got.frames[1], 0);
}

static void dpdk_refuses_a_file_that_is_not_there(void **state)
{
	const struct file f = {.path = "/tmp/test_dpdk.no-such-file"};
	struct seen got = read_file(&f, "", 1, 1);

	(void)state;
	assert_true(got.status < 0);
	assert_non_null(strstr(got.error, "net_pcap0"));
}

static void dpdk_refuses_a_driver_that_is_not_there(void **state)
{
	const char *const devices[] = {"net_no_such_driver0"};
	struct source_dpdk_config c = {.device = devices, .devices = 1, .workers = 1};
	struct seen got = in_child(&c, 1);

	(void)state;
	assert_true(got.status < 0);
	assert_non_null(strstr(got.error, "net_no_such_driver0"));
}

static void dpdk_refuses_to_start_without_devices(void **state)
{
	struct source_dpdk_config c = {.workers = 1};
	struct seen got = in_child(&c, 1);

	(void)state;
	assert_int_equal(got.status, -EINVAL);
}

static void dpdk_refuses_a_list_of_cpus_that_is_none(void **state)
{
	static const char *const wrong[] = {"", "a", "1-", "4-1", "1,,2", "1;2", "-3", "1-2-3"};
	const char *const devices[] = {"net_null0"};
	struct source_dpdk_config c = {.device = devices, .devices = 1, .workers = 1};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct seen got;

		c.lcores = wrong[i];
		got = in_child(&c, 1);
		assert_int_equal(got.status, -EINVAL);
		assert_non_null(strstr(got.error, "want one like 1-4,7"));
	}
}

static void dpdk_counts_the_cpus_of_a_list(void **state)
{
	const char *const devices[] = {"net_null0"};
	struct source_dpdk_config c = {.device = devices, .devices = 1, .workers = 1};

	(void)state;
	in_child(&c, 1); /* skips where there is no DPDK */
	assert_int_equal(source_dpdk_cpus("1-4,7"), 5);
	assert_int_equal(source_dpdk_cpus("0"), 1);
	assert_int_equal(source_dpdk_cpus(NULL), 0);
	assert_int_equal(source_dpdk_cpus("x"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dpdk_gives_the_frames_that_the_file_source_gives),
		cmocka_unit_test(dpdk_says_at_start_that_it_has_no_hugepages),
		cmocka_unit_test(dpdk_gives_each_address_pair_to_one_worker),
		cmocka_unit_test(dpdk_reads_every_queue_that_a_device_was_given),
		cmocka_unit_test(dpdk_reads_all_devices_and_numbers_them),
		cmocka_unit_test(dpdk_puts_frames_in_several_buffers_together),
		cmocka_unit_test(dpdk_has_buffers_for_a_file_that_is_repeated),
		cmocka_unit_test(
			dpdk_has_one_buffer_for_each_long_frame_of_a_file_that_is_repeated),
		cmocka_unit_test(dpdk_polls_a_device_that_never_ends),
		cmocka_unit_test(dpdk_refuses_a_file_that_is_not_there),
		cmocka_unit_test(dpdk_refuses_a_driver_that_is_not_there),
		cmocka_unit_test(dpdk_refuses_to_start_without_devices),
		cmocka_unit_test(dpdk_refuses_a_list_of_cpus_that_is_none),
		cmocka_unit_test(dpdk_counts_the_cpus_of_a_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
