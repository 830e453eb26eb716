/* The writer compared with jansson: the same bytes for valid UTF-8, and always parseable output. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>

#include "control/random.h"
#include "record/json_writer.h"

#define ROUNDS 200000
#define TEXT_BYTES 24
#define SEED 20260105

/* Writes the text to an empty buffer. */
static void write_text(struct buffer *b, const char *text, size_t length)
{
	buffer_clear(b);
	json_put_text(b, text, length);
	assert_int_equal(b->error, 0);
}

/* The JSON must parse to `want`. */
static void check_reads_as(const struct buffer *b, const char *want, size_t length)
{
	json_t *read = json_loadb(b->text, b->length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

	assert_true(json_is_string(read));
	assert_int_equal(json_string_length(read), length);
	assert_memory_equal(json_string_value(read), want, length);
	json_decref(read);
}

static void check_is_what_jansson_writes(const struct buffer *b, const json_t *valid)
{
	char *want = json_dumps(valid, JSON_COMPACT | JSON_ENCODE_ANY);

	assert_int_equal(b->length, strlen(want));
	assert_memory_equal(b->text, want, b->length);
	check_reads_as(b, json_string_value(valid), json_string_length(valid));
	free(want);
}

/* For invalid UTF-8: each invalid byte becomes U+FFFD. */
static void check_replaces(const struct buffer *b, const char *text, size_t length)
{
	char want[3 * TEXT_BYTES];
	size_t used = 0;

	while (length > 0) {
		size_t bytes = 0;
		for (size_t i = 1; i <= 4 && i <= length && !bytes; i++) {
			json_t *one = json_stringn(text, i);
			bytes = one ? i : 0;
			json_decref(one);
		}
		memcpy(want + used, bytes ? text : "\xef\xbf\xbd", bytes ? bytes : 3);
		used += bytes ? bytes : 3;
		text += bytes ? bytes : 1;
		length -= bytes ? bytes : 1;
	}
	check_reads_as(b, want, used);
}

/* A random byte; bytes at the limits of UTF-8 ranges are more frequent. */
static char random_byte(uint64_t *seed)
{
	static const unsigned char edge[] = {0x00, 0x08, 0x0b, 0x1f, 0x22, 0x5c, 0x7f, 0x80, 0x8f,
		0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5,
		0xff};

	switch (random_below(seed, 3)) {
	case 0:
		return (char)edge[random_below(seed, sizeof(edge))];
	case 1:
		return (char)random_below(seed, 128);
	default:
		return (char)random_below(seed, 256);
	}
}

static void json_text_is_what_jansson_writes_of_random_bytes(void **state)
{
	struct buffer b = {.text = NULL};
	uint64_t seed = SEED;
	unsigned valid = 0;

	(void)state;
	print_message("# seed %llu\n", (unsigned long long)seed);
	for (unsigned i = 0; i < ROUNDS; i++) {
		char text[TEXT_BYTES];
		size_t length = random_below(&seed, i % 2 ? 5 : TEXT_BYTES + 1);
		json_t *string;
		for (size_t k = 0; k < length; k++)
			text[k] = random_byte(&seed);
		write_text(&b, text, length);
		string = json_stringn(text, length);
		if (string)
			check_is_what_jansson_writes(&b, string);
		else
			check_replaces(&b, text, length);
		valid += string != NULL;
		json_decref(string);
	}
	assert_true(valid > ROUNDS / 10 && valid < ROUNDS - ROUNDS / 10);
	buffer_fini(&b);
}

static size_t put_character(char *at, unsigned c)
{
	if (c < 0x80) {
		at[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		at[0] = (char)(0xc0 | c >> 6);
		at[1] = (char)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		at[0] = (char)(0xe0 | c >> 12);
		at[1] = (char)(0x80 | (c >> 6 & 63));
		at[2] = (char)(0x80 | (c & 63));
		return 3;
	}
	at[0] = (char)(0xf0 | c >> 18);
	at[1] = (char)(0x80 | (c >> 12 & 63));
	at[2] = (char)(0x80 | (c >> 6 & 63));
	at[3] = (char)(0x80 | (c & 63));
	return 4;
}

static void json_text_is_what_jansson_writes_of_every_character(void **state)
{
	struct buffer b = {.text = NULL};
	char text[4];

	(void)state;
	for (unsigned c = 0; c < 0x110400; c++) {
		size_t length = put_character(text, c);
		json_t *string = json_stringn(text, length);
		write_text(&b, text, length);
		if (string)
			check_is_what_jansson_writes(&b, string);
		else
			check_replaces(&b, text, length);
		json_decref(string);
	}
	buffer_fini(&b);
}

static void json_commas_stand_between_members_and_items_only(void **state)
{
	static const char want[] = "{\"a\":{},\"b\":[],\"c\":[1,[],{\"d\":\"e\"},-2,\"7\",true],"
				   "\"{\":\"[\",\"t\":\"1970-01-01T00:00:00.000000001Z\","
				   "\"i\":\"10.0.0.1\",\"f\":false}";
	const struct address ip = {{[12] = 10, [15] = 1}};
	struct buffer b = {.text = NULL};

	(void)state;
	json_open(&b, '{');
	json_object_open(&b, "a");
	json_close(&b, '}');
	json_list_open(&b, "b");
	json_close(&b, ']');
	json_list_open(&b, "c");
	json_put_number(&b, 1);
	json_open(&b, '[');
	json_close(&b, ']');
	json_open(&b, '{');
	json_word(&b, "d", "e");
	json_close(&b, '}');
	json_put_number(&b, -2);
	json_put_number_text(&b, 7);
	json_put_bool(&b, true);
	json_close(&b, ']');
	json_text(&b, "{", "[");
	json_put_key(&b, "t");
	json_put_time(&b, 1);
	json_put_key(&b, "i");
	json_put_address(&b, &ip, 4);
	json_put_key(&b, "f");
	json_put_bool(&b, false);
	json_close(&b, '}');
	assert_int_equal(b.error, 0);
	assert_int_equal(b.length, strlen(want));
	assert_memory_equal(b.text, want, b.length);
	buffer_fini(&b);
}

static void json_of_a_buffer_that_is_full_stops_and_says_so(void **state)
{
	struct buffer b = {.text = NULL};
	char *big = calloc(1, 1 << 20);

	(void)state;
	memset(big, 'x', (1 << 20) - 1);
	for (unsigned i = 0; i < 100; i++)
		json_text(&b, "key", big);
	assert_true(b.error < 0);
	assert_true(b.length <= BUFFER_BYTES_MAX);
	buffer_clear(&b);
	json_put_number(&b, 1);
	assert_int_equal(b.length, 1);
	buffer_fini(&b);
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_text_is_what_jansson_writes_of_random_bytes),
		cmocka_unit_test(json_text_is_what_jansson_writes_of_every_character),
		cmocka_unit_test(json_commas_stand_between_members_and_items_only),
		cmocka_unit_test(json_of_a_buffer_that_is_full_stops_and_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
