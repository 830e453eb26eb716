#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/finding.h"

#define MAX 500
#define FLOWS 20000

static uint64_t state_of_random = 88172645463325252;

static unsigned random_below(unsigned n)
{
	state_of_random ^= state_of_random << 13;
	state_of_random ^= state_of_random >> 7;
	state_of_random ^= state_of_random << 17;
	return (unsigned)(state_of_random >> 33) % n;
}

/* A flow of appliance 3 with a random one of `peers` peers and `ports` ports. */
static struct record flow(unsigned peers, unsigned ports)
{
	struct record r;

	memset(&r, 0, sizeof(r));
	r.version = 4;
	r.protocol = IPPROTO_TCP;
	r.verdict = VERDICT_UNEXPECTED_PORT;
	r.end_verdict[0] = VERDICT_UNEXPECTED_PORT;
	r.appliance[0] = 3;
	r.appliance[1] = UINT16_MAX;
	r.address[1].byte[0] = 198;
	r.address[1].byte[3] = (uint8_t)random_below(peers);
	r.port[0] = (uint16_t)(1024 + random_below(60000));
	r.port[1] = (uint16_t)(1 + random_below(ports));
	r.severity = (uint8_t)(1 + random_below(3));
	r.packets[0] = r.bytes[0] = 1;
	return r;
}

/* Reference implementation: a list with linear search. */
struct finding_list {
	struct finding_key key[MAX];
	uint64_t flows[MAX];
	uint8_t severity[MAX];
	size_t count;
	uint64_t overflowed;
};

static void list_add(struct finding_list *t, const struct finding_key *k, const struct record *r)
{
	size_t i = 0;

	while (i < t->count && memcmp(&t->key[i], k, sizeof(*k)) != 0)
		i++;
	if (i == MAX) {
		t->overflowed++;
		return;
	}
	if (i == t->count)
		t->key[t->count++] = *k;
	t->flows[i]++;
	if (r->severity > t->severity[i])
		t->severity[i] = r->severity;
}

static void findings_are_what_a_list_would_hold_in_the_order_of_discovery(void **state)
{
	struct findings all;
	struct finding_list *list = calloc(1, sizeof(*list));

	(void)state;
	findings_init(&all, MAX);
	print_message("# seed %llu\n", (unsigned long long)state_of_random);
	for (unsigned i = 0; i < FLOWS; i++) {
		struct record r = flow(30, 30);
		struct finding_key k = finding_key_of(&r);
		list_add(list, &k, &r);
		findings_add(&all, &k, &r);
	}
	assert_int_equal(all.count, MAX);
	assert_int_equal(all.count, list->count);
	assert_int_equal(all.overflowed, list->overflowed);
	for (size_t i = 0; i < all.count; i++) {
		assert_memory_equal(&all.finding[i].key, &list->key[i], sizeof(list->key[i]));
		assert_int_equal(all.finding[i].flows, list->flows[i]);
		assert_int_equal(all.finding[i].description.severity, list->severity[i]);
		assert_ptr_equal(findings_find(&all, &list->key[i]), &all.finding[i]);
	}
	findings_clear(&all);
	free(list);
}

static void findings_hold_nothing_before_the_first(void **state)
{
	struct record r = flow(1, 1);
	struct finding_key k = finding_key_of(&r);
	struct findings all;

	(void)state;
	findings_init(&all, MAX);
	assert_null(findings_find(&all, &k));
	findings_fold(&all, finding_key_without_port, 0);
	findings_clear(&all);
	assert_null(findings_find(&all, &k));
}

static void findings_of_many_ports_fold_into_the_first(void **state)
{
	struct findings all;
	struct finding *f;

	(void)state;
	findings_init(&all, MAX);
	for (uint16_t port = 1; port <= 20; port++) {
		struct record r = flow(1, 1);
		struct finding_key k;
		r.port[1] = port;
		r.address[1].byte[3] = port <= 10; /* two peers, ten ports each */
		k = finding_key_of(&r);
		assert_non_null(findings_insert(&all, &k, &r));
	}
	findings_fold(&all, finding_key_without_port, 10);
	assert_int_equal(all.count, 20);
	findings_fold(&all, finding_key_without_port, 9);
	assert_int_equal(all.count, 2);
	for (size_t i = 0; i < 2; i++) {
		f = &all.finding[i];
		assert_int_equal(f->members, 10);
		assert_int_equal(f->flows, 10);
		assert_int_equal(f->port_low, 1 + 10 * i);
		assert_int_equal(f->port_high, 10 + 10 * i);
		assert_true(f->several_ports && !f->several_peers);
		assert_ptr_equal(findings_find(&all, &f->key), f);
	}
	findings_clear(&all);
}

static void finding_keeps_the_whole_record_with_and_without_facts(void **state)
{
	struct record r = flow(9, 9), kept;
	struct finding_key k = finding_key_of(&r);
	struct findings all;
	struct finding *f;

	(void)state;
	findings_init(&all, MAX);
	f = findings_insert(&all, &k, &r);
	kept = finding_flow(f);
	assert_int_equal(kept.port[1], r.port[1]);
	assert_memory_equal(&kept.address[1], &r.address[1], sizeof(r.address[1]));
	finding_keep_record(f, &r);
	kept = finding_flow(f);
	assert_memory_equal(&kept, &r, sizeof(r));
	r.facts.known = 1;
	memset(r.facts.text, 'x', sizeof(r.facts.text));
	finding_keep_record(f, &r);
	kept = finding_flow(f);
	assert_memory_equal(&kept, &r, sizeof(r));
	findings_clear(&all);
}

static void finding_borrows_the_gravest_record_of_those_it_absorbs(void **state)
{
	struct findings all, wide;
	struct record r = flow(1, 1);
	struct finding_key k = finding_key_of(&r), w = finding_key_without_port(k);
	struct finding *f;

	(void)state;
	findings_init(&all, MAX);
	findings_init(&wide, MAX);
	r.severity = 1;
	f = findings_insert(&wide, &w, &r);
	for (uint8_t i = 0; i < 4; i++) {
		static const uint8_t severity[] = {1, 3, 3, 2};
		r.severity = severity[i];
		r.port[0] = (uint16_t)(1000 + i);
		k.port = r.port[1] = (uint16_t)(10 + i);
		finding_keep_record(findings_insert(&all, &k, &r), &r);
		finding_absorb(f, &all.finding[i]);
	}
	assert_int_equal(finding_flow(f).severity, 3);
	assert_int_equal(finding_flow(f).port[0], 1001);
	findings_clear(&wide);
	findings_clear(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(findings_are_what_a_list_would_hold_in_the_order_of_discovery),
		cmocka_unit_test(findings_hold_nothing_before_the_first),
		cmocka_unit_test(findings_of_many_ports_fold_into_the_first),
		cmocka_unit_test(finding_keeps_the_whole_record_with_and_without_facts),
		cmocka_unit_test(finding_borrows_the_gravest_record_of_those_it_absorbs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
