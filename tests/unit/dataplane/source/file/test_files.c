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
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

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

/* The first packet's time is as good as the second's: none of both may hold the stream. */
static void files_begin_by_the_time_that_the_first_packets_agree_on(void **state)
{
	static const uint32_t seconds[][4] = {
		{100, 900000, 900001, 900002}, /* one from the past */
		{99000000, 900000, 900001, 900002},
		{900000, 100, 900001, 900002},
		{900000, 99000000, 900001, 900002},
		{900000, 900001, 100, 900002},
		{900000, 900001, 99000000, 900002},
	};

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		struct file f = pcap_open_by_hand(NANO, ETHERNET, 0);
		struct reading *r;
		for (unsigned k = 0; k < 4; k++)
			put_record(&f, seconds[i][k], 0, 60, 60, 0);
		file_finish(&f);
		r = read_one(&f);
		assert_int_equal(r->packets, 4);
		assert_int_equal(r->start_ns, 900000 * SECOND);
		assert_int_equal(r->packet[3].now_ns, 900002 * SECOND);
		for (unsigned k = i < 2 ? 1 : 0; k < 4; k++)
			if (seconds[i][k] / 1000 == 900)
				assert_in_range(
					r->packet[k].now_ns, 900000 * SECOND, 900002 * SECOND);
		free(r);
	}
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
	check_error(r, 1, text.path, "not a capture file");
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

/* --- pcapng by hand ------------------------------------------------------------------------- */

static struct file pcapng_open_by_hand(void)
{
	struct file f = file_open();
	static const uint32_t section[] = {
		0x0a0d0d0a, 28, 0x1a2b3c4d, 1, UINT32_MAX, UINT32_MAX, 28};

	for (size_t i = 0; i < sizeof(section) / sizeof(section[0]); i++)
		put32(&f, section[i]);
	return f;
}

static void put_interface(struct file *f, uint32_t link, uint32_t snaplen)
{
	const uint32_t block[] = {1, 20, link, snaplen, 20};

	for (size_t i = 0; i < sizeof(block) / sizeof(block[0]); i++)
		put32(f, block[i]);
}

static void put_bytes(struct file *f, uint32_t count, int fill)
{
	for (uint32_t i = 0; i < count; i++)
		fputc(fill, f->out);
}

static void put_enhanced(struct file *f, uint32_t interface, uint32_t caplen, int fill)
{
	const uint32_t block[] = {6, 32 + caplen, interface, 0, 1000000, caplen, caplen};

	for (size_t i = 0; i < sizeof(block) / sizeof(block[0]); i++)
		put32(f, block[i]);
	put_bytes(f, caplen, fill);
	put32(f, 32 + caplen);
}

static void put_simple(struct file *f, uint32_t wirelen, uint32_t caplen, int fill)
{
	put32(f, 3);
	put32(f, 16 + caplen);
	put32(f, wirelen);
	put_bytes(f, caplen, fill);
	put32(f, 16 + caplen);
}

/* --- pipes -------------------------------------------------------------------------------- */

/* What is in the file, through a pipe that its writer fills a few bytes at a time. */
static struct reading *read_through_pipe(const struct file *f)
{
	char command[128], path[32];
	const char *paths = path;
	struct reading *r;
	FILE *pipe;

	snprintf(command, sizeof(command), "dd if=%s bs=7 status=none", f->path);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	snprintf(path, sizeof(path), "/dev/fd/%d", fileno(pipe));
	r = read_all(&paths, 1);
	pclose(pipe);
	unlink(f->path);
	return r;
}

static void files_reads_interfaces_of_other_snapshot_lengths_through_a_pipe(void **state)
{
	struct file f = pcapng_open_by_hand();
	struct reading *r;

	(void)state;
	put_interface(&f, ETHERNET, 262144);
	put_interface(&f, ETHERNET, 65535);
	put_enhanced(&f, 0, 60, 1);
	put_enhanced(&f, 1, 64, 2);
	file_finish(&f);
	r = read_through_pipe(&f);
	assert_int_equal(r->errors, 0);
	assert_int_equal(r->packets, 2);
	assert_int_equal(r->packet[1].caplen, 64);
	assert_int_equal(r->packet[1].interface, 1);
	assert_int_equal(r->last[1], 2);
	free(r);
}

static void files_reads_simple_packets_through_a_pipe_with_the_streams_time(void **state)
{
	struct file f = pcapng_open_by_hand();
	struct reading *r;

	(void)state;
	put_interface(&f, ETHERNET, 64);
	put_enhanced(&f, 0, 60, 1);
	put_simple(&f, 1514, 64, 2);
	file_finish(&f);
	r = read_through_pipe(&f);
	assert_int_equal(r->errors, 0);
	assert_int_equal(r->packets, 2);
	assert_int_equal(r->packet[1].caplen, 64);
	assert_int_equal(r->packet[1].wirelen, 1514);
	assert_int_equal(r->packet[1].time_ns, r->packet[0].time_ns);
	free(r);
}

static void files_of_a_pipe_that_ends_in_a_record_say_so(void **state)
{
	struct file f = pcap_open_by_hand(NANO, ETHERNET, 0);
	struct reading *r;

	(void)state;
	put_record(&f, 1, 0, 60, 60, 0);
	put32(&f, 2);
	file_finish(&f);
	r = read_through_pipe(&f);
	assert_int_equal(r->packets, 1);
	check_error(r, 0, "/dev/fd", "in the middle of a record; what was read before counts");
	free(r);
}

static void files_gives_a_pipes_packet_before_the_next_one_comes(void **state)
{
	int end[2];
	struct file f = {.path = ""};
	char path[32];
	const char *paths = path;
	struct burst b = {0};
	struct source *s;

	(void)state;
	assert_int_equal(pipe(end), 0);
	f.out = fdopen(end[1], "w");
	snprintf(path, sizeof(path), "/dev/fd/%d", end[0]);
	assert_int_equal(source_files_open(&s, &paths, 1), 0);
	for (unsigned i = 0; i < 6; i++)
		put32(&f, (const uint32_t[]){NANO, 2 | 4 << 16, 0, 0, 65535, ETHERNET}[i]);
	for (unsigned i = 0; i < 3; i++) {
		put_record(&f, i, 0, 60, 60, (int)i);
		fflush(f.out);
		assert_int_equal(s->operations->poll(s, &b), 1);
		assert_int_equal(b.count, 1);
		assert_int_equal(b.packet[0].data[0], i);
		assert_true(s->is_idle);
		s->operations->release(s, &b);
		assert_int_equal(s->operations->poll(s, &b), 0); /* does not wait for ever */
	}
	fclose(f.out);
	while (s->operations->poll(s, &b) != -ENODATA)
		assert_int_equal(b.count, 0);
	s->operations->close(s);
	close(end[0]);
}

/* --- compressed ----------------------------------------------------------------------------- */

static size_t file_bytes(const struct file *f, uint8_t **bytes)
{
	FILE *in = fopen(f->path, "r");
	size_t count;

	*bytes = malloc(1 << 20);
	assert_true(in && *bytes);
	count = fread(*bytes, 1, 1 << 20, in);
	fclose(in);
	return count;
}

static void file_replace(const struct file *f, const void *bytes, size_t count)
{
	FILE *out = fopen(f->path, "w");

	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, count, out), count);
	fclose(out);
}

static size_t as_gzip(const uint8_t *bytes, size_t count, uint8_t *out, size_t room)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)bytes, .avail_in = (uInt)count};

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, 0), Z_OK);
	z.next_out = out;
	z.avail_out = (uInt)room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return room - z.avail_out;
}

static size_t as_zstd(const uint8_t *bytes, size_t count, uint8_t *out, size_t room)
{
	return ZSTD_compress(out, room, bytes, count, 3);
}

static size_t as_xz(const uint8_t *bytes, size_t count, uint8_t *out, size_t room)
{
	size_t used = 0;

	assert_int_equal(
		lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, bytes, count, out, &used, room),
		LZMA_OK);
	return used;
}

typedef size_t compressor(const uint8_t *, size_t, uint8_t *, size_t);
static compressor *const compressors[] = {as_gzip, as_zstd, as_xz};

/* A capture of 2,000 packets in two members; `cut`: so many bytes are missing at the end. */
static struct file compressed(compressor *compress, size_t cut)
{
	struct file f = pcap_open_by_hand(NANO, ETHERNET, 0);
	uint8_t *plain, *packed = malloc(1 << 20);
	size_t count, used;

	assert_non_null(packed);
	for (uint32_t i = 0; i < 2000; i++)
		put_record(&f, i, i * 7919, 60 + i % 200, 1514, (int)(i % 251));
	file_finish(&f);
	count = file_bytes(&f, &plain);
	used = compress(plain, count / 2, packed, 1 << 20);
	used += compress(plain + count / 2, count - count / 2, packed + used, (1 << 20) - used);
	file_replace(&f, packed, used - cut);
	free(plain);
	free(packed);
	return f;
}

static void files_reads_compressed_captures_whatever_their_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct file f = compressed(compressors[i], 0);
		struct reading *r = read_one(&f);
		assert_int_equal(r->errors, 0);
		assert_int_equal(r->packets, 2000);
		assert_int_equal(r->packet[1999].time_ns, 1999 * SECOND + 1999 * 7919);
		assert_int_equal(r->last[1999], 1999 % 251);
		free(r);
	}
}

static void files_reads_compressed_captures_through_a_pipe(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct file f = compressed(compressors[i], 0);
		struct reading *r = read_through_pipe(&f);
		assert_int_equal(r->errors, 0);
		assert_int_equal(r->packets, 2000);
		free(r);
	}
}

static void files_gives_what_came_before_compressed_data_is_cut_or_broken(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct file f = compressed(compressors[i], 1000);
		struct reading *r = read_one(&f);
		assert_int_equal(r->errors, 1);
		check_error(r, 0, f.path, "what was read before counts");
		assert_true(r->packets >= 900 && r->packets < 2000);
		free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_reads_either_precision_and_byte_order),
		cmocka_unit_test(files_knows_the_link_types),
		cmocka_unit_test(files_never_lets_the_clock_run_back),
		cmocka_unit_test(files_begin_by_the_time_that_the_first_packets_agree_on),
		cmocka_unit_test(files_reads_several_as_one_stream),
		cmocka_unit_test(files_reads_records_as_large_as_there_are),
		cmocka_unit_test(files_takes_a_wire_length_below_the_captured_one_for_it),
		cmocka_unit_test(files_gives_what_came_before_a_broken_record),
		cmocka_unit_test(files_says_what_is_wrong_and_goes_on),
		cmocka_unit_test(files_of_a_header_alone_have_no_packets),
		cmocka_unit_test(files_reads_interfaces_of_other_snapshot_lengths_through_a_pipe),
		cmocka_unit_test(files_reads_simple_packets_through_a_pipe_with_the_streams_time),
		cmocka_unit_test(files_of_a_pipe_that_ends_in_a_record_say_so),
		cmocka_unit_test(files_gives_a_pipes_packet_before_the_next_one_comes),
		cmocka_unit_test(files_reads_compressed_captures_whatever_their_names),
		cmocka_unit_test(files_reads_compressed_captures_through_a_pipe),
		cmocka_unit_test(files_gives_what_came_before_compressed_data_is_cut_or_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
