#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/format.h"
#include "cli/flow_spec.h"
#include "control/config_fixture.h"

#define NAMES                                                                                      \
	"groups:\n"                                                                                \
	"  admins: [10.9.0.0/24, 10.9.1.10-10.9.1.20]\n"                                           \
	"appliances:\n"                                                                            \
	"  - {name: fmc-1, role: management-center, addresses: [10.10.0.5, '2001:db8::5']}\n"      \
	"  - {name: fmc-6, role: management-center, addresses: ['2001:db8::6']}\n"                 \
	"  - {name: branches, role: managed-device, addresses: [10.20.0.0/16], except: "           \
	"[10.20.0.1, 10.20.0.2]}\n"

/* "10.0.0.1 2001:db8::1": the addresses of both ends; or why there are none. */
static void check(const char *source, const char *destination, const char *want)
{
	const char *const argument[3] = {"tcp", source, destination};
	struct ruleset *ruleset = site_opens(NAMES);
	char why[1024] = "", end[2][ADDRESS_TEXT_BYTES];
	struct flow_spec q;

	if (flow_spec_read(&q, argument, why, sizeof(why)) == 0 &&
		flow_spec_resolve(&q, ruleset, why, sizeof(why)) == 0) {
		for (unsigned i = 0; i < 2; i++)
			format_address(&q.flow.address[i], q.flow.version, end[i]);
		snprintf(why, sizeof(why), "%s %s", end[0], end[1]);
	}
	if (!strstr(why, want))
		fail_msg("%s -> %s: found '%s', want '%s'", source, destination, why, want);
	ruleset_close(ruleset);
}

static void a_name_is_the_first_address_of_its_appliance(void **state)
{
	(void)state;
	check("192.0.2.1:1", "fmc-1:443", "192.0.2.1 10.10.0.5");
	check("fmc-1:1", "192.0.2.1:443", "10.10.0.5 192.0.2.1");
}

static void an_appliance_of_a_network_is_its_first_host_that_is_not_left_out(void **state)
{
	(void)state;
	check("branches:1", "fmc-1:8305", "10.20.0.3 10.10.0.5");
}

static void a_group_is_its_first_host(void **state)
{
	(void)state;
	check("admins:1", "fmc-1:443", "10.9.0.1 10.10.0.5");
}

static void both_ends_have_one_version(void **state)
{
	(void)state;
	check("[2001:db8::9]:1", "fmc-1:443", "2001:db8::9 2001:db8::5");
	check("fmc-6:1", "fmc-1:443", "2001:db8::6 2001:db8::5");
	check("fmc-6:1", "branches:22", "'fmc-6' and 'branches' have no addresses of the same");
	check("192.0.2.1:1", "fmc-6:443", "'the address' and 'fmc-6' have no addresses");
}

static void an_unknown_name_is_told_with_the_one_that_was_meant(void **state)
{
	(void)state;
	check("fmc-l:1", "fmc-1:443",
		"no appliance or group 'fmc-l'; want an address, or \"fmc-1\"");
	check("x:1", "fmc-1:443", "or one of fmc-1, fmc-6, branches, admins");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_the_first_address_of_its_appliance),
		cmocka_unit_test(an_appliance_of_a_network_is_its_first_host_that_is_not_left_out),
		cmocka_unit_test(a_group_is_its_first_host),
		cmocka_unit_test(both_ends_have_one_version),
		cmocka_unit_test(an_unknown_name_is_told_with_the_one_that_was_meant),
	};

	return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
