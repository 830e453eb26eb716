#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "source.h"

enum { ETHERNET = 1, RAW = 101, SLL2 = 276, PPP = 9, NULL_LOOPBACK = 0, LOOP = 108, WIFI = 105 };

#define MICRO 0xa1b2c3d4u
#define NANO 0xa1b23c4du
#define SECOND 1000000000ull

/* --- captures by hand --------------------------------------------------------------------- */

struct file {
	char path[64];
	FILE *out;
	int swapped;
};

static void put32(struct file *f, uint32_t n)
{
	if (f->swapped)
		n = __builtin_bswap32(n);
	assert_int_equal(fwrite(&n, 4, 1, f->out), 1);
}

static struct file file_open(void)
{
	struct file f = {.path = "/tmp/test_files.XXXXXX"};
	int fd = mkstemp(f.path);

	assert_true(fd >= 0);
	f.out = fdopen(fd, "w");
	assert_non_null(f.out);
	return f;
}

static struct file pcap_open_by_hand(uint32_t magic, uint32_t link, int swapped)
{
	struct file f = file_open();

	f.swapped = swapped;
	put32(&f, magic);
	put32(&f, swapped ? 4 << 0 | 2 << 16 : 2 | 4 << 16);
	put32(&f, 0);
	put32(&f, 0);
	put32(&f, 262144);
	put32(&f, link);
	return f;
}

/* `caplen` bytes with the value of `fill`. */
static void put_record(struct file *f, uint32_t seconds, uint32_t fraction, uint32_t caplen,
	uint32_t wirelen, int fill)
{
	put32(f, seconds);
	put32(f, fraction);
	put32(f, caplen);
	put32(f, wirelen);
	for (uint32_t i = 0; i < caplen; i++)
		fputc(fill, f->out);
}

static void file_finish(struct file *f)
{
	assert_int_equal(fclose(f->out), 0);
}

/* --- reading -------------------------------------------------------------------------------- */

struct reading {
	struct packet packet[4096];
	uint8_t first[4096], last[4096]; /* bytes of each */
	unsigned packets;
	char error[4][SOURCE_ERROR_BYTES];
	int status[4];
	unsigned errors;
	uint64_t start_ns;
};

static void keep(struct reading *r, const struct burst *b)
{
	assert_true(b->count <= BURST_MAX);
	for (uint32_t i = 0; i < b->count; i++) {
		const struct packet *p = &b->packet[i];
		assert_true(r->packets < 4096);
		r->first[r->packets] = p->caplen ? p->data[0] : 0;
		r->last[r->packets] = p->caplen ? p->data[p->caplen - 1] : 0;
		r->packet[r->packets++] = *p;
		r->start_ns = b->start_ns;
	}
}

static struct reading *read_all(const char *const *path, size_t paths)
{
	struct reading *r = calloc(1, sizeof(*r));
	struct source *s;
	struct burst b = {0};
	int got;

	assert_non_null(r);
	assert_int_equal(source_files_open(&s, path, paths), 0);
	while ((got = s->operations->poll(s, &b)) != -ENODATA) {
		keep(r, &b);
		if (b.count > 0)
			s->operations->release(s, &b);
		if (got < 0) {
			assert_true(r->errors < 4);
			r->status[r->errors] = got;
			strcpy(r->error[r->errors++], s->error);
		}
	}
	assert_int_equal(s->operations->poll(s, &b), -ENODATA);
	s->operations->close(s);
	return r;
}

static struct reading *read_one(const struct file *f)
{
	const char *path = f->path;
	struct reading *r = read_all(&path, 1);

	unlink(f->path);
	return r;
}

static void check_error(const struct reading *r, unsigned i, const char *path, const char *words)
{
	assert_true(r->errors > i);
	assert_ptr_equal(strstr(r->error[i], path), r->error[i]);
	assert_non_null(strstr(r->error[i], words));
}

/* --- cases -------------------------------------------------------------------------------------
 */

static void files_reads_either_precision_and_byte_order(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct file f = pcap_open_by_hand(i & 1 ? NANO : MICRO, ETHERNET, i >> 1);
		struct reading *r;
		put_record(&f, 1767225600, 123456, 60, 1514, 0x42);
		file_finish(&f);
		r = read_one(&f);
		assert_int_equal(r->errors, 0);
		assert_int_equal(r->packets, 1);
		assert_int_equal(
			r->packet[0].time_ns, 1767225600 * SECOND + (i & 1 ? 123456 : 123456000));
		assert_int_equal(r->packet[0].caplen, 60);
		assert_int_equal(r->packet[0].wirelen, 1514);
		assert_int_equal(r->packet[0].link, LINK_ETHERNET);
		assert_int_equal(r->first[0], 0x42);
		free(r);
	}
}

static void files_knows_the_link_types(void **state)
{
	static const struct {
		uint32_t number;
		enum link link;
	} known[] = {{ETHERNET, LINK_ETHERNET}, {113, LINK_SLL}, {SLL2, LINK_SLL2}, {RAW, LINK_RAW},
		{228, LINK_RAW}, {229, LINK_RAW}, {NULL_LOOPBACK, LINK_NULL}, {LOOP, LINK_LOOP},
		{PPP, LINK_PPP}, {50, LINK_PPP}, {WIFI, LINK_UNSUPPORTED}};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct file f = pcap_open_by_hand(NANO, known[i].number, 0);
		struct reading *r;
		put_record(&f, 1, 0, 60, 60, 0);
		file_finish(&f);
		r = read_one(&f);
		assert_int_equal(r->packets, 1);
		assert_int_equal(r->packet[0].link, known[i].link);
		free(r);
	}
}

static void files_never_lets_the_clock_run_back(void **state)
{
	struct file f = pcap_open_by_hand(NANO, ETHERNET, 0);
	struct reading *r;

	(void)state;
	put_record(&f, 100, 0, 60, 60, 0);
	put_record(&f, 50, 0, 60, 60, 0);
	put_record(&f, 101, 0, 60, 60, 0);
	file_finish(&f);
	r = read_one(&f);
	assert_int_equal(r->packets, 3);
	assert_int_equal(r->start_ns, 100 * SECOND);
	assert_int_equal(r->packet[1].time_ns, 50 * SECOND);
	assert_int_equal(r->packet[1].now_ns, 100 * SECOND);
	assert_int_equal(r->packet[2].now_ns, 101 * SECOND);
	free(r);
}

static void files_reads_several_as_one_stream(void **state)
{
	struct file f[2] = {pcap_open_by_hand(NANO, ETHERNET, 0), pcap_open_by_hand(MICRO, RAW, 0)};
	const char *path[2];
	struct reading *r;

	(void)state;
	for (uint32_t i = 0; i < 70; i++)
		put_record(&f[0], 100 + i, 0, 60, 60, (int)i);
	put_record(&f[1], 20, 0, 60, 60, 0xaa);
	for (unsigned i = 0; i < 2; i++) {
		file_finish(&f[i]);
		path[i] = f[i].path;
	}
	r = read_all(path, 2);
	assert_int_equal(r->packets, 71);
	assert_int_equal(r->errors, 0);
	for (uint32_t i = 0; i < 70; i++)
		assert_int_equal(r->first[i], i);
	assert_int_equal(r->packet[70].link, LINK_RAW);
	assert_int_equal(r->packet[70].now_ns, 169 * SECOND);
	assert_int_equal(r->start_ns, 100 * SECOND);
	free(r);
	unlink(path[0]);
	unlink(path[1]);
}

/* More than its own memory for a burst, so that a record has to wait for the next one. */
static void files_reads_records_as_large_as_there_are(void **state)
{
	struct file f = pcap_open_by_hand(NANO, ETHERNET, 0);
	struct reading *r;

	(void)state;
	for (uint32_t i = 0; i < 20; i++)
		put_record(&f, i, 0, i % 2 ? 262144 : 200001, 262144, (int)i + 1);
	file_finish(&f);
	r = read_one(&f);
	assert_int_equal(r->errors, 0);
	assert_int_equal(r->packets, 20);
	for (uint32_t i = 0; i < 20; i++) {
		assert_int_equal(r->packet[i].caplen, i % 2 ? 262144 : 200001);
		assert_int_equal(r->first[i], i + 1);
		assert_int_equal(r->last[i], i + 1);
	}
	free(r);
}

static void files_takes_a_wire_length_below_the_captured_one_for_it(void **state)
{
	struct file f = pcap_open_by_hand(NANO, ETHERNET, 0);
	struct reading *r;

	(void)state;
	put_record(&f, 1, 0, 60, 20, 0);
	file_finish(&f);
	r = read_one(&f);
	assert_int_equal(r->packets, 1);
	assert_true(r->packet[0].wirelen >= r->packet[0].caplen);
	free(r);
}

static void files_gives_what_came_before_a_broken_record(void **state)
{
	struct file f = pcap_open_by_hand(NANO, ETHERNET, 0);
	struct reading *r;

	(void)state;
	for (uint32_t i = 0; i < 40; i++)
		put_record(&f, i, 0, 60, 60, 0);
	put_record(&f, 41, 0, 30, 30, 0);
	fflush(f.out);
	assert_int_equal(ftruncate(fileno(f.out), 24 + 40 * 76 + 20), 0);
	file_finish(&f);
	r = read_one(&f);
	assert_int_equal(r->packets, 40);
	assert_int_equal(r->errors, 1);
	check_error(r, 0, f.path, "what was read before counts");
	free(r);
}

static void files_says_what_is_wrong_and_goes_on(void **state)
{
	struct file empty = file_open(), text = file_open(),
		    good = pcap_open_by_hand(NANO, ETHERNET, 0);
	const char *path[5] = {empty.path, text.path, "/tmp/test_files.no.such", "/tmp", good.path};
	struct reading *r;

	(void)state;
	fputs("this is no capture, it only looks like one from afar", text.out);
	put_record(&good, 1, 0, 60, 60, 0);
	file_finish(&empty);
	file_finish(&text);
	file_finish(&good);
	r = read_all(path, 5);
	assert_int_equal(r->errors, 4);
	check_error(r, 0, empty.path, "is empty");
	check_error(r, 1, text.path, "no capture");
	check_error(r, 2, path[2], strerror(ENOENT));
	assert_int_equal(r->status[2], -ENOENT);
	check_error(r, 3, path[3], "is a directory");
	assert_int_equal(r->packets, 1);
	free(r);
	unlink(empty.path);
	unlink(text.path);
	unlink(good.path);
}

static void files_of_a_header_alone_have_no_packets(void **state)
{
	struct file f = pcap_open_by_hand(NANO, ETHERNET, 0);
	struct reading *r;

	(void)state;
	file_finish(&f);
	r = read_one(&f);
	assert_int_equal(r->packets, 0);
	assert_int_equal(r->errors, 0);
	free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_reads_either_precision_and_byte_order),
		cmocka_unit_test(files_knows_the_link_types),
		cmocka_unit_test(files_never_lets_the_clock_run_back),
		cmocka_unit_test(files_reads_several_as_one_stream),
		cmocka_unit_test(files_reads_records_as_large_as_there_are),
		cmocka_unit_test(files_takes_a_wire_length_below_the_captured_one_for_it),
		cmocka_unit_test(files_gives_what_came_before_a_broken_record),
		cmocka_unit_test(files_says_what_is_wrong_and_goes_on),
		cmocka_unit_test(files_of_a_header_alone_have_no_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
