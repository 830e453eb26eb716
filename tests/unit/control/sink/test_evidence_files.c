#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/sink/evidence_fixture.h"

struct told {
	unsigned count;
	char id[32], file[64];
	uint64_t first_offset, packets, bytes;
};

static void listen(void *context, const struct evidence_place *p)
{
	struct told *t = context;

	t->count++;
	snprintf(t->id, sizeof(t->id), "%s", p->finding_id);
	snprintf(t->file, sizeof(t->file), "%s", p->file);
	t->first_offset = p->first_offset;
	t->packets = p->packets;
	t->bytes = p->bytes;
}

static void evidence_files_tell_where_packets_of_a_finding_are(void **state)
{
	struct record r = fixture_record(1, FIRST_NS);
	struct told told = {.count = 0};
	struct evidence_fixture f;
	char name[256];

	(void)state;
	fixture_open(&f);
	evidence_files_listen(f.files, listen, &told);
	fixture_note(&f, &r, "20231114T22-1");
	fixture_packet(&f, &r, FIRST_NS, 0);
	fixture_packet(&f, &r, FIRST_NS + 1, 1);
	evidence_files_flush(f.files, 0);
	assert_int_equal(fixture_files(&f, name, 0), 1);
	assert_int_equal(told.count, 1);
	assert_string_equal(told.id, "20231114T22-1");
	assert_string_equal(told.file, name);
	assert_string_equal(name, "evidence-20231114T221320-1.pcapng");
	assert_int_equal(told.packets, 2);
	assert_int_equal(told.bytes, 2 * PAYLOAD_BYTES);
	assert_true(told.first_offset > 28);
	fixture_close(&f);
}

static void evidence_files_count_packets_whose_finding_nobody_knows(void **state)
{
	struct record r = fixture_record(1, FIRST_NS), other = fixture_record(2, FIRST_NS);
	struct evidence_fixture f;

	(void)state;
	fixture_open(&f);
	fixture_note(&f, &r, "a");
	fixture_packet(&f, &other, FIRST_NS, 0);
	assert_int_equal(evidence_files_figures(f.files)->unassigned, 1);
	assert_int_equal(fixture_files(&f, NULL, 0), 0);
	fixture_close(&f);
}

/* The same ports a second time: the packets are the later flow's. */
static void evidence_files_tell_two_flows_of_one_key_apart(void **state)
{
	struct record first = fixture_record(1, FIRST_NS),
		      second = fixture_record(1, FIRST_NS + 99);
	struct told told = {.count = 0};
	struct evidence_fixture f;

	(void)state;
	fixture_open(&f);
	evidence_files_listen(f.files, listen, &told);
	fixture_note(&f, &first, "first");
	fixture_note(&f, &second, "second");
	fixture_packet(&f, &second, FIRST_NS + 100, 0);
	evidence_files_flush(f.files, 0);
	assert_string_equal(told.id, "second");
	fixture_packet(&f, &first, FIRST_NS + 101, 0);
	evidence_files_flush(f.files, 0);
	assert_string_equal(told.id, "first");
	fixture_close(&f);
}

static void evidence_files_end_with_their_age(void **state)
{
	struct record r = fixture_record(1, FIRST_NS);
	struct evidence_fixture f;

	(void)state;
	fixture_open(&f);
	fixture_note(&f, &r, "a");
	fixture_packet(&f, &r, FIRST_NS, 0);
	evidence_files_flush(f.files, FIRST_NS + f.settings.age_ns);
	fixture_packet(&f, &r, FIRST_NS + 1, 0);
	assert_int_equal(evidence_files_finish(f.files), 0);
	assert_int_equal(fixture_files(&f, NULL, 0), 2);
	fixture_close(&f);
}

static void evidence_files_remove_the_oldest_beyond_their_size(void **state)
{
	struct record r = fixture_record(1, FIRST_NS);
	struct evidence_fixture f;

	(void)state;
	fixture_open(&f);
	f.settings.file_bytes = 1000;
	f.settings.size_bytes = 5000;
	fixture_note(&f, &r, "a");
	for (unsigned i = 0; i < 500; i++)
		fixture_packet(&f, &r, FIRST_NS + i * 1000000000ull, 0);
	assert_int_equal(evidence_files_finish(f.files), 0);
	assert_in_range(fixture_files(&f, NULL, 0), 2, 6);
	assert_int_equal(evidence_files_figures(f.files)->packets, 500);
	assert_true(evidence_files_figures(f.files)->removed > 10);
	fixture_close(&f);
}

/* More findings and flows than there is room for: the oldest are forgotten. */
static void evidence_files_stay_bounded(void **state)
{
	struct evidence_fixture f;
	char id[32];

	(void)state;
	fixture_open(&f);
	for (unsigned i = 0; i < 70000; i++) {
		struct record r = fixture_record(0, FIRST_NS);
		r.address[0].byte[14] = (uint8_t)i;
		r.address[0].byte[13] = (uint8_t)(i >> 8);
		r.address[0].byte[12] = (uint8_t)(i >> 16);
		snprintf(id, sizeof(id), "finding-%u", i);
		fixture_note(&f, &r, id);
		fixture_packet(&f, &r, FIRST_NS, 0);
	}
	assert_int_equal(evidence_files_figures(f.files)->packets, 70000);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(evidence_files_tell_where_packets_of_a_finding_are),
		cmocka_unit_test(evidence_files_count_packets_whose_finding_nobody_knows),
		cmocka_unit_test(evidence_files_tell_two_flows_of_one_key_apart),
		cmocka_unit_test(evidence_files_end_with_their_age),
		cmocka_unit_test(evidence_files_remove_the_oldest_beyond_their_size),
		cmocka_unit_test(evidence_files_stay_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
