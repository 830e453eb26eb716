#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/random.h"
#include "control/sink/evidence_fixture.h"
#include "sink/evidence_reader.h"

#define SEED 20260105
#define ROUNDS 3000
#define PACKETS 40

/* Two findings, packets of both in turn, in several files, and the second file's earlier. */
static void fill(struct evidence_fixture *f)
{
	struct record a = fixture_record(1, FIRST_NS), b = fixture_record(2, FIRST_NS);

	fixture_open(f);
	f->settings.file_bytes = 3000;
	fixture_note(f, &a, "a");
	fixture_note(f, &b, "b");
	for (unsigned i = 0; i < PACKETS; i++) {
		fixture_packet(f, &a, FIRST_NS + (i ^ 7) * 1000000000ull, i & 1);
		fixture_packet(f, &b, FIRST_NS + i * 1000000000ull, i & 1);
	}
	assert_int_equal(evidence_files_finish(f->files), 0);
	assert_true(fixture_files(f, NULL, 0) > 2);
}

/* What is extracted, in memory. */
static int take(const struct evidence_fixture *f, const char *id, char **text, size_t *bytes,
	struct evidence_extracted *result)
{
	FILE *out = open_memstream(text, bytes);
	int error = evidence_extract(f->folder, id, out, result);

	fclose(out);
	return error;
}

static uint32_t u32(const char *at)
{
	uint32_t x;

	memcpy(&x, at, sizeof(x));
	return x;
}

/* Whole blocks, and packets in order. Returns how many. */
static unsigned check_file(const char *text, size_t bytes)
{
	uint64_t last_ns = 0;
	unsigned packets = 0;

	for (size_t at = 0; at < bytes; at += u32(text + at + 4)) {
		uint64_t time_ns = (uint64_t)u32(text + at + 12) << 32 | u32(text + at + 16);
		assert_true(at + 12 <= bytes && at + u32(text + at + 4) <= bytes);
		if (u32(text + at) != 6)
			continue;
		assert_true(time_ns >= last_ns);
		last_ns = time_ns;
		packets++;
	}
	return packets;
}

static void evidence_reader_takes_one_finding_of_all_files_in_order(void **state)
{
	struct evidence_extracted result;
	struct evidence_fixture f;
	size_t bytes;
	char *text;

	(void)state;
	fill(&f);
	assert_int_equal(take(&f, "a", &text, &bytes, &result), 0);
	assert_int_equal(result.packets, PACKETS);
	assert_int_equal(result.torn + result.foreign + result.left_out, 0);
	assert_int_equal(check_file(text, bytes), PACKETS);
	assert_non_null(memmem(text, bytes, "finding a: unexpected-port: why", 31));
	assert_null(memmem(text, bytes, "finding b", 9));
	free(text);
	fixture_close(&f);
}

static void evidence_reader_says_that_there_is_none(void **state)
{
	struct evidence_extracted result;
	struct evidence_fixture f;
	size_t bytes;
	char *text;

	(void)state;
	fill(&f);
	assert_int_equal(take(&f, "c", &text, &bytes, &result), -ENOENT);
	assert_int_equal(bytes, 0);
	free(text);
	fixture_close(&f);
	assert_int_equal(take(&f, "a", &text, &bytes, &result), -ENOENT);
	assert_non_null(strstr(result.reason, f.folder));
	free(text);
}

/* A packet of two findings is either's. */
static void evidence_reader_finds_what_is_part_of_a_second_finding(void **state)
{
	struct record r = fixture_record(1, FIRST_NS);
	struct evidence_extracted result;
	struct evidence_fixture f;
	size_t bytes;
	char *text;

	(void)state;
	fixture_open(&f);
	fixture_note(&f, &r, "verdict");
	evidence_files_note(f.files, &r,
		&(struct evidence_finding){"evasion", "bad-checksum", .is_evasion = true});
	fixture_packet(&f, &r, FIRST_NS, 0);
	fixture_packet(&f, &r, FIRST_NS + 1, 0);
	evidence_files_finish(f.files);
	assert_int_equal(take(&f, "verdict", &text, &bytes, &result), 0);
	assert_int_equal(result.packets, 2);
	free(text);
	assert_int_equal(take(&f, "evasion", &text, &bytes, &result), 0);
	assert_int_equal(result.packets, 2);
	free(text);
	fixture_close(&f);
}

static void write_file(
	const struct evidence_fixture *f, const char *name, const void *data, size_t bytes)
{
	char path[512];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", f->folder, name);
	out = fopen(path, "wb");
	assert_non_null(out);
	assert_int_equal(fwrite(data, 1, bytes, out), bytes);
	fclose(out);
}

/* Takes a file with all packets of finding "a" as it should be. */
static char *whole_file(size_t *bytes)
{
	struct evidence_extracted result;
	struct evidence_fixture f;
	char *text;

	fill(&f);
	assert_int_equal(take(&f, "a", &text, bytes, &result), 0);
	fixture_close(&f);
	return text;
}

#define NAME "evidence-20231114T221320-1.pcapng"

static void evidence_reader_takes_a_torn_file_as_far_as_it_goes(void **state)
{
	struct evidence_extracted result;
	struct evidence_fixture f;
	size_t bytes, made, last = 0;
	char *text = whole_file(&bytes), *out;

	(void)state;
	fixture_open(&f);
	for (size_t cut = 0; cut <= bytes; cut += 3) {
		write_file(&f, NAME, text, cut);
		take(&f, "a", &out, &made, &result);
		assert_true(result.packets >= last);
		assert_int_equal(check_file(out, made), result.packets);
		last = result.packets;
		free(out);
	}
	assert_true(last >= PACKETS - 1);
	free(text);
	fixture_close(&f);
}

static void evidence_reader_leaves_out_files_of_others(void **state)
{
	static const char noise[] = "\xd4\xc3\xb2\xa1 a pcap file of somebody else";
	struct evidence_extracted result;
	struct evidence_fixture f;
	size_t bytes;
	char *text;

	(void)state;
	fill(&f);
	write_file(&f, "evidence-20991114T221320-1.pcapng", noise, sizeof(noise));
	write_file(&f, "notes.txt", noise, sizeof(noise));
	assert_int_equal(take(&f, "a", &text, &bytes, &result), 0);
	assert_int_equal(result.packets, PACKETS);
	assert_int_equal(result.foreign, 1);
	assert_non_null(strstr(result.reason, "evidence-20991114T221320-1.pcapng"));
	free(text);
	fixture_close(&f);
}

static void evidence_reader_writes_whole_blocks_whatever_it_reads(void **state)
{
	struct evidence_extracted result;
	struct evidence_fixture f;
	size_t bytes, made;
	char *text = whole_file(&bytes), *changed = malloc(bytes), *out;
	uint64_t seed = SEED;

	(void)state;
	fixture_open(&f);
	for (unsigned i = 0; i < ROUNDS; i++) {
		memcpy(changed, text, bytes);
		for (unsigned k = 0; k < 1 + i % 4; k++)
			changed[random_below(&seed, (unsigned)bytes)] =
				(char)random_below(&seed, 256);
		write_file(&f, NAME, changed, bytes);
		take(&f, "a", &out, &made, &result);
		assert_int_equal(check_file(out, made), result.packets);
		free(out);
	}
	free(changed);
	free(text);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(evidence_reader_takes_one_finding_of_all_files_in_order),
		cmocka_unit_test(evidence_reader_says_that_there_is_none),
		cmocka_unit_test(evidence_reader_finds_what_is_part_of_a_second_finding),
		cmocka_unit_test(evidence_reader_takes_a_torn_file_as_far_as_it_goes),
		cmocka_unit_test(evidence_reader_leaves_out_files_of_others),
		cmocka_unit_test(evidence_reader_writes_whole_blocks_whatever_it_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
