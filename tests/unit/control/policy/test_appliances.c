#include "control/config_fixture.h"

#include <arpa/inet.h>

#define LIST "appliances:\n"
#define CENTER(name, fields) "  - {name: " name ", role: management-center, " fields "}\n"
#define DEVICE(name, fields) "  - {name: " name ", role: managed-device, " fields "}\n"

static uint16_t owner_of(const struct ruleset *ruleset, const char *text)
{
	struct address address = {0};
	int version = strchr(text, ':') ? 6 : 4;

	assert_int_equal(inet_pton(version == 4 ? AF_INET : AF_INET6, text,
				 address.byte + (version == 4 ? 12 : 0)),
		1);
	return inventory_find(ruleset->policy->inventory, &address, (unsigned)version);
}

static void appliances_refuse_an_appliance_twice(void **state)
{
	(void)state;
	site_refused(LIST CENTER("a", "addresses: [10.0.0.1]") DEVICE("b", "addresses: [10.0.0.2]")
			     DEVICE("a", "addresses: [10.0.0.3]"),
		SITE ":4: found appliance a again; want it once (a has it on line 2)");
}

static void appliances_refuse_an_address_twice(void **state)
{
	(void)state;
	site_refused(LIST DEVICE("a", "addresses: [10.0.0.1, 10.0.0.1]"),
		SITE ":2: found address 10.0.0.1 again; want it once (a has it on line 2)");
	site_refused(LIST DEVICE("a", "addresses: [\"2001:db8::1\"]")
			     DEVICE("b", "addresses: [10.0.0.1,\n     \"2001:DB8:0::1/128\"]"),
		SITE
		":4: found address 2001:DB8:0::1/128 again; want it once (a has it on line 2)");
}

static void appliances_refuse_a_mac_twice(void **state)
{
	(void)state;
	site_refused(LIST DEVICE("a", "addresses: [10.0.0.1], macs: [\"02:00:00:00:00:0a\"]")
			     DEVICE("b", "addresses: [10.0.0.2], macs: [0200.0000.000A]"),
		SITE
		":3: found MAC address 0200.0000.000A again; want it once (a has it on line 2)");
}

static void appliances_refuse_overlapping_addresses_of_two_roles(void **state)
{
	(void)state;
	site_refused(LIST DEVICE("a", "addresses: [10.0.0.0/8]")
			     CENTER("b", "addresses: [10.9.8.7]"),
		SITE ":3: found 10.9.8.7 of management-center b overlapping 10.0.0.0/8 of "
		     "managed-device a (line 2); want addresses of two roles apart");
	site_refused(LIST CENTER("b", "addresses: [\"2001:db8:7::/48\"]")
			     DEVICE("a", "addresses: [\"2001:db8::/32\"]"),
		SITE ":3: found 2001:db8::/32 of managed-device a overlapping 2001:db8:7::/48 of "
		     "management-center b (line 2); want addresses of two roles apart");
}

static void appliances_find_an_overlap_behind_closed_networks(void **state)
{
	(void)state;
	site_refused(LIST DEVICE("a", "addresses: [10.0.0.0/8, 10.1.0.0/16, 10.1.1.0/24]")
			     CENTER("b", "addresses: [10.2.0.1]"),
		SITE ":3: found 10.2.0.1 of management-center b overlapping 10.0.0.0/8 of "
		     "managed-device a (line 2); want addresses of two roles apart");
}

static void appliances_let_the_longest_prefix_of_one_role_win(void **state)
{
	struct ruleset *ruleset = site_opens(LIST DEVICE("wide", "addresses: [10.0.0.0/8]") DEVICE(
		"narrow", "addresses: [10.1.0.0/16]") DEVICE("one", "addresses: [10.1.2.3]"));

	(void)state;
	assert_int_equal(owner_of(ruleset, "10.2.0.1"), 0);
	assert_int_equal(owner_of(ruleset, "10.1.0.1"), 1);
	assert_int_equal(owner_of(ruleset, "10.1.2.3"), 2);
	assert_int_equal(owner_of(ruleset, "11.0.0.1"), APPLIANCE_NONE);
	ruleset_close(ruleset);
}

static void appliances_keep_versions_apart(void **state)
{
	struct ruleset *ruleset = site_opens(LIST CENTER("a", "addresses: [0.0.0.0/8]")
			DEVICE("b", "addresses: [\"::/8\", \"::1\"]"));

	(void)state;
	assert_int_equal(owner_of(ruleset, "0.0.0.1"), 0);
	assert_int_equal(owner_of(ruleset, "::1"), 1);
	ruleset_close(ruleset);
}

static void appliances_keep_names_roles_and_macs(void **state)
{
	struct ruleset *ruleset = site_opens(
		LIST CENTER("fmc", "addresses: [10.0.0.1, \"2001:db8::/64\"]")
			DEVICE("ftd", "addresses: [10.0.0.2], macs: [\"02:00:00:00:00:07\"]"));
	const struct inventory *inventory = ruleset->policy->inventory;

	(void)state;
	assert_int_equal(ruleset->appliances, 2);
	assert_string_equal(ruleset->appliance[0].name, "fmc");
	assert_string_equal(ruleset->appliance[0].address[1], "2001:db8::/64");
	assert_int_equal(ruleset->appliance[1].role, ROLE_MANAGED_DEVICE);
	assert_string_equal(ruleset->appliance[1].mac[0], "02:00:00:00:00:07");
	assert_int_equal(inventory_count(inventory), 2);
	assert_int_equal(inventory_class(inventory, 0), ROLE_MANAGEMENT_CENTER);
	assert_int_equal(inventory_find_mac(inventory, 0x020000000007), 1);
	assert_int_equal(inventory_find_mac(inventory, 0x020000000008), APPLIANCE_NONE);
	ruleset_close(ruleset);
}

static void appliances_leave_out_what_a_network_excepts(void **state)
{
	struct ruleset *ruleset = site_opens("groups: {jump: [10.20.9.0-10.20.9.7]}\n" LIST DEVICE(
		"branches", "addresses: [10.20.0.0/16], except: [10.20.0.5, jump, 10.20.3.0/24]")
			CENTER("fmc", "addresses: [10.20.0.5]")
				DEVICE("lone", "addresses: [10.20.3.9]"));

	(void)state;
	assert_int_equal(owner_of(ruleset, "10.20.0.4"), 0);
	assert_int_equal(owner_of(ruleset, "10.20.0.5"), 1);
	assert_int_equal(owner_of(ruleset, "10.20.9.7"), APPLIANCE_NONE);
	assert_int_equal(owner_of(ruleset, "10.20.9.8"), 0);
	assert_int_equal(owner_of(ruleset, "10.20.3.1"), APPLIANCE_NONE);
	assert_int_equal(owner_of(ruleset, "10.20.3.9"), 2);
	ruleset_close(ruleset);
}

static void appliances_refuse_an_exception_that_takes_nothing_or_all_out(void **state)
{
	(void)state;
	site_refused(LIST DEVICE("a", "addresses: [10.20.0.0/16], except: [10.30.0.1]"),
		SITE ":2: found 10.30.0.1 for except, which is in none of the networks of a; want "
		     "a part of one of them");
	site_refused(LIST DEVICE("a", "addresses: [10.20.0.0/16], except: [10.20.0.0/16]"),
		SITE ":2: found 10.20.0.0/16 for except, which is in none of the networks of a; "
		     "want a part of one of them");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appliances_leave_out_what_a_network_excepts),
		cmocka_unit_test(appliances_refuse_an_exception_that_takes_nothing_or_all_out),
		cmocka_unit_test(appliances_refuse_an_appliance_twice),
		cmocka_unit_test(appliances_refuse_an_address_twice),
		cmocka_unit_test(appliances_refuse_a_mac_twice),
		cmocka_unit_test(appliances_refuse_overlapping_addresses_of_two_roles),
		cmocka_unit_test(appliances_find_an_overlap_behind_closed_networks),
		cmocka_unit_test(appliances_let_the_longest_prefix_of_one_role_win),
		cmocka_unit_test(appliances_keep_versions_apart),
		cmocka_unit_test(appliances_keep_names_roles_and_macs),
	};

	return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
