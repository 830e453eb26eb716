#include "control/record_fixture.h"

#include "policy/remap.h"

#define NOW (100000 * SECOND)

/* The same appliances in another order, except: `lone` is removed, and another one has that name
 * with the other role. */
#define OTHER_SITE                                                                                 \
	"appliances:\n"                                                                            \
	"  - {name: new, role: managed-device, addresses: [10.3.0.1]}\n"                           \
	"  - {name: ftd, role: managed-device, addresses: [10.1.0.0/16]}\n"                        \
	"  - {name: fmc, role: management-center, addresses: [10.0.0.1]}\n"                        \
	"  - {name: lone, role: management-center, addresses: [10.2.0.1]}\n"

static void remap_finds_appliances_by_name_and_role(void **state)
{
	struct ruleset *from = site_opens(RECORD_SITE), *to = site_opens(OTHER_SITE);
	struct remap remap;

	(void)state;
	assert_int_equal(remap_open(&remap, from, to), 0);
	assert_int_equal(remap_appliance(&remap, 0), 2);
	assert_int_equal(remap_appliance(&remap, 1), 1);
	assert_int_equal(remap_appliance(&remap, 2), APPLIANCE_NONE);
	assert_int_equal(remap_appliance(&remap, APPLIANCE_NONE), APPLIANCE_NONE);
	remap_close(&remap);
	ruleset_close(from);
	ruleset_close(to);
}

static void remap_finds_rule_sets_by_role_direction_transport_and_port(void **state)
{
	struct ruleset *from = site_opens(RECORD_SITE);
	struct ruleset *to = site_opens("profile: on-premises-7\n" OTHER_SITE);
	struct remap remap;
	size_t found = 0;

	(void)state;
	assert_int_equal(remap_open(&remap, from, to), 0);
	for (uint16_t set = SET_NONE + 1; set < from->policy->sets; set++) {
		const struct rule *a = policy_rule(from->policy, set, 0), *b;
		uint16_t now = remap_set(&remap, a->role == ROLE_MANAGEMENT_CENTER ? 0 : 1, set);
		if (now == SET_NONE)
			continue;
		b = policy_rule(to->policy, now, 0);
		assert_true(a->role == b->role && a->direction == b->direction &&
			    a->transport == b->transport && a->port == b->port);
		found++;
	}
	assert_true(found > 30);
	assert_int_equal(remap_set(&remap, 0, SET_NONE), SET_NONE);
	remap_close(&remap);
	ruleset_close(from);
	ruleset_close(to);
}

static void remap_translates_a_record_or_leaves_it_as_it_was(void **state)
{
	struct ruleset *from = site_opens(RECORD_SITE), *to = site_opens(OTHER_SITE);
	struct record r =
		record_between(from, "10.1.0.7", "198.51.100.1", IPPROTO_TCP, 4444, NOW, NOW);
	struct record gone =
		record_between(from, "10.2.0.1", "198.51.100.1", IPPROTO_TCP, 4444, NOW, NOW);
	struct record before = gone;
	struct remap remap;

	(void)state;
	to->policy->generation = 2;
	assert_int_equal(remap_open(&remap, from, to), 0);
	assert_true(remap_record(&remap, &r));
	assert_int_equal(r.appliance[0], 1);
	assert_int_equal(r.generation, 2);
	assert_int_equal(r.verdict, VERDICT_UNEXPECTED_PORT);
	assert_false(remap_record(&remap, &gone));
	assert_memory_equal(&gone, &before, sizeof(gone));
	remap_close(&remap);
	ruleset_close(from);
	ruleset_close(to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(remap_finds_appliances_by_name_and_role),
		cmocka_unit_test(remap_finds_rule_sets_by_role_direction_transport_and_port),
		cmocka_unit_test(remap_translates_a_record_or_leaves_it_as_it_was),
	};
	return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
