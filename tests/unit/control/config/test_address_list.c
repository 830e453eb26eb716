#include "control/config_fixture.h"

#include "base/literal.h"

/* A list of peers, as it is compiled: every prefix, in order. */
static void peers_are(const char *groups, const char *list, const char *want)
{
	char text[4096], found[4096] = "", prefix[PREFIX_TEXT_BYTES];
	struct ruleset *ruleset;
	size_t used = 0;

	snprintf(text, sizeof(text), "%sfeatures: {ldap: {peers: %s}}\n", groups, list);
	ruleset = site_opens(text);
	for (uint32_t i = 0; i < ruleset->policy->peers && used < sizeof(found); i++) {
		format_prefix(&ruleset->policy->peer[i], prefix);
		used += (size_t)snprintf(
			found + used, sizeof(found) - used, "%s%s", i ? " " : "", prefix);
	}
	assert_string_equal(found, want);
	ruleset_close(ruleset);
}

static void a_range_becomes_as_few_networks_as_possible(void **state)
{
	(void)state;
	peers_are("", "[10.9.1.10-10.9.1.20]", "10.9.1.10/31 10.9.1.12/30 10.9.1.16/30 10.9.1.20");
	peers_are("", "[10.0.0.0-10.255.255.255]", "10.0.0.0/8");
	peers_are("", "[0.0.0.0-255.255.255.255]", "0.0.0.0/0");
	peers_are("", "[255.255.255.254-255.255.255.255]", "255.255.255.254/31");
	peers_are("", "[10.0.0.7-10.0.0.7]", "10.0.0.7");
	peers_are("", "[\"2001:db8::1-2001:db8::4\"]", "2001:db8::1 2001:db8::2/127 2001:db8::4");
}

static void a_group_stands_for_its_addresses_and_other_groups(void **state)
{
	(void)state;
	peers_are("groups: {admins: [10.9.0.0/24, jump], jump: 10.9.1.1}\n", "[admins, 192.0.2.1]",
		"10.9.0.0/24 10.9.1.1 192.0.2.1");
}

static void a_group_that_is_not_there_is_refused(void **state)
{
	(void)state;
	site_refused("features: {ldap: {peers: [servers]}}\n",
		SITE ":1: found \"servers\" for peers; want an address such as 10.10.0.5 or "
		     "2001:db8::5, a network such as 10.20.0.0/16, a range, or the name of a group "
		     "under groups:");
	site_refused("groups: {admins: [10.0.0.1]}\nfeatures: {ldap: {peers: [servers]}}\n",
		SITE ":2: found \"servers\" for peers; want an address, a network, a range, or a "
		     "group of the site: admins");
}

static void a_group_within_itself_is_refused(void **state)
{
	(void)state;
	site_refused("groups:\n  a: [b]\n  b: [a]\n",
		SITE ":3: found \"a\" for b; want a group that does not contain itself");
	site_refused("groups: {a: [a]}\n",
		SITE ":1: found \"a\" for a; want a group that does not contain itself");
}

static void a_range_that_runs_backwards_or_mixes_versions_is_refused(void **state)
{
	(void)state;
	site_refused("groups: {a: [10.0.0.9-10.0.0.1]}\n",
		SITE ":1: found \"10.0.0.9-10.0.0.1\" for a; want a range from a lower to a higher "
		     "address such as 10.9.1.10-10.9.1.20");
	site_refused("groups: {a: [\"10.0.0.9-2001:db8::1\"]}\n",
		SITE ":1: found \"10.0.0.9-2001:db8::1\" for a; want a range from a lower to a "
		     "higher address such as 10.9.1.10-10.9.1.20");
}

/* Each group names the one before twice: doubled twenty times it would be a million. */
static void groups_that_double_are_bounded(void **state)
{
	char text[4096];
	size_t used = (size_t)snprintf(text, sizeof(text), "groups:\n  g0: [10.0.0.1, 10.0.0.3]\n");

	(void)state;
	for (unsigned i = 1; i <= 20; i++)
		used += (size_t)snprintf(
			text + used, sizeof(text) - used, "  g%u: [g%u, g%u]\n", i, i - 1, i - 1);
	site_refused(text, SITE
		":18: found \"g15\" for g16; want lists of at most 65536 addresses and networks, "
		"a million in all");
}

static void a_chain_of_groups_is_bounded(void **state)
{
	char text[8192];
	size_t used = (size_t)snprintf(text, sizeof(text), "groups:\n");

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		used += (size_t)snprintf(
			text + used, sizeof(text) - used, "  g%u: [g%u]\n", i, i + 1);
	snprintf(text + used, sizeof(text) - used, "  g100: [10.0.0.1]\n");
	site_refused(
		text, SITE ":17: found \"g16\" for g15; want groups in groups, at most 16 deep");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_range_becomes_as_few_networks_as_possible),
		cmocka_unit_test(a_group_stands_for_its_addresses_and_other_groups),
		cmocka_unit_test(a_group_that_is_not_there_is_refused),
		cmocka_unit_test(a_group_within_itself_is_refused),
		cmocka_unit_test(a_range_that_runs_backwards_or_mixes_versions_is_refused),
		cmocka_unit_test(groups_that_double_are_bounded),
		cmocka_unit_test(a_chain_of_groups_is_bounded),
	};

	return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
