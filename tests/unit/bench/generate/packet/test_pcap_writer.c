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

#include "packet/pcap_writer.h"

static const uint8_t packet[5] = {1, 2, 3, 4, 5};
static const uint64_t stamp_ns = 1767225600123456789u;

static char path[64];
static uint8_t file[4096];

static int make_path(void **state)
{
	int fd;

	(void)state;
	strcpy(path, "/tmp/test_generate_capture.XXXXXX");
	fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
	(void)state;
	return unlink(path);
}

/* One packet of five bytes that was nine long; the file's size. */
static size_t written(struct capture_format format, uint32_t snaplen)
{
	struct capture *c;
	FILE *in;
	size_t size;

	assert_int_equal(capture_open(&c, path, format, LINK_SLL2, snaplen), 0);
	capture_add(c, stamp_ns, packet, sizeof(packet), 9);
	assert_int_equal(capture_close(c), 0);
	in = fopen(path, "r");
	assert_non_null(in);
	size = fread(file, 1, sizeof(file), in);
	fclose(in);
	return size;
}

static uint32_t u32(size_t at)
{
	return (uint32_t)file[at] | (uint32_t)file[at + 1] << 8 | (uint32_t)file[at + 2] << 16 |
	       (uint32_t)file[at + 3] << 24;
}

static void pcap_has_nanoseconds_and_little_endian(void **state)
{
	(void)state;
	assert_int_equal(written((struct capture_format){0}, 65535), 24 + 16 + 5);
	assert_int_equal(u32(0), 0xa1b23c4d);
	assert_int_equal(u32(4), 4 << 16 | 2);
	assert_int_equal(u32(16), 65535);
	assert_int_equal(u32(20), 276);
	assert_int_equal(u32(24), 1767225600);
	assert_int_equal(u32(28), 123456789);
	assert_int_equal(u32(32), 5);
	assert_int_equal(u32(36), 9);
	assert_memory_equal(file + 40, packet, 5);
}

static void pcap_in_microseconds_says_so(void **state)
{
	(void)state;
	written((struct capture_format){.micro = true}, 65535);
	assert_int_equal(u32(0), 0xa1b2c3d4);
	assert_int_equal(u32(28), 123456);
}

static void snaplen_cuts_packets(void **state)
{
	(void)state;
	assert_int_equal(written((struct capture_format){0}, 3), 24 + 16 + 3);
	assert_int_equal(u32(32), 3);
	assert_int_equal(u32(36), 9);
}

static void pcapng_blocks_are_padded_and_repeat_their_length(void **state)
{
	const size_t block = 28 + 32;
	uint64_t stamp;

	(void)state;
	assert_int_equal(written((struct capture_format){.pcapng = true}, 65535), block + 40);
	assert_int_equal(u32(0), 0x0a0d0d0a);
	assert_int_equal(u32(24), 28);
	assert_int_equal(u32(28), 1);
	assert_int_equal(file[36], 276 & 0xff);
	assert_int_equal(u32(block - 4), 32);
	assert_int_equal(u32(block), 6);
	assert_int_equal(u32(block + 4), 40);
	stamp = (uint64_t)u32(block + 12) << 32 | u32(block + 16);
	assert_true(stamp == stamp_ns);
	assert_int_equal(u32(block + 36), 40);
}

static void directory_is_an_error_and_so_is_a_full_disk(void **state)
{
	struct capture *c;

	(void)state;
	assert_int_equal(
		capture_open(&c, "/tmp", (struct capture_format){0}, LINK_RAW, 100), -EISDIR);
	if (access("/dev/full", W_OK) != 0)
		skip();
	assert_int_equal(
		capture_open(&c, "/dev/full", (struct capture_format){0}, LINK_RAW, 100), 0);
	assert_int_equal(capture_close(c), -ENOSPC);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_path, remove_path)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(pcap_has_nanoseconds_and_little_endian),
		CASE(pcap_in_microseconds_says_so),
		CASE(snaplen_cuts_packets),
		CASE(pcapng_blocks_are_padded_and_repeat_their_length),
		CASE(directory_is_an_error_and_so_is_a_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
