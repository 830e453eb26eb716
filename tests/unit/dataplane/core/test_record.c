#include "dataplane/core/frame_fixture.h"

#include "core/decode/decoded.h"
#include "record.h"

#define HISTORY_TEXT_OF(name, text) text,

static struct record sample(void)
{
	return (struct record){
		.address = {address_at("10.20.0.1", NULL), address_at("10.10.0.5", NULL)},
		.port = {40001, 8305},
		.protocol = IPPROTO_TCP,
		.version = 4,
		.verdict = VERDICT_EXPECTED,
		.packets = {6, 4},
		.bytes = {552, 1372},
	};
}

/* `history bits` as "S h A": upper case of the initiator, lower case of the responder. */
static struct record with_history(const char *history_bits, int corrected)
{
	static const char names[] = "SHADFRQ";
	struct record r = sample();

	r.corrected = (uint8_t)corrected;
	for (; *history_bits; history_bits++) {
		uint64_t responder = *history_bits & 0x20 ? 8 : 0;
		uint64_t letter = (uint64_t)(strchr(names, *history_bits & ~0x20) - names);
		r.history |= (letter | responder) << (4 * r.history_length++);
	}
	return r;
}

static void record_writes_history_as_zeek_does(void **state)
{
	static const char *const history[] = {"", "S", "ShADadFf", "Sr", "d", "HaQqRr"};
	char text[HISTORY_BYTES], want[HISTORY_BYTES];

	(void)state;
	assert_string_equal("SHADFRQ", (const char[]){HISTORY_LIST(HISTORY_TEXT_OF) 0});
	for (size_t i = 0; i < sizeof(history) / sizeof(history[0]); i++) {
		struct record r = with_history(history[i], 0);
		record_history(&r, text);
		assert_string_equal(text, history[i]);
		r = with_history(history[i], 1);
		record_history(&r, text);
		snprintf(want, sizeof(want), "^%s", history[i]);
		assert_string_equal(text, want);
	}
}

static void record_history_has_room_for_every_letter_of_both_sides(void **state)
{
	char text[HISTORY_BYTES];
	struct record r = with_history("SHADFRQshadfrq", 1);

	(void)state;
	record_history(&r, text);
	assert_string_equal(text, "^SHADFRQshadfrq");
}

static uint64_t changed_digest(unsigned what)
{
	struct record r = sample();

	switch (what) {
	case 0:
		r.address[0].byte[15]++;
		break;
	case 1:
		r.address[1].byte[15]++;
		break;
	case 2:
		r.port[0]++;
		break;
	case 3:
		r.port[1]++;
		break;
	case 4:
		r.protocol = IPPROTO_UDP;
		break;
	case 5:
		r.version = 6;
		break;
	case 6:
		r.verdict = VERDICT_UNEXPECTED_PORT;
		break;
	case 7:
		r.packets[0]++;
		break;
	case 8:
		r.packets[1]++;
		break;
	case 9:
		r.bytes[0]++;
		break;
	case 10:
		r.bytes[1]++;
		break;
	default:
		break;
	}
	return record_digest(&r);
}

static void digest_depends_on_everything_that_it_covers(void **state)
{
	(void)state;
	for (unsigned a = 0; a <= 11; a++)
		for (unsigned b = 0; b < a; b++)
			assert_true(changed_digest(a) != changed_digest(b));
}

static void digest_depends_on_nothing_else(void **state)
{
	struct record r = sample(), other = sample();

	(void)state;
	other.start_ns = 1;
	other.end_ns = 2;
	other.end = END_IDLE;
	other.basis = BASIS_PORT;
	other.connection = CONNECTION_MIDSTREAM;
	other.history = 7;
	other.history_length = 1;
	other.generation = 9;
	other.set[0] = 3;
	assert_true(record_digest(&r) == record_digest(&other));
}

static void digest_knows_the_initiator(void **state)
{
	struct record r = sample(), turned = sample();

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		turned.address[i] = r.address[1 - i];
		turned.port[i] = r.port[1 - i];
		turned.packets[i] = r.packets[1 - i];
		turned.bytes[i] = r.bytes[1 - i];
	}
	assert_true(record_digest(&r) != record_digest(&turned));
}

/* Written down once: records of different machines and years are compared by it. */
static void digest_is_the_same_on_every_machine(void **state)
{
	struct record r = sample();

	(void)state;
	assert_true(record_digest(&r) == 0x99f9352efb4f81acu);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(record_writes_history_as_zeek_does),
		cmocka_unit_test(record_history_has_room_for_every_letter_of_both_sides),
		cmocka_unit_test(digest_depends_on_everything_that_it_covers),
		cmocka_unit_test(digest_depends_on_nothing_else),
		cmocka_unit_test(digest_knows_the_initiator),
		cmocka_unit_test(digest_is_the_same_on_every_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
