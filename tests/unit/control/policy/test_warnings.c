#include "control/config_fixture.h"

/* --- what a site is warned of ---------------------------------------------------------------- */

static void warned(const char *site, const char *want)
{
	struct ruleset *c = site_opens(site);
	bool found = false;

	for (size_t i = 0; i < c->warnings; i++)
		found |= strcmp(c->warning[i], want) == 0;
	for (size_t i = 0; !found && i < c->warnings; i++)
		print_error("have: %s\n", c->warning[i]);
	if (!found)
		print_error("want: %s\n", want);
	assert_true(found);
	ruleset_close(c);
}

static void not_warned(const char *site)
{
	struct ruleset *c = site_opens(site);

	for (size_t i = 0; i < c->warnings; i++)
		print_error("have: %s\n", c->warning[i]);
	assert_int_equal(c->warnings, 0);
	ruleset_close(c);
}

#define CENTER "  - {name: fmc, role: management-center, addresses: [10.10.0.5]}\n"
#define DEVICE(more) "  - {name: a, role: managed-device, addresses: [10.20.0.0/16]" more "}\n"
#define EXTRA(ports, more)                                                                         \
	"extra_rules:\n  - {role: managed-device, direction: outbound, ports: [" ports             \
	"], transport: tcp, feature: x" more "}\n"

static void warnings_tell_what_has_no_effect(void **state)
{
	(void)state;
	warned("groups: {admins: [10.0.0.1]}\nappliances:\n" CENTER,
		"groups: admins has no effect: nothing names it");
	warned("appliances:\n" DEVICE(", features: {syslog-audit: {enabled: yes}}"),
		"a: features: syslog-audit has no effect: it is so for the whole site");
	warned("appliances:\n" DEVICE(", features: {web-interface: {enabled: no}}"),
		"a: features: web-interface has no effect: it has no rule for a managed-device of "
		"cloud-delivered");
	warned("appliances:\n" CENTER DEVICE(", managers: [fmc], profile: locally-managed-device"),
		"a: managers: have no effect: profile locally-managed-device has no appliance "
		"communications");
	warned("groups: {others: [10.9.0.0/24]}\nappliances:\n" DEVICE(", except: [others]"),
		"a: except: has no effect: none of it is in its networks");
	warned("appliances:\n" DEVICE("") EXTRA("443", ", service: tls"),
		"managed-device/outbound/443/tcp for x: has no effect: internet is documented "
		"there for anybody");
}

static void warnings_tell_what_opens_more_than_it_says(void **state)
{
	(void)state;
	warned("appliances:\n" DEVICE("") EXTRA("20000-30000", ""),
		"managed-device/outbound/20000-30000/tcp for x: opens 10001 ports to anybody; "
		"peers "
		"would say to whom");
	warned("appliances:\n" DEVICE("") EXTRA("8305", ""),
		"managed-device/outbound/8305/tcp: anybody may use it all the same: "
		"appliance-communications is switched off or bound to peers, and x is not");
}

static void warnings_tell_of_a_feature_whose_port_others_keep_open(void **state)
{
	static const char *const how[] = {"{peers: [10.1.1.0/24]}", "{enabled: false}"};
	char site[512];

	(void)state;
	for (size_t i = 0; i < sizeof(how) / sizeof(*how); i++) {
		snprintf(site, sizeof(site), "appliances:\n%sfeatures: {web-interface: %s}\n",
			CENTER, how[i]);
		warned(site,
			"management-center/inbound/443/tcp: anybody may use it all the same: "
			"web-interface is switched off or bound to peers, and packet-analyzer, "
			"rest-api, secure-endpoint are not");
	}
	not_warned("appliances:\n" CENTER
		   "ports:\n  - {role: management-center, direction: inbound, port: 443/tcp, "
		   "peers: [10.1.1.0/24]}\n");
}

static void warnings_tell_what_is_never_reached(void **state)
{
	(void)state;
	warned("appliances:\n" CENTER "features: {web-interface: {peers: [10.1.0.0/16]}}\n"
	       "ports:\n  - {role: management-center, direction: inbound, port: 443/tcp, peers: "
	       "[10.2.0.0/16]}\n",
		"management-center/inbound/443/tcp for web-interface: is never reached: its peers "
		"and those of the port have no address in common");
}

static void warnings_are_none_where_all_is_said_well(void **state)
{
	(void)state;
	not_warned("groups: {admins: [10.9.0.0/24]}\nappliances:\n" CENTER DEVICE(
		", managers: [fmc], data_addresses: [203.0.113.1], features: {captive-portal: "
		"{enabled: no}}") EXTRA("20000-20010",
		", peers: [admins]") "pairs:\n  - {between: [a, a], feature: failover-link}\n");
}

static void warnings_of_many_classes_are_told_once(void **state)
{
	struct ruleset *c = site_opens(
		"appliances:\n" CENTER
		"  - {name: a, role: managed-device, addresses: [10.20.0.1], "
		"managers: [fmc]}\n  - {name: b, role: managed-device, addresses: [10.20.0.2]}\n"
		"features: {rest-api: {enabled: no}}\n");
	size_t inbound = 0;

	(void)state;
	for (size_t i = 0; i < c->warnings; i++)
		inbound += strncmp(c->warning[i], "managed-device/inbound/443/tcp", 30) == 0;
	assert_int_equal(inbound, 1);
	ruleset_close(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(warnings_tell_what_has_no_effect),
		cmocka_unit_test(warnings_tell_what_opens_more_than_it_says),
		cmocka_unit_test(warnings_tell_of_a_feature_whose_port_others_keep_open),
		cmocka_unit_test(warnings_tell_what_is_never_reached),
		cmocka_unit_test(warnings_are_none_where_all_is_said_well),
		cmocka_unit_test(warnings_of_many_classes_are_told_once),
	};
	return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
