#include "control/record_fixture.h"

#include "analysis/matrix.h"
#include "policy/remap.h"

#define NOW (100000 * SECOND)

enum { FMC, FTD };

static struct record ssh(const struct ruleset *ruleset, uint64_t end_ns)
{
	return record_between(
		ruleset, "192.0.2.1", "10.1.0.7", IPPROTO_TCP, 22, end_ns - SECOND, end_ns);
}

static void matrix_counts_what_ended_and_what_is_live(void **state)
{
	struct ruleset *ruleset = site_opens(RECORD_SITE);
	struct record live = ssh(ruleset, NOW), ended = record_ended(live, END_FIN);
	const struct matrix_cell *cell;
	struct matrix m;

	(void)state;
	assert_int_equal(matrix_init(&m, ruleset), 0);
	assert_null(matrix_cell(&m, FTD, live.set[1]));
	assert_string_equal(matrix_state(NULL), "never");
	matrix_begin_dump(&m);
	matrix_take(&m, &live);
	matrix_take(&m, &live);
	matrix_take(&m, &ended);
	cell = matrix_cell(&m, FTD, live.set[1]);
	assert_non_null(cell);
	assert_int_equal(cell->flows, 1);
	assert_int_equal(matrix_count(&m, cell).live, 1); /* the other one has ended since */
	assert_int_equal(matrix_count(&m, cell).flows, 2);
	assert_true(cell->first_ns == NOW - SECOND && cell->last_ns == NOW);
	assert_string_equal(matrix_state(cell), "last seen");
	matrix_begin_dump(&m);
	assert_int_equal(matrix_count(&m, cell).live, 0);
	assert_int_equal(matrix_count(&m, cell).flows, 1);
	matrix_fini(&m);
	ruleset_close(ruleset);
}

/* Its figures are never all zero. */
static void matrix_of_a_violation_that_is_alive_counts_it(void **state)
{
	struct ruleset *ruleset = site_opens(RECORD_SITE "features: {ssh: {enabled: no}}\n");
	struct record live = ssh(ruleset, NOW), ended = record_ended(live, END_FIN);
	const struct matrix_cell *cell;
	struct matrix m;

	(void)state;
	assert_int_equal(matrix_init(&m, ruleset), 0);
	matrix_begin_dump(&m);
	matrix_take(&m, &live);
	cell = matrix_cell(&m, FTD, live.set[1]);
	assert_string_equal(matrix_state(cell), "wrong");
	assert_int_equal(matrix_count(&m, cell).violations, 1);
	assert_int_equal(matrix_count(&m, cell).live, 1);
	matrix_take(&m, &ended);
	assert_int_equal(matrix_count(&m, cell).violations, 1);
	assert_int_equal(matrix_count(&m, cell).live, 0);
	assert_int_equal(matrix_count(&m, cell).flows, 0);
	matrix_fini(&m);
	ruleset_close(ruleset);
}

static void matrix_is_wrong_until_the_rule_is_in_order_again(void **state)
{
	struct ruleset *ruleset = site_opens(RECORD_SITE "features: {ssh: {enabled: no}}\n");
	struct record r = record_ended(ssh(ruleset, NOW), END_FIN);
	const struct matrix_cell *cell;
	struct matrix m;

	(void)state;
	assert_int_equal(r.verdict, VERDICT_FEATURE_DISABLED);
	assert_int_equal(matrix_init(&m, ruleset), 0);
	matrix_take(&m, &r);
	cell = matrix_cell(&m, FTD, r.set[1]);
	assert_int_equal(cell->wrong, 1);
	assert_int_equal(cell->flows, 0);
	assert_int_equal(cell->verdict, VERDICT_FEATURE_DISABLED);
	assert_string_equal(matrix_state(cell), "wrong");
	r.end_verdict[1] = VERDICT_EXPECTED;
	r.end_ns += SECOND;
	matrix_take(&m, &r);
	assert_string_equal(matrix_state(cell), "last seen");
	matrix_fini(&m);
	ruleset_close(ruleset);
}

/* A scan finds a documented port closed, or a question stays unanswered: neither is a use. */
static void matrix_counts_no_flow_that_nobody_answered(void **state)
{
	static const struct {
		uint8_t protocol, connection;
		uint16_t port;
		int is_use;
	} flow[] = {
		{IPPROTO_TCP, CONNECTION_ATTEMPTED, 443, 0},
		{IPPROTO_TCP, CONNECTION_REFUSED, 443, 0},
		{IPPROTO_TCP, CONNECTION_MIDSTREAM, 443, 1},
		{IPPROTO_UDP, CONNECTION_ONE_WAY, 53, 0},
		{IPPROTO_UDP, CONNECTION_TWO_WAY, 53, 1},
		{IPPROTO_UDP, CONNECTION_ONE_WAY, 514, 1},
		{IPPROTO_UDP, CONNECTION_ONE_WAY, 162, 1},
	};
	struct ruleset *ruleset = site_opens(RECORD_SITE);

	(void)state;
	for (size_t i = 0; i < sizeof(flow) / sizeof(flow[0]); i++) {
		struct record r = record_ended(record_between(ruleset, "10.1.0.7", "192.0.2.1",
						       flow[i].protocol, flow[i].port, NOW, NOW),
			END_IDLE);
		struct matrix m;
		assert_int_equal(matrix_init(&m, ruleset), 0);
		r.connection = flow[i].connection;
		matrix_take(&m, &r);
		assert_int_equal(matrix_cell(&m, FTD, r.set[0]) != NULL, flow[i].is_use);
		matrix_fini(&m);
	}
	ruleset_close(ruleset);
}

static void matrix_has_no_cell_for_a_port_without_a_rule(void **state)
{
	struct ruleset *ruleset = site_opens(RECORD_SITE);
	struct record r = record_ended(
		record_between(ruleset, "192.0.2.1", "10.1.0.7", IPPROTO_TCP, 4444, NOW, NOW),
		END_FIN);
	struct matrix m;

	(void)state;
	assert_int_equal(matrix_init(&m, ruleset), 0);
	matrix_take(&m, &r);
	for (size_t set = 0; set < ruleset->policy->sets; set++)
		assert_null(matrix_cell(&m, FTD, (uint16_t)set));
	matrix_fini(&m);
	ruleset_close(ruleset);
}

static void matrix_has_a_row_for_each_kind_of_interface_with_its_own_rules(void **state)
{
	struct ruleset *ruleset =
		site_opens("appliances:\n"
			   "  - {name: ftd, role: managed-device, addresses: [10.1.0.0/16],\n"
			   "     data_addresses: [203.0.113.0/28]}\n");
	struct record managed = record_between(
		ruleset, "192.0.2.1", "10.1.0.7", IPPROTO_TCP, 443, NOW - SECOND, NOW);
	struct record data = record_between(
		ruleset, "192.0.2.1", "203.0.113.3", IPPROTO_TCP, 443, NOW - SECOND, NOW);
	struct matrix m;

	(void)state;
	assert_string_equal(
		ruleset_set_id(ruleset, managed.set[1]), ruleset_set_id(ruleset, data.set[1]));
	assert_string_equal(ruleset_interface_of(ruleset, 0, managed.set[1]), "management");
	assert_string_equal(ruleset_interface_of(ruleset, 0, data.set[1]), "data");
	assert_int_equal(matrix_init(&m, ruleset), 0);
	data = record_ended(data, END_FIN);
	matrix_take(&m, &data);
	assert_non_null(matrix_cell(&m, 0, data.set[1]));
	assert_null(matrix_cell(&m, 0, managed.set[1]));
	assert_int_equal(ruleset_row_set(ruleset, 0, ruleset->row_of[data.set[1]]), data.set[1]);
	assert_int_equal(
		ruleset_row_set(ruleset, 0, ruleset->row_of[managed.set[1]]), managed.set[1]);
	matrix_fini(&m);
	ruleset_close(ruleset);
}

static void matrix_cells_follow_their_rules_over_a_reload(void **state)
{
	struct ruleset *ruleset = site_opens(RECORD_SITE);
	struct ruleset *again =
		site_opens("profile: on-premises-7\nappliances:\n"
			   "  - {name: ftd, role: managed-device, addresses: [10.1.0.0/16]}\n");
	struct record r = record_ended(ssh(ruleset, NOW), END_FIN), now = ssh(again, NOW);
	struct remap remap;
	struct matrix m;

	(void)state;
	assert_int_equal(matrix_init(&m, ruleset), 0);
	matrix_take(&m, &r);
	assert_int_equal(remap_open(&remap, ruleset, again), 0);
	assert_int_equal(matrix_reload(&m, again, &remap), 0);
	assert_non_null(matrix_cell(&m, 0, now.set[1]));
	assert_int_equal(matrix_cell(&m, 0, now.set[1])->flows, 1);
	remap_close(&remap);
	matrix_fini(&m);
	ruleset_close(ruleset);
	ruleset_close(again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matrix_counts_what_ended_and_what_is_live),
		cmocka_unit_test(matrix_of_a_violation_that_is_alive_counts_it),
		cmocka_unit_test(matrix_is_wrong_until_the_rule_is_in_order_again),
		cmocka_unit_test(matrix_counts_no_flow_that_nobody_answered),
		cmocka_unit_test(matrix_has_no_cell_for_a_port_without_a_rule),
		cmocka_unit_test(matrix_has_a_row_for_each_kind_of_interface_with_its_own_rules),
		cmocka_unit_test(matrix_cells_follow_their_rules_over_a_reload),
	};
	return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
