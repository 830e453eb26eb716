#include "dataplane/core/frame_fixture.h"

#include "core/decode/fragments.h"

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

static struct decoded piece(enum fragment kind, uint32_t id)
{
	struct decoded v = {
		.source = address_at("10.20.0.1", NULL),
		.destination = address_at("10.1.1.14", NULL),
		.version = 4,
		.protocol = IPPROTO_UDP,
		.fragment = (uint8_t)kind,
		.fragment_id = id,
		.bytes = 1000,
		.fragment_begin = kind == FRAGMENT_LATER ? 976 : 0,
		.fragment_end = kind == FRAGMENT_LATER ? 1952 : 976,
	};

	if (kind == FRAGMENT_FIRST) {
		v.source_port = 40001;
		v.destination_port = 514;
	}
	return v;
}

/* Bytes begin … end - 1 of datagram 7: what is said of them. */
static unsigned see(struct cache *c, unsigned protocol, uint16_t begin, uint16_t end)
{
	struct decoded v = piece(begin > 0 ? FRAGMENT_LATER : FRAGMENT_FIRST, 7);

	v.protocol = (uint8_t)protocol;
	v.fragment_begin = begin;
	v.fragment_end = end;
	return fragments_see(&c->fragments, &v, SECOND);
}

static int later_at(struct cache *c, uint32_t id, uint64_t now_ns)
{
	struct decoded v = piece(FRAGMENT_LATER, id);
	int found = (fragments_see(&c->fragments, &v, now_ns) & FRAGMENT_HAS_FLOW) != 0;

	assert_int_equal(v.source_port, found ? 40001 : 0);
	assert_int_equal(v.destination_port, found ? 514 : 0);
	return found;
}

static struct decoded first_at(struct cache *c, uint32_t id, uint64_t now_ns)
{
	struct decoded v = piece(FRAGMENT_FIRST, id);

	assert_true(fragments_see(&c->fragments, &v, now_ns) & FRAGMENT_HAS_FLOW);
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
	struct decoded v;

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
	struct decoded other;

	(void)state;
	first_at(&c, 7, SECOND);
	other = piece(FRAGMENT_LATER, 7);
	other.protocol = IPPROTO_TCP; /* RFC 791: the protocol is part of what identifies it */
	assert_int_equal(fragments_see(&c.fragments, &other, SECOND), 0);
	other = piece(FRAGMENT_LATER, 7);
	other.source.byte[15]++;
	assert_int_equal(fragments_see(&c.fragments, &other, SECOND), 0);
	other = piece(FRAGMENT_LATER, 7);
	other.destination.byte[15]++;
	assert_int_equal(fragments_see(&c.fragments, &other, SECOND), 0);
	assert_true(later_at(&c, 7, SECOND));
	free(c.memory);
}

static void fragments_gives_ipv6_the_protocol_behind_the_headers(void **state)
{
	struct cache c = cache_open(4);
	struct decoded first = piece(FRAGMENT_FIRST, 7), later = piece(FRAGMENT_LATER, 7);

	(void)state;
	first.version = later.version = 6;
	later.protocol = IPPROTO_DSTOPTS; /* what the fragment header says */
	assert_int_equal(fragments_see(&c.fragments, &first, SECOND), FRAGMENT_HAS_FLOW);
	assert_int_equal(fragments_see(&c.fragments, &later, SECOND), FRAGMENT_HAS_FLOW);
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

static void fragments_in_any_order_do_not_overlap(void **state)
{
	struct dice d = dice_cast(6);

	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		struct cache c = cache_open(1);
		unsigned order[6] = {0, 1, 2, 3, 4, 5};
		for (unsigned i = 5; i > 0; i--) {
			unsigned k = dice_below(&d, i + 1), other = order[k];
			order[k] = order[i];
			order[i] = other;
		}
		for (unsigned i = 0; i < 6; i++) {
			uint16_t begin = (uint16_t)(order[i] * 1480);
			unsigned seen = see(&c, IPPROTO_UDP, begin, (uint16_t)(begin + 1480));
			assert_int_equal(seen & ~FRAGMENT_HAS_FLOW, 0);
		}
		free(c.memory);
	}
}

static void fragments_counts_what_overlaps(void **state)
{
	struct cache c = cache_open(4);

	(void)state;
	assert_int_equal(see(&c, IPPROTO_UDP, 0, 1480), FRAGMENT_HAS_FLOW);
	assert_int_equal(see(&c, IPPROTO_UDP, 1480, 2960), FRAGMENT_HAS_FLOW);
	/* A receiver's choice between them moves no port: it has its flow. */
	assert_int_equal(see(&c, IPPROTO_UDP, 1472, 2952), FRAGMENT_HAS_FLOW | FRAGMENT_OVERLAPS);
	assert_int_equal(see(&c, IPPROTO_UDP, 24, 32), FRAGMENT_HAS_FLOW | FRAGMENT_OVERLAPS);
	assert_int_equal(see(&c, IPPROTO_UDP, 2960, 3000), FRAGMENT_HAS_FLOW);
	free(c.memory);
}

static void fragments_takes_a_copy_for_a_copy(void **state)
{
	struct cache c = cache_open(4);

	(void)state;
	for (unsigned twice = 0; twice < 2; twice++)
		assert_int_equal(see(&c, IPPROTO_UDP, 1480, 2960), 0);
	for (unsigned twice = 0; twice < 2; twice++)
		assert_int_equal(see(&c, IPPROTO_UDP, 0, 1480), FRAGMENT_HAS_FLOW);
	free(c.memory);
}

static void fragments_doubts_two_first_ones(void **state)
{
	struct cache c = cache_open(4);
	struct decoded other = piece(FRAGMENT_FIRST, 7);

	(void)state;
	assert_int_equal(see(&c, IPPROTO_UDP, 0, 976), FRAGMENT_HAS_FLOW);
	other.destination_port = 22;
	assert_int_equal(fragments_see(&c.fragments, &other, SECOND), FRAGMENT_OVERLAPS);
	assert_int_equal(see(&c, IPPROTO_UDP, 0, 500), FRAGMENT_OVERLAPS);
	assert_true(later_at(&c, 7, SECOND)); /* the first one's ports stand */
	free(c.memory);
}

/* Sixteen bits of identification come round in seconds (RFC 4963). */
static void fragments_begins_anew_after_a_whole_datagram(void **state)
{
	struct cache c = cache_open(4);

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		struct decoded v = piece(FRAGMENT_FIRST, 7);
		v.source_port = (uint16_t)(1000 + round);
		assert_int_equal(fragments_see(&c.fragments, &v, SECOND), FRAGMENT_HAS_FLOW);
		assert_int_equal(see(&c, IPPROTO_UDP, 976, 1500), FRAGMENT_HAS_FLOW);
		for (uint16_t begin = 1500; begin < 9000; begin = (uint16_t)(begin + 1500)) {
			v = piece(FRAGMENT_LATER, 7);
			v.fragment_begin = begin;
			v.fragment_end = (uint16_t)(begin + 1500);
			v.ends_datagram = begin == 7500;
			assert_int_equal(
				fragments_see(&c.fragments, &v, SECOND), FRAGMENT_HAS_FLOW);
			assert_int_equal(v.source_port, 1000 + round);
		}
	}
	free(c.memory);
}

static void fragments_gives_half_a_header_the_flow_of_its_ports(void **state)
{
	struct cache c = cache_open(4);
	struct decoded tiny = piece(FRAGMENT_FIRST, 7);

	(void)state;
	tiny.protocol = IPPROTO_TCP;
	tiny.fragment = FRAGMENT_TINY;
	tiny.fragment_end = 8;
	assert_int_equal(
		fragments_see(&c.fragments, &tiny, SECOND), FRAGMENT_IS_TINY | FRAGMENT_HAS_FLOW);
	assert_int_equal(see(&c, IPPROTO_TCP, 8, 40), FRAGMENT_IS_TINY | FRAGMENT_HAS_FLOW);
	assert_int_equal(see(&c, IPPROTO_TCP, 40, 80), FRAGMENT_HAS_FLOW);
	free(c.memory);
}

static void fragments_gives_no_flow_to_half_a_header_without_ports(void **state)
{
	struct cache c = cache_open(4);
	struct decoded tiny = piece(FRAGMENT_FIRST, 7);

	(void)state;
	tiny.protocol = IPPROTO_TCP;
	tiny.fragment = FRAGMENT_TINY;
	tiny.fragment_end = 8;
	tiny.source_port = tiny.destination_port = 0;
	assert_int_equal(fragments_see(&c.fragments, &tiny, SECOND), FRAGMENT_IS_TINY);
	assert_int_equal(see(&c, IPPROTO_TCP, 8, 40), FRAGMENT_IS_TINY);
	assert_int_equal(see(&c, IPPROTO_TCP, 40, 80), 0);
	free(c.memory);
}

static void fragments_tells_what_rewrites_flags(void **state)
{
	struct cache c = cache_open(4);

	(void)state;
	assert_int_equal(see(&c, IPPROTO_TCP, 0, 24), FRAGMENT_HAS_FLOW);
	assert_int_equal(see(&c, IPPROTO_TCP, 8, 40),
		FRAGMENT_IS_TINY | FRAGMENT_OVERLAPS | FRAGMENT_HAS_FLOW);
	assert_int_equal(see(&c, IPPROTO_UDP, 8, 40), 0); /* another datagram, and none before it */
	free(c.memory);
}

/* More heaps than are watched: nothing is said of what comes after. */
static void fragments_gives_up_on_a_datagram_in_too_many_heaps(void **state)
{
	struct cache c = cache_open(4);

	(void)state;
	for (unsigned i = 1; i <= 20; i++)
		assert_int_equal(
			see(&c, IPPROTO_UDP, (uint16_t)(i * 100), (uint16_t)(i * 100 + 8)), 0);
	assert_int_equal(see(&c, IPPROTO_UDP, 0, 3000), FRAGMENT_HAS_FLOW | FRAGMENT_OVERLAPS);
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
		cmocka_unit_test(fragments_in_any_order_do_not_overlap),
		cmocka_unit_test(fragments_counts_what_overlaps),
		cmocka_unit_test(fragments_takes_a_copy_for_a_copy),
		cmocka_unit_test(fragments_doubts_two_first_ones),
		cmocka_unit_test(fragments_begins_anew_after_a_whole_datagram),
		cmocka_unit_test(fragments_gives_half_a_header_the_flow_of_its_ports),
		cmocka_unit_test(fragments_gives_no_flow_to_half_a_header_without_ports),
		cmocka_unit_test(fragments_tells_what_rewrites_flags),
		cmocka_unit_test(fragments_gives_up_on_a_datagram_in_too_many_heaps),
		cmocka_unit_test(fragments_survives_more_datagrams_than_it_has_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
