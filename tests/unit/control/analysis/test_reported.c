#include "control/record_fixture.h"

#include "analysis/reported.h"
#include "control/random.h"

/* The stupid twin: flows in a row, few different ones, so that they are found. */
#define FLOWS 300u

struct twin {
	bool is_there[FLOWS];
	uint64_t seen_ns[FLOWS];
	size_t dropped;
};

static struct record record_of(unsigned flow, bool is_turned, uint64_t time_ns)
{
	struct record r;
	unsigned ends[2] = {is_turned, !is_turned};

	memset(&r, 0, sizeof(r));
	r.version = 4;
	r.protocol = IPPROTO_TCP;
	r.address[ends[0]].byte[15] = (uint8_t)(flow % 7);
	r.address[ends[1]].byte[15] = 200;
	r.port[ends[0]] = (uint16_t)(1000 + flow);
	r.port[ends[1]] = 22;
	r.start_ns = 1;
	r.end_ns = time_ns;
	return r;
}

static void count_dropped(void *context, const struct finding_key *k)
{
	(void)k;
	++*(size_t *)context;
}

static void expire(struct reported *all, struct twin *t, uint64_t before_ns)
{
	size_t dropped = 0, wanted = 0;

	for (unsigned i = 0; i < FLOWS; i++)
		if (t->is_there[i] && t->seen_ns[i] < before_ns) {
			t->is_there[i] = false;
			wanted++;
		}
	reported_expire(all, before_ns, count_dropped, &dropped);
	assert_int_equal(dropped, wanted);
}

static void step(struct reported *all, struct twin *t, uint64_t *seed, uint64_t now_ns)
{
	unsigned flow = random_below(seed, FLOWS);
	struct record r = record_of(flow, random_below(seed, 2), now_ns);
	struct finding_key key = {.appliance = (uint16_t)flow};
	struct reported_flow *f;

	reported_expect(all, &r);
	f = reported_find(all, &r);
	assert_int_equal(f != NULL, t->is_there[flow]);
	if (f) {
		assert_int_equal(f->finding.appliance, flow);
		t->seen_ns[flow] = now_ns;
		if (random_below(seed, 3) == 0) {
			reported_drop(all, f);
			t->is_there[flow] = false;
		}
		return;
	}
	assert_non_null(reported_add(all, &r, &key));
	t->is_there[flow] = true;
	t->seen_ns[flow] = now_ns;
}

static void reported_finds_the_flows_that_a_list_has(void **state)
{
	struct reported all = {.flow = NULL};
	struct twin t = {.dropped = 0};
	uint64_t seed = 20261128;

	(void)state;
	for (uint64_t now_ns = 2; now_ns < 60000; now_ns++) {
		step(&all, &t, &seed, now_ns);
		if (random_below(&seed, 2000) == 0)
			expire(&all, &t, now_ns - random_below(&seed, 500));
		if (random_below(&seed, 20000) == 0) {
			reported_clear(&all);
			t = (struct twin){.dropped = 0};
		}
	}
	reported_clear(&all);
}

/* What is counted of flows with the same lowest bits of a hash stays right where one follows
 * another. */
static void reported_finds_the_flow_that_had_its_ports_before(void **state)
{
	struct reported all = {.flow = NULL};
	struct finding_key first = {.appliance = 1}, second = {.appliance = 2};
	struct record r = record_of(5, false, 10), later = record_of(5, false, 20);
	struct reported_flow *f;

	(void)state;
	later.start_ns = 15;
	assert_non_null(reported_add(&all, &r, &first));
	assert_null(reported_find(&all, &later));
	assert_non_null(reported_add(&all, &later, &second));
	f = reported_find(&all, &later);
	assert_int_equal(f->finding.appliance, 2);
	reported_drop(&all, f);
	f = reported_find(&all, &r);
	assert_int_equal(f->finding.appliance, 1);
	reported_drop(&all, f);
	assert_null(reported_find(&all, &r));
	assert_null(all.flow);
	reported_clear(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reported_finds_the_flows_that_a_list_has),
		cmocka_unit_test(reported_finds_the_flow_that_had_its_ports_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
