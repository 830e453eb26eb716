#include "control/config_fixture.h"

#define BASE                                                                                       \
	"appliances:\n"                                                                            \
	"  - {name: a, role: management-center, addresses: [10.0.0.1, 10.0.0.2]}\n"                \
	"  - {name: b, role: managed-device, addresses: [10.1.0.0/16],\n"                          \
	"     macs: [\"02:00:00:00:00:07\"]}\n"                                                    \
	"features:\n  ldap: {peers: [10.1.1.0/24, 10.2.0.1]}\n  dns: {enabled: false}\n"

/* The same policy, written differently. */
#define AGAIN                                                                                      \
	"# a comment\n"                                                                            \
	"features:\n  dns: {enabled: no}\n  ldap:\n    peers: [10.2.0.1/32, 10.1.1.0/24]\n"        \
	"appliances:\n"                                                                            \
	"  - {macs: [0200.0000.0007], name: other, addresses: [10.1.0.0/16],\n"                    \
	"     role: managed-device}\n"                                                             \
	"  - {name: b, role: management-center, addresses: [10.0.0.2, 10.0.0.1]}\n"                \
	"profile: cloud-delivered\n"

static void hash_take(char hash[80], struct ruleset *ruleset)
{
	memcpy(hash, ruleset->hash, 80);
	ruleset_close(ruleset);
}

static void hash_differs(const char *site)
{
	char base[80], other[80];

	hash_take(base, site_opens(BASE));
	hash_take(other, site_opens(site));
	assert_string_not_equal(base, other);
}

static void hash_is_the_same(const char *site)
{
	char base[80], other[80];

	hash_take(base, site_opens(BASE));
	hash_take(other, site_opens(site));
	assert_string_equal(base, other);
}

static void policy_hash_is_sha256_in_hexadecimal(void **state)
{
	char hash[80];

	(void)state;
	hash_take(hash, site_opens("{}\n"));
	assert_memory_equal(hash, "sha256:", 7);
	assert_int_equal(strspn(hash + 7, "0123456789abcdef"), 64);
	assert_int_equal(strlen(hash), 71);
}

static void policy_hash_does_not_depend_on_how_it_is_written(void **state)
{
	(void)state;
	hash_is_the_same(AGAIN);
}

static void policy_hash_does_not_depend_on_what_decides_nothing(void **state)
{
	(void)state;
	hash_is_the_same(BASE "flow: {max: 77}\ncapture: {interfaces: [eth7], source: dpdk}\n");
	hash_is_the_same(BASE "flow: {timeouts: {ike: 1h}}\ncapture: {warmup: 1m}\n");
}

static void policy_hash_depends_on_everything_that_decides(void **state)
{
	(void)state;
	hash_differs("{}\n");
	hash_differs(BASE "  ntp: {enabled: no}\n");
	hash_differs(BASE "  ntp: {peers: inventory}\n");
	hash_differs(BASE "  ntp: {peers: [10.0.0.0/8]}\n");
	hash_differs(BASE "  radius: {ports: {1812/udp: 1645/udp}}\n");
	hash_differs(BASE "protocols: {unexpected: [icmp]}\n");
	hash_differs(BASE "capture: {warmup: 61s}\n");
	hash_differs(BASE "capture: {mirror_endpoints: [10.0.0.1]}\n");
	hash_differs(BASE "flow: {timeouts: {tcp_closed: 6s}}\n");
	hash_differs(BASE "profile: on-premises-7\n");
	hash_differs(BASE "implied: flag\n");
	hash_differs(BASE "extra_rules:\n  - {role: managed-device, direction: inbound, port: 1,\n"
			  "     transport: tcp, feature: x}\n");
}

static void policy_hash_of_a_row_depends_on_its_feature_and_service(void **state)
{
	char a[80], b[80], c[80];

	(void)state;
	hash_take(a, profile_opens("name: t\nrows:\n" ROW(
			     "managed-device", "inbound", "1", "tcp", "x", "")));
	hash_take(b, profile_opens("name: t\nrows:\n" ROW(
			     "managed-device", "inbound", "1", "tcp", "y", "")));
	hash_take(
		c, profile_opens("name: t\nrows:\n"
				 "  - {role: managed-device, direction: inbound, port: 1,\n"
				 "     transport: tcp, feature: x, service: ssh, description: d,\n"
				 "     source: s, status: verified}\n"));
	assert_string_not_equal(a, b);
	assert_string_not_equal(a, c);
}

static void policy_hash_ignores_status_and_order_of_rows(void **state)
{
	char a[80], b[80];

	(void)state;
	hash_take(a, profile_opens("name: t\nrows:\n" ROW("managed-device", "inbound", "1", "tcp",
			     "x", "") ROW("managed-device", "inbound", "1", "tcp", "y", "")));
	hash_take(b, profile_opens("name: other\nrows:\n" ROW(
			     "managed-device", "inbound", "1", "tcp", "y", ", required: yes")
				     ROW("managed-device", "inbound", "1", "tcp", "x", "")));
	assert_string_equal(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policy_hash_is_sha256_in_hexadecimal),
		cmocka_unit_test(policy_hash_does_not_depend_on_how_it_is_written),
		cmocka_unit_test(policy_hash_does_not_depend_on_what_decides_nothing),
		cmocka_unit_test(policy_hash_depends_on_everything_that_decides),
		cmocka_unit_test(policy_hash_of_a_row_depends_on_its_feature_and_service),
		cmocka_unit_test(policy_hash_ignores_status_and_order_of_rows),
	};

	return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
