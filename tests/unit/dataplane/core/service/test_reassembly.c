#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/service/reassembly.h"

#define SEED 20260105u
#define FIRST 0xfffffff0u /* the number space turns over within the stream prefix */

static uint32_t state = SEED;

static uint32_t roll(uint32_t below)
{
	state = state * 1664525u + 1013904223u;
	return (state >> 8) % below;
}

/* The stupid twin: a byte and whether it is there, one at a time. */
struct twin {
	int byte[PREFIX_BYTES]; /* -1: not there */
	uint32_t contradicted;
};

static void twin_init(struct twin *t)
{
	for (unsigned i = 0; i < PREFIX_BYTES; i++)
		t->byte[i] = -1;
	t->contradicted = 0;
}

static void twin_put(struct twin *t, int64_t offset, const uint8_t *bytes, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		int64_t at = offset + i;
		if (at < 0 || at >= PREFIX_BYTES)
			continue;
		if (t->byte[at] < 0)
			t->byte[at] = bytes[i];
		else if (t->byte[at] != bytes[i] && count > 1)
			t->contradicted++;
	}
}

static void check_equal(const struct stream_prefix *o, const struct twin *t)
{
	uint32_t length = 0;

	while (length < PREFIX_BYTES && t->byte[length] >= 0) {
		assert_int_equal(o->byte[length], t->byte[length]);
		length++;
	}
	assert_int_equal(o->length, length);
	assert_int_equal(o->contradicted, t->contradicted);
}

static void opening_is_the_same_as_its_stupid_twin(void **unused)
{
	uint8_t bytes[700];

	(void)unused;
	print_message("seed %u\n", SEED);
	for (unsigned round = 0; round < 3000; round++) {
		struct stream_prefix o;
		struct twin t;
		reassembly_init(&o, FIRST);
		twin_init(&t);
		for (unsigned n = 0; n < 12; n++) {
			int32_t offset = (int32_t)roll(620) - 40;
			uint32_t count = 1 + roll(round % 3 ? 60 : 600);
			for (uint32_t i = 0; i < count; i++)
				bytes[i] = (uint8_t)(1 + roll(3));
			reassembly_put(&o, FIRST + (uint32_t)offset, bytes, count);
			twin_put(&t, offset, bytes, count);
			check_equal(&o, &t);
		}
	}
}

static void opening_says_when_it_has_become_longer(void **unused)
{
	struct stream_prefix o;

	(void)unused;
	reassembly_init(&o, 100);
	assert_false(reassembly_put(&o, 103, (const uint8_t *)"def", 3));
	assert_int_equal(o.length, 0);
	assert_true(reassembly_put(&o, 100, (const uint8_t *)"abc", 3));
	assert_int_equal(o.length, 6);
	assert_memory_equal(o.byte, "abcdef", 6);
	assert_false(reassembly_put(&o, 100, (const uint8_t *)"abcdef", 6));
	assert_int_equal(o.contradicted, 0);
}

static void opening_keeps_what_came_first_and_counts_what_differs(void **unused)
{
	struct stream_prefix o;

	(void)unused;
	reassembly_init(&o, 0);
	reassembly_put(&o, 0, (const uint8_t *)"SSH-", 4);
	assert_true(reassembly_put(&o, 2, (const uint8_t *)"XX2.0", 5));
	assert_memory_equal(o.byte, "SSH-2.0", 7);
	assert_int_equal(o.contradicted, 2);
}

static void opening_takes_no_keepalive_for_its_first_byte(void **unused)
{
	struct stream_prefix o;

	(void)unused;
	reassembly_init(&o, 0);
	assert_false(reassembly_put(&o, UINT32_MAX, (const uint8_t *)"\0", 1));
	assert_true(reassembly_put(&o, UINT32_MAX, (const uint8_t *)"\0A", 2));
	assert_int_equal(o.byte[0], 'A');
}

static void opening_lets_ethernets_padding_be_overwritten(void **unused)
{
	struct stream_prefix o;

	(void)unused;
	reassembly_init(&o, 0);
	assert_true(reassembly_put(&o, 0, (const uint8_t *)"\0\0\0\0\0\0", 6));
	assert_int_equal(o.soft, 6);
	assert_true(reassembly_put(&o, 0, (const uint8_t *)"\x16\x03\x01\x02\x00\x01\x00", 7));
	assert_memory_equal(o.byte, "\x16\x03\x01\x02\x00\x01\x00", 7);
	assert_int_equal(o.soft, 0);
	assert_false(reassembly_is_padding((const uint8_t *)"\0\0\0\0\0\0\0", 7));
	assert_false(reassembly_is_padding((const uint8_t *)"\0\1", 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opening_is_the_same_as_its_stupid_twin),
		cmocka_unit_test(opening_says_when_it_has_become_longer),
		cmocka_unit_test(opening_keeps_what_came_first_and_counts_what_differs),
		cmocka_unit_test(opening_takes_no_keepalive_for_its_first_byte),
		cmocka_unit_test(opening_lets_ethernets_padding_be_overwritten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
