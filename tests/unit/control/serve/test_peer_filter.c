#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/record_fixture.h"
#include "serve/peer_filter.h"

#define PEER_SITE                                                                                  \
	RECORD_SITE                                                                                \
	"groups:\n"                                                                                \
	"  servers: [192.0.2.0/28, 192.0.2.100-192.0.2.110]\n"

static bool fits(const char *peer, const char *from, const char *to)
{
	struct ruleset *ruleset = site_opens(PEER_SITE);
	struct record r = record_between(ruleset, from, to, IPPROTO_TCP, 443, 0, SECOND);
	struct peer_filter f;
	char why[256];
	bool is_meant;

	assert_int_equal(peer_filter_init(&f, peer, ruleset, why, sizeof(why)), 0);
	is_meant = peer_filter_fits(&f, &r, ruleset);
	peer_filter_fini(&f);
	ruleset_close(ruleset);
	return is_meant;
}

static void an_address_is_at_either_end(void **state)
{
	(void)state;
	assert_true(fits("192.0.2.1", "10.1.0.1", "192.0.2.1"));
	assert_true(fits("192.0.2.1", "192.0.2.1", "10.1.0.1"));
	assert_false(fits("192.0.2.2", "10.1.0.1", "192.0.2.1"));
}

static void a_network_is_every_host_in_it(void **state)
{
	(void)state;
	assert_true(fits("192.0.0.0/16", "10.1.0.1", "192.0.2.1"));
	assert_true(fits("192.0.2.1/24", "10.1.0.1", "192.0.2.77"));
	assert_false(fits("192.0.2.0/28", "10.1.0.1", "192.0.2.16"));
	assert_false(fits("2001:db8::/32", "10.1.0.1", "192.0.2.1"));
}

static void an_appliance_is_all_of_its_networks(void **state)
{
	(void)state;
	assert_true(fits("ftd", "10.1.7.7", "192.0.2.1"));
	assert_true(fits("fmc", "10.1.7.7", "10.0.0.1"));
	assert_false(fits("fmc", "10.1.7.7", "192.0.2.1"));
}

static void a_group_is_its_networks_and_ranges(void **state)
{
	(void)state;
	assert_true(fits("servers", "10.1.0.1", "192.0.2.15"));
	assert_true(fits("servers", "192.0.2.105", "10.1.0.1"));
	assert_false(fits("servers", "10.1.0.1", "192.0.2.99"));
}

static void an_unknown_name_is_refused_with_the_one_that_was_meant(void **state)
{
	struct ruleset *ruleset = site_opens(PEER_SITE);
	struct peer_filter f;
	char why[256];

	(void)state;
	assert_int_not_equal(peer_filter_init(&f, "server", ruleset, why, sizeof(why)), 0);
	assert_non_null(strstr(why, "found 'server'"));
	assert_non_null(strstr(why, "\"servers\""));
	assert_int_not_equal(peer_filter_init(&f, "x", ruleset, why, sizeof(why)), 0);
	assert_non_null(strstr(why, "one of fmc, ftd, lone, servers"));
	peer_filter_fini(&f);
	ruleset_close(ruleset);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_at_either_end),
		cmocka_unit_test(a_network_is_every_host_in_it),
		cmocka_unit_test(an_appliance_is_all_of_its_networks),
		cmocka_unit_test(a_group_is_its_networks_and_ranges),
		cmocka_unit_test(an_unknown_name_is_refused_with_the_one_that_was_meant),
	};

	return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
