#include "dataplane/core/frame_fixture.h"

#include "core/decode/duplicates.h"

#define MS 1000000ull
#define START (1767225600ull * 1000 * MS)

struct cache {
	struct duplicates duplicates;
	void *memory;
};

static struct cache cache_open(unsigned sets_log2)
{
	struct cache c = {.memory = aligned_alloc(64, duplicates_size(sets_log2))};

	assert_non_null(c.memory);
	memset(c.memory, 0, duplicates_size(sets_log2));
	duplicates_init(&c.duplicates, c.memory, sets_log2, 42);
	return c;
}

static struct frame packet(unsigned version, size_t payload)
{
	struct frame f = {0};

	if (version == 4)
		put_ipv4(&f, "10.20.0.1", "10.10.0.5", IPPROTO_TCP, 0);
	else
		put_ipv6(&f, "2001:db8::1", "2001:db8::5", IPPROTO_TCP);
	put_tcp(&f, 40000, 8305, ACK, payload);
	frame_close(&f);
	return f;
}

/* The bytes lie in memory of their own size: a sanitizer sees what is read beyond. */
static int see(struct cache *c, const struct frame *f, uint64_t now_ns)
{
	uint8_t *bytes = malloc(f->size);
	int seen;

	assert_non_null(bytes);
	memcpy(bytes, f->byte, f->size);
	seen = duplicates_see(&c->duplicates, bytes, f->size, bytes[0] >> 4, now_ns);
	free(bytes);
	return seen;
}

static void duplicates_knows_a_copy_for_fifty_milliseconds(void **state)
{
	struct cache c = cache_open(4);
	struct frame f = packet(4, 100);

	(void)state;
	assert_false(see(&c, &f, START));
	assert_true(see(&c, &f, START));
	assert_true(see(&c, &f, START + 50 * MS));
	assert_false(see(&c, &f, START + 50 * MS + 1));
	assert_true(see(&c, &f, START + 60 * MS));
	free(c.memory);
}

static void duplicates_knows_a_routed_copy(void **state)
{
	struct cache c = cache_open(4);
	struct frame four = packet(4, 10), six = packet(6, 10);

	(void)state;
	assert_false(see(&c, &four, START));
	assert_false(see(&c, &six, START));
	four.byte[8]--;
	four.byte[10] = 0xab;
	four.byte[11] = 0xcd;
	six.byte[7]--;
	assert_true(see(&c, &four, START + MS));
	assert_true(see(&c, &six, START + MS));
	free(c.memory);
}

/* A retransmission has another identification; and every other byte counts, to the last. */
static void duplicates_knows_every_other_byte(void **state)
{
	(void)state;
	for (unsigned version = 4; version <= 6; version += 2)
		for (size_t payload = 0; payload < 40; payload++) {
			struct cache c = cache_open(8);
			struct frame f = packet(version, payload);
			assert_false(see(&c, &f, START));
			for (size_t i = 1; i < f.size; i++) {
				int changes = version == 4 ? i == 8 || i == 10 || i == 11 : i == 7;
				struct frame g = f;
				g.byte[i] ^= 0x10;
				assert_int_equal(see(&c, &g, START), changes);
			}
			free(c.memory);
		}
}

static void duplicates_takes_length_into_account(void **state)
{
	struct cache c = cache_open(8);

	(void)state;
	for (size_t size = 20; size < 80; size++) {
		struct frame f = {.size = size};
		f.byte[0] = 0x45;
		assert_false(see(&c, &f, START));
		assert_true(see(&c, &f, START));
	}
	free(c.memory);
}

/* A byte of the rest that makes up for what is longer: found by a fuzzer. */
static void duplicates_lets_no_byte_undo_the_length(void **state)
{
	(void)state;
	for (size_t size = 41; size < 48; size++)
		for (unsigned byte = 1; byte < 256; byte++) {
			struct cache c = cache_open(8);
			struct frame brief = {.size = 40}, longer = {.size = size};
			brief.byte[0] = longer.byte[0] = 0x45;
			longer.byte[32] = (uint8_t)byte;
			assert_false(see(&c, &brief, START));
			assert_false(see(&c, &longer, START));
			free(c.memory);
		}
}

/* Against a list without bounds: what it calls a copy is one, and where nothing was forgotten
 * it misses none. */
static void duplicates_agrees_with_a_list(void **state)
{
	struct cache c = cache_open(12);
	static uint64_t seen_ns[500];
	struct dice d = dice_cast(3);
	uint64_t now_ns = START;

	(void)state;
	for (unsigned n = 0; n < 50000; n++) {
		unsigned id = dice_below(&d, 500);
		struct frame f = packet(4, 20);
		int copy = seen_ns[id] != 0 && now_ns - seen_ns[id] <= 50 * MS;
		set16(&f, 4, id);
		assert_int_equal(see(&c, &f, now_ns), copy);
		if (!copy)
			seen_ns[id] = now_ns;
		now_ns += dice_below(&d, 400) * 1000ull;
	}
	assert_int_equal(c.duplicates.forgotten, 0);
	free(c.memory);
}

/* Full: a copy may pass, no original is lost, and it is counted. */
static void duplicates_fails_open(void **state)
{
	struct cache c = cache_open(0);
	struct frame f = packet(4, 20);

	(void)state;
	for (unsigned id = 0; id < 100; id++) {
		set16(&f, 4, id);
		assert_false(see(&c, &f, START + id));
	}
	assert_int_equal(c.duplicates.forgotten, 96);
	set16(&f, 4, 99);
	assert_true(see(&c, &f, START + 100));
	set16(&f, 4, 0);
	assert_false(see(&c, &f, START + 100));
	free(c.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(duplicates_knows_a_copy_for_fifty_milliseconds),
		cmocka_unit_test(duplicates_knows_a_routed_copy),
		cmocka_unit_test(duplicates_knows_every_other_byte),
		cmocka_unit_test(duplicates_takes_length_into_account),
		cmocka_unit_test(duplicates_lets_no_byte_undo_the_length),
		cmocka_unit_test(duplicates_agrees_with_a_list),
		cmocka_unit_test(duplicates_fails_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
