#include "frame.h"

#include "core/fragments.h"

#define SECOND 1000000000ull

struct cache {
	struct fragments fragments;
	void *memory;
};

static struct cache cache_open(unsigned sets_log2)
{
	struct cache c = {.memory = calloc(1, fragments_size(sets_log2))};

	assert_non_null(c.memory);
	fragments_init(&c.fragments, c.memory, sets_log2);
	return c;
}

static struct view piece(enum fragment kind, uint32_t id)
{
	struct view v = {
		.source = address_at("10.20.0.1", NULL),
		.destination = address_at("10.1.1.14", NULL),
		.version = 4,
		.protocol = IPPROTO_UDP,
		.fragment = (uint8_t)kind,
		.fragment_id = id,
		.bytes = 1000,
	};

	if (kind == FRAGMENT_FIRST) {
		v.source_port = 40001;
		v.destination_port = 514;
	}
	return v;
}

static int later_at(struct cache *c, uint32_t id, uint64_t now_ns)
{
	struct view v = piece(FRAGMENT_LATER, id);
	int found = fragments_later(&c->fragments, &v, now_ns);

	assert_int_equal(v.source_port, found ? 40001 : 0);
	assert_int_equal(v.destination_port, found ? 514 : 0);
	return found;
}

static struct view first_at(struct cache *c, uint32_t id, uint64_t now_ns)
{
	struct view v = piece(FRAGMENT_FIRST, id);

	fragments_first(&c->fragments, &v, now_ns);
	return v;
}

static void fragments_gives_later_ones_the_ports_of_the_first(void **state)
{
	struct cache c = cache_open(4);

	(void)state;
	assert_int_equal(first_at(&c, 7, SECOND).pending_packets, 0);
	assert_true(later_at(&c, 7, SECOND));
	assert_true(later_at(&c, 7, 2 * SECOND));
	assert_false(later_at(&c, 8, 2 * SECOND));
	free(c.memory);
}

static void fragments_hands_over_what_waited_once(void **state)
{
	struct cache c = cache_open(4);
	struct view v;

	(void)state;
	assert_false(later_at(&c, 7, SECOND));
	assert_false(later_at(&c, 7, SECOND));
	v = first_at(&c, 7, SECOND);
	assert_int_equal(v.pending_packets, 2);
	assert_int_equal(v.pending_bytes, 2000);
	assert_true(later_at(&c, 7, SECOND));
	assert_int_equal(first_at(&c, 7, SECOND).pending_packets, 0);
	free(c.memory);
}

static void fragments_forgets_after_sixty_seconds(void **state)
{
	struct cache c = cache_open(4);

	(void)state;
	first_at(&c, 7, SECOND);
	assert_true(later_at(&c, 7, 61 * SECOND));
	assert_false(later_at(&c, 7, 122 * SECOND));
	assert_int_equal(first_at(&c, 7, 183 * SECOND).pending_packets, 0);
	free(c.memory);
}

static void fragments_keeps_datagrams_apart(void **state)
{
	struct cache c = cache_open(0);
	struct view other;

	(void)state;
	first_at(&c, 7, SECOND);
	other = piece(FRAGMENT_LATER, 7);
	other.protocol = IPPROTO_TCP; /* RFC 791: the protocol is part of what identifies it */
	assert_false(fragments_later(&c.fragments, &other, SECOND));
	other = piece(FRAGMENT_LATER, 7);
	other.source.byte[15]++;
	assert_false(fragments_later(&c.fragments, &other, SECOND));
	other = piece(FRAGMENT_LATER, 7);
	other.destination.byte[15]++;
	assert_false(fragments_later(&c.fragments, &other, SECOND));
	assert_true(later_at(&c, 7, SECOND));
	free(c.memory);
}

static void fragments_gives_ipv6_the_protocol_behind_the_headers(void **state)
{
	struct cache c = cache_open(4);
	struct view first = piece(FRAGMENT_FIRST, 7), later = piece(FRAGMENT_LATER, 7);

	(void)state;
	first.version = later.version = 6;
	later.protocol = IPPROTO_DSTOPTS; /* what the fragment header says */
	fragments_first(&c.fragments, &first, SECOND);
	assert_true(fragments_later(&c.fragments, &later, SECOND));
	assert_int_equal(later.protocol, IPPROTO_UDP);
	assert_int_equal(later.destination_port, 514);
	free(c.memory);
}

/* A flood of datagrams that never end: the oldest give way, nothing is confused. */
static void fragments_survives_more_datagrams_than_it_has_room_for(void **state)
{
	struct cache c = cache_open(2);
	struct dice d = dice_cast(5);

	(void)state;
	for (uint32_t i = 0; i < 20000; i++) {
		uint32_t id = dice_below(&d, 4000);
		if (dice_below(&d, 2))
			first_at(&c, id, i * 1000000ull);
		else
			later_at(&c, id, i * 1000000ull);
	}
	first_at(&c, 9999, 30000 * 1000000ull);
	assert_true(later_at(&c, 9999, 30000 * 1000000ull));
	free(c.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fragments_gives_later_ones_the_ports_of_the_first),
		cmocka_unit_test(fragments_hands_over_what_waited_once),
		cmocka_unit_test(fragments_forgets_after_sixty_seconds),
		cmocka_unit_test(fragments_keeps_datagrams_apart),
		cmocka_unit_test(fragments_gives_ipv6_the_protocol_behind_the_headers),
		cmocka_unit_test(fragments_survives_more_datagrams_than_it_has_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
