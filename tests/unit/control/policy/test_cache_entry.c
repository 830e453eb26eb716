#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/cache_entry.h"

static const struct cache_key key = {{1, 2, 3}};

/* A cache entry with an empty part between two others. */
static uint8_t *sealed(size_t *size)
{
	const struct cache_part part[CACHE_ENTRY_PARTS] = {
		{"first", 5}, {NULL, 0}, {"third part", 10}};
	uint8_t *bytes = cache_entry_write(&key, part, size);

	assert_non_null(bytes);
	assert_int_equal(*size, CACHE_HEADER_BYTES + 15);
	return bytes;
}

static int opens(const struct cache_key *k, const uint8_t *bytes, size_t size)
{
	struct cache_part part[CACHE_ENTRY_PARTS];

	return cache_entry_read(k, bytes, size, part);
}

static void cache_entry_gives_back_what_was_put_in(void **state)
{
	struct cache_part part[CACHE_ENTRY_PARTS];
	size_t size;
	uint8_t *bytes = sealed(&size);

	(void)state;
	assert_int_equal(cache_entry_read(&key, bytes, size, part), 0);
	assert_int_equal(part[0].length, 5);
	assert_memory_equal(part[0].bytes, "first", 5);
	assert_int_equal(part[1].length, 0);
	assert_int_equal(part[2].length, 10);
	assert_memory_equal(part[2].bytes, "third part", 10);
	assert_int_equal(part[3].length, 0);
	free(bytes);
}

static void cache_entry_with_any_bit_changed_does_not_open(void **state)
{
	size_t size;
	uint8_t *bytes = sealed(&size);

	(void)state;
	for (size_t bit = 0; bit < 8 * size; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_true(opens(&key, bytes, size) < 0);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(opens(&key, bytes, size), 0);
	free(bytes);
}

/* Each length is allocated exactly, so that the sanitizer detects reads past it. */
static void cache_entry_cut_anywhere_does_not_open(void **state)
{
	size_t size;
	uint8_t *bytes = sealed(&size);

	(void)state;
	for (size_t length = 0; length < size; length++) {
		uint8_t *cut = malloc(length + !length);
		memcpy(cut, bytes, length);
		assert_true(opens(&key, cut, length) < 0);
		free(cut);
	}
	free(bytes);
}

static void cache_entry_with_more_behind_it_does_not_open(void **state)
{
	size_t size;
	uint8_t *bytes = sealed(&size), *more = calloc(1, size + 1);

	(void)state;
	memcpy(more, bytes, size);
	assert_true(opens(&key, more, size + 1) < 0);
	free(more);
	free(bytes);
}

static void cache_entry_of_another_key_does_not_open(void **state)
{
	const struct cache_key other = {{1, 2, 4}};
	size_t size;
	uint8_t *bytes = sealed(&size);

	(void)state;
	assert_true(opens(&other, bytes, size) < 0);
	free(bytes);
}

static void cache_entry_takes_no_more_than_its_bound(void **state)
{
	const struct cache_part part[CACHE_ENTRY_PARTS] = {
		{"", CACHE_ENTRY_BYTES_MAX}, {"", SIZE_MAX}};
	size_t size;

	(void)state;
	assert_null(cache_entry_write(&key, part, &size));
}

static int one_term(const void *about, void (*take)(void *, const void *, size_t), void *context)
{
	take(context, about, strlen(about));
	return 0;
}

static int no_terms(const void *about, void (*take)(void *, const void *, size_t), void *context)
{
	(void)about;
	(void)take;
	(void)context;
	return -1;
}

static void cache_entry_is_named_by_its_terms(void **state)
{
	struct cache_key a, b, c;

	(void)state;
	assert_int_equal(cache_key_name(&a, one_term, "these"), 0);
	assert_int_equal(cache_key_name(&b, one_term, "these"), 0);
	assert_int_equal(cache_key_name(&c, one_term, "those"), 0);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_memory_not_equal(&a, &c, sizeof(a));
	assert_int_equal(cache_key_name(&a, no_terms, ""), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cache_entry_gives_back_what_was_put_in),
		cmocka_unit_test(cache_entry_with_any_bit_changed_does_not_open),
		cmocka_unit_test(cache_entry_cut_anywhere_does_not_open),
		cmocka_unit_test(cache_entry_with_more_behind_it_does_not_open),
		cmocka_unit_test(cache_entry_of_another_key_does_not_open),
		cmocka_unit_test(cache_entry_takes_no_more_than_its_bound),
		cmocka_unit_test(cache_entry_is_named_by_its_terms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
