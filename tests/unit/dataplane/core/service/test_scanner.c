#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/service/scanner.h"

#define TEXT_BYTES 64
#define TEXTS 20000

static const struct signature signatures[] = {
	{"^SSH-", SERVICE_SSH, TRANSPORT_TCP, SIDE_EITHER, VALIDATOR_SSH, 0, NULL},
	{"^[a-c]{3}", SERVICE_SMTP, TRANSPORT_TCP, SIDE_CLIENT, VALIDATOR_SMTP, 1, NULL},
	{"b.*d", SERVICE_FTP, TRANSPORT_TCP, SIDE_CLIENT, VALIDATOR_FTP, 0, NULL},
	{"^<\\d", SERVICE_SYSLOG, TRANSPORT_UDP, SIDE_EITHER, VALIDATOR_SYSLOG, 0, NULL},
	{"[cd]{4}", SERVICE_DNS, TRANSPORT_UDP, SIDE_EITHER, VALIDATOR_DNS, 0, NULL},
	{NULL, SERVICE_ECHO, TRANSPORT_UDP, SIDE_EITHER, VALIDATOR_ECHO, 0, NULL},
	{"^a[^5]+SH?-", SERVICE_SIP, TRANSPORT_TCP, SIDE_CLIENT, VALIDATOR_NONE, 0, "^a"},
	{"^[b ]+c", SERVICE_IRC, TRANSPORT_UDP, SIDE_CLIENT, VALIDATOR_NONE, 1, "^[b ]"},
};

#define SIGNATURES (sizeof(signatures) / sizeof(signatures[0]))

struct pair {
	struct scanner compiled, kept;
	struct scanner_part part[SCANNER_PARTS];
	struct hs_scratch *scratch;
};

static void random_text(uint64_t *random, uint8_t text[TEXT_BYTES])
{
	for (unsigned i = 0; i < TEXT_BYTES; i++) {
		*random ^= *random << 13;
		*random ^= *random >> 7;
		*random ^= *random << 17;
		text[i] = (uint8_t) "abcdABCD<5SSH- x"[*random % 16];
	}
}

static int setup(void **state)
{
	struct pair *p = calloc(1, sizeof(*p));
	struct scanner_fault fault;

	assert_int_equal(scanner_init(&p->compiled, signatures, SIGNATURES, &fault), 0);
	assert_int_equal(scanner_save(&p->compiled, p->part), 0);
	assert_int_equal(scratch_init(&p->scratch, &p->compiled), 0);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct pair *p = *state;

	for (unsigned t = 0; t < SCANNER_PARTS; t++)
		free(p->part[t].bytes);
	scratch_fini(p->scratch);
	scanner_fini(&p->compiled);
	scanner_fini(&p->kept);
	free(p);
	return 0;
}

/* XXX Vectorscan 5.4.9 can miss a pattern that ends in the text's last byte, as "^a[^5]+SH?-" does
 * when it is alone in its database; Hyperscan does not. With it, texts end in a byte that ends no
 * pattern here. */
static uint32_t cut_text(uint8_t text[TEXT_BYTES], unsigned number)
{
	uint32_t length = 1 + number % TEXT_BYTES;

	if (strcmp(SCANNER_LIBRARY, "vectorscan") == 0)
		text[length - 1] = 'x';
	return length;
}

/* The same hits of both in any text; in how many there was one of these signatures. */
static unsigned check_same_hits(const struct scanner *one, struct hs_scratch *one_scratch,
	const struct scanner *other, struct hs_scratch *other_scratch, uint64_t random,
	uint64_t signatures_wanted)
{
	unsigned hits = 0;

	print_message("# seed %llu\n", (unsigned long long)random);
	for (unsigned i = 0; i < TEXTS; i++) {
		enum transport t = i % 2 ? TRANSPORT_UDP : TRANSPORT_TCP;
		struct hits a, b;
		uint8_t text[TEXT_BYTES];
		uint32_t length;
		random_text(&random, text);
		length = cut_text(text, i);
		scan(one, one_scratch, t, text, length, &a);
		scan(other, other_scratch, t, text, length, &b);
		assert_memory_equal(&a, &b, sizeof(a));
		hits += (a.word[0] & signatures_wanted) != 0;
	}
	return hits;
}

static void scanner_that_was_kept_finds_what_the_compiled_one_finds(void **state)
{
	struct pair *p = *state;
	unsigned hits;

	assert_int_equal(scanner_load(&p->kept, signatures, SIGNATURES, p->part), 0);
	assert_memory_equal(p->kept.validators, p->compiled.validators, sizeof(p->kept.validators));
	assert_int_equal(p->kept.unpatterned_services, p->compiled.unpatterned_services);
	hits = check_same_hits(
		&p->compiled, p->scratch, &p->kept, p->scratch, 88172645463325252, UINT64_MAX);
	assert_true(hits > TEXTS / 100);
}

/* The beginning saves work, and changes nothing. */
static void scanner_finds_a_pattern_with_a_beginning_as_it_finds_it_without(void **state)
{
	struct pair *p = *state;
	struct signature plain[SIGNATURES];
	struct scanner_fault fault;
	struct hs_scratch *scratch;
	unsigned hits;

	memcpy(plain, signatures, sizeof(plain));
	for (unsigned i = 0; i < SIGNATURES; i++)
		plain[i].beginning = NULL;
	assert_int_equal(scanner_init(&p->kept, plain, SIGNATURES, &fault), 0);
	assert_int_equal(scratch_init(&scratch, &p->kept), 0);
	hits = check_same_hits(&p->compiled, p->scratch, &p->kept, scratch, 2463534242,
		UINT64_MAX << (SIGNATURES - 2));
	assert_true(hits > TEXTS / 200);
	scratch_fini(scratch);
}

static void scanner_without_a_part_that_it_needs_does_not_load(void **state)
{
	struct pair *p = *state;
	struct scanner_part part[SCANNER_PARTS];

	memcpy(part, p->part, sizeof(part));
	part[TRANSPORT_UDP].length = 0;
	assert_true(scanner_load(&p->kept, signatures, SIGNATURES, part) < 0);
	assert_null(p->kept.database[TRANSPORT_TCP]);
}

static void scanner_cut_short_does_not_load(void **state)
{
	struct pair *p = *state;
	struct scanner_part part[SCANNER_PARTS];

	memcpy(part, p->part, sizeof(part));
	part[TRANSPORT_TCP].length -= 8;
	assert_true(scanner_load(&p->kept, signatures, SIGNATURES, part) < 0);
}

/* FNV-1a, which tells apart what follows. */
static void take(void *context, const void *bytes, size_t length)
{
	uint64_t *hash = context;

	for (size_t i = 0; i < length; i++)
		*hash = (*hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3;
}

static uint64_t terms_of(const struct signature *s, size_t count)
{
	uint64_t hash = 0xcbf29ce484222325;

	assert_int_equal(scanner_terms(s, count, take, &hash), 0);
	return hash;
}

static void scanner_terms_change_with_whatever_is_compiled(void **state)
{
	uint64_t as_they_are = terms_of(signatures, SIGNATURES);
	struct signature s[SIGNATURES];

	(void)state;
	memcpy(s, signatures, sizeof(s));
	assert_true(terms_of(s, SIGNATURES) == as_they_are);
	assert_true(terms_of(s, SIGNATURES - 2) != as_they_are);
	s[0].pattern = "^SSH+";
	assert_true(terms_of(s, SIGNATURES) != as_they_are);
	s[0].pattern = signatures[0].pattern;
	s[0].caseless = 1;
	assert_true(terms_of(s, SIGNATURES) != as_they_are);
	s[0].caseless = 0;
	s[0].beginning = "^S";
	assert_true(terms_of(s, SIGNATURES) != as_they_are);
	s[0].beginning = NULL;
	s[0].transport = TRANSPORT_UDP;
	assert_true(terms_of(s, SIGNATURES) != as_they_are);
	s[0] = signatures[1];
	s[1] = signatures[0];
	assert_true(terms_of(s, SIGNATURES) != as_they_are);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			scanner_that_was_kept_finds_what_the_compiled_one_finds, setup, teardown),
		cmocka_unit_test_setup_teardown(
			scanner_finds_a_pattern_with_a_beginning_as_it_finds_it_without, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			scanner_without_a_part_that_it_needs_does_not_load, setup, teardown),
		cmocka_unit_test_setup_teardown(scanner_cut_short_does_not_load, setup, teardown),
		cmocka_unit_test(scanner_terms_change_with_whatever_is_compiled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
