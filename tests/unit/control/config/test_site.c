#include "control/config_fixture.h"

#include <errno.h>

#define APPLIANCE(fields) "appliances:\n  - {" fields "}\n"

static void site_refuses_an_unknown_key_and_says_what_was_meant(void **state)
{
	(void)state;
	site_refused("flow: {max: 1}\ncaptur: {}\n",
		SITE ":2: found unknown key \"captur\"; want \"capture\"");
	site_refused("# nothing like it\nbogus: 1\n",
		SITE ":2: found unknown key \"bogus\"; want one of profile, groups, appliances, "
		     "features, ports, extra_rules, pairs, protocols, implied, capture, flow, "
		     "outputs, store, evidence");
	site_refused("flow:\n  timeouts:\n    tcp: 1s\n",
		SITE ":3: found unknown key \"tcp\" in timeouts; want one of tcp_attempt, "
		     "tcp_established, tcp_closed, udp_one_way, udp_two_way, ike, other");
}

static void site_refuses_an_unknown_feature(void **state)
{
	(void)state;
	site_refused("features:\n  captive-protal: {enabled: false}\n", SITE
		":2: found unknown key \"captive-protal\" in features; want \"captive-portal\"");
}

static void site_refuses_an_unknown_key_of_a_feature(void **state)
{
	(void)state;
	site_refused("features:\n  ldap: {enable: no}\n",
		SITE ":2: found unknown key \"enable\" in ldap; want \"enabled\"");
}

static void site_refuses_a_word_that_is_neither_yes_nor_no(void **state)
{
	(void)state;
	site_refused("features:\n  ldap:\n    enabled: flase\n",
		SITE ":3: found \"flase\" for enabled; want \"false\"");
	site_refused("capture: {deduplicate: maybe}\n", SITE
		":1: found \"maybe\" for deduplicate; want one of true, yes, on, false, no, off");
}

static void site_refuses_a_bad_address(void **state)
{
	(void)state;
	site_refused(APPLIANCE("name: a, role: managed-device,\n     addresses: [10.0.0.256]"),
		SITE ":3: found \"10.0.0.256\" for addresses; want an address such as 10.10.0.5 or "
		     "2001:db8::5, or a network such as 10.20.0.0/16");
	site_refused(APPLIANCE("name: a, role: managed-device, addresses: [10.0.0.0/33]"), SITE
		":2: found \"10.0.0.0/33\" for addresses; want an address such as 10.10.0.5 or "
		"2001:db8::5, or a network such as 10.20.0.0/16");
}

static void site_refuses_host_bits_and_names_the_network(void **state)
{
	(void)state;
	site_refused(APPLIANCE("name: a, role: managed-device, addresses: [10.20.1.7/16]"),
		SITE ":2: found \"10.20.1.7/16\" for addresses; want the network 10.20.0.0/16, or "
		     "10.20.1.7 alone for one address");
	site_refused("features:\n  ldap: {peers: [\"2001:db8::1/32\"]}\n",
		SITE ":2: found \"2001:db8::1/32\" for peers; want the network 2001:db8::/32, or "
		     "2001:db8::1 alone for one address");
}

static void site_refuses_a_bad_mac(void **state)
{
	(void)state;
	site_refused(APPLIANCE("name: a, role: managed-device, addresses: [10.0.0.1],\n"
			       "     macs: [\"02:00:00:00:00\"]"),
		SITE ":3: found \"02:00:00:00:00\" for macs; want a MAC address such as "
		     "\"02:00:00:00:00:07\"");
}

static void site_refuses_an_appliance_without_addresses(void **state)
{
	(void)state;
	site_refused(APPLIANCE("name: a, role: managed-device"),
		SITE ":2: found no addresses in an entry of appliances; want addresses: a list of "
		     "addresses or networks such as 10.20.0.0/16");
	site_refused(APPLIANCE("name: a, role: managed-device, addresses: []"),
		SITE ":2: found an empty list for addresses; want a list of addresses or networks "
		     "such as 10.20.0.0/16");
}

static void site_refuses_an_unknown_role(void **state)
{
	(void)state;
	site_refused(APPLIANCE("name: a, role: manager, addresses: [10.0.0.1]"), SITE
		":2: found \"manager\" for role; want one of management-center, managed-device");
}

static void site_refuses_a_row_moved_that_is_not_configurable(void **state)
{
	(void)state;
	site_refused("features:\n  ssh:\n    ports:\n      22/tcp: 2222/tcp\n", SITE
		":4: found ssh moved from 22/tcp, which is not configurable; want the documented "
		"port, or an entry in extra_rules");
}

static void site_refuses_a_port_moved_onto_another_rules_port(void **state)
{
	(void)state;
	site_refused("features:\n  ldap:\n    ports: {389/tcp: 25/tcp}\n", SITE
		":3: found ldap moved to 25/tcp, which is management-center outbound for email "
		"already; want a port that no rule has");
}

static void site_refuses_a_port_moved_onto_a_row_of_the_same_feature(void **state)
{
	(void)state;
	site_refused("features:\n  radius: {ports: {1812/udp: 1813/udp}}\n",
		SITE ":2: found radius moved to 1813/udp, which is management-center outbound for "
		     "radius already; want a port that no rule has");
}

static void site_refuses_a_port_moved_onto_an_extra_rules_port(void **state)
{
	(void)state;
	site_refused("features:\n  ldap: {ports: {389/tcp: 3890/tcp}}\nextra_rules:\n"
		     "  - {role: managed-device, direction: outbound, port: 3890, transport: tcp,\n"
		     "     feature: other}\n",
		SITE ":2: found ldap moved to 3890/tcp, which is managed-device outbound for other "
		     "already; want a port that no rule has");
}

static void site_refuses_a_move_that_changes_the_transport(void **state)
{
	(void)state;
	site_refused("features:\n  radius:\n    ports:\n      1812/udp: 1645/tcp\n", SITE
		":4: found \"1645/tcp\" for 1812/udp; want 1645/udp: a move keeps the transport");
}

static void site_refuses_a_move_of_a_port_that_the_feature_does_not_have(void **state)
{
	(void)state;
	site_refused("features:\n  radius: {ports: {1822/udp: 1645/udp}}\n",
		SITE ":2: found unknown key \"1822/udp\" in ports; want \"1812/udp\"");
}

static void site_refuses_a_port_out_of_range(void **state)
{
	(void)state;
	site_refused("features:\n  radius: {ports: {1812/udp: 65536/udp}}\n",
		SITE ":2: found \"65536/udp\" for 1812/udp; want a port from 1 to 65535 and its "
		     "transport such as 1812/udp");
	site_refused(
		"extra_rules:\n  - {role: managed-device, direction: inbound, transport: tcp,\n"
		"     port: 0, feature: x}\n",
		SITE ":3: found \"0\" for port; want a port from 1 to 65535");
}

static void site_refuses_peers_that_are_no_addresses(void **state)
{
	(void)state;
	site_refused("features:\n  ldap: {peers: inventry}\n", SITE
		":2: found \"inventry\" for peers; want any, inventory or a list of up to 1024 "
		"addresses, networks, ranges and groups such as [10.1.1.0/24]");
	site_refused("features:\n  ldap: {peers: []}\n", SITE
		":2: found an empty list for peers; want any, inventory or a list of up to 1024 "
		"addresses, networks, ranges and groups such as [10.1.1.0/24]");
	site_refused("features:\n  ldap: {peers: [10.1.1.1, {a: b}]}\n",
		SITE ":2: found a mapping for peers; want an address such as 10.10.0.5 or "
		     "2001:db8::5, or a network such as 10.20.0.0/16");
}

static void site_refuses_a_bad_duration(void **state)
{
	(void)state;
	site_refused("capture:\n  warmup: 60\n",
		SITE ":2: found \"60\" for warmup; want a duration up to 3650d such as 500ms, 60s, "
		     "5m, 1h or 2d");
	site_refused("flow:\n  timeouts:\n    ike: 0s\n",
		SITE ":3: found \"0s\" for ike; want a duration above 0 and up to 3650d such as "
		     "500ms, 60s, 5m, 1h or 2d");
}

static void site_refuses_a_bad_protocol(void **state)
{
	(void)state;
	site_refused("protocols:\n  not_covered: [gree]\n", SITE
		":2: found \"gree\" for not_covered; want an IP protocol by name such as gre, or "
		"by number from 0 to 255");
	site_refused("protocols:\n  unexpected: [256]\n", SITE
		":2: found \"256\" for unexpected; want an IP protocol by name such as gre, or "
		"by number from 0 to 255");
	site_refused("protocols:\n  unexpected: [udp]\n", SITE
		":2: found \"udp\" for unexpected; want a protocol without ports: ports are what "
		"rules are for");
}

static void site_refuses_a_protocol_named_twice(void **state)
{
	(void)state;
	site_refused("protocols:\n  not_covered: [gre]\n  unexpected: [47]\n",
		SITE ":3: found \"47\" for unexpected; want each protocol once (it is on line 2)");
}

static void site_refuses_a_number_of_flows_out_of_range(void **state)
{
	(void)state;
	site_refused("flow: {max: 0}\n",
		SITE ":1: found \"0\" for max; want a number of flows from 1 to 67108864");
	site_refused("flow: {max: 67108865}\n",
		SITE ":1: found \"67108865\" for max; want a number of flows from 1 to 67108864");
}

static void site_takes_the_largest_number_of_flows(void **state)
{
	struct settings *settings = site_settings("flow: {max: 67108864}\n");

	(void)state;
	assert_int_equal(settings->flow_max, 1u << 26);
	settings_free(settings);
}

static void site_refuses_an_unknown_profile_and_says_which_exist(void **state)
{
	(void)state;
	site_refused("# site\nprofile: nope\n",
		SITE ":2: found unknown profile \"nope\"; want one of cloud-delivered, "
		     "cloud-managed-device, legacy-6, locally-managed-device, on-premises-7, or a "
		     "path to one");
	site_refused("profile: on-premises-6\n", SITE
		":1: found unknown profile \"on-premises-6\"; want \"on-premises-7\", or a path "
		"to one");
}

static void site_refuses_an_extra_rule_that_is_documented(void **state)
{
	static const char text[] = "extra_rules:\n  - {role: managed-device, direction: inbound,\n"
				   "     port: 22, transport: tcp, feature: ssh}\n";
	struct errors errors = {0};
	struct ruleset *ruleset;

	(void)state;
	assert_int_equal(
		ruleset_parse_site(&ruleset, NULL, SITE, text, strlen(text), &errors), -EINVAL);
	assert_ptr_equal(
		strstr(errors.text, SITE ":2: found extra rule managed-device/inbound/22/tcp "
					 "for ssh, which is at " FIXTURE_CONFIGS
					 "/profiles/cloud-delivered.yaml:"),
		errors.text);
}

static void site_refuses_an_extra_rule_twice(void **state)
{
	(void)state;
	site_refused("extra_rules:\n"
		     "  - {role: managed-device, direction: inbound, port: 23,\n"
		     "     transport: tcp, feature: telnet}\n"
		     "  - {role: managed-device, direction: inbound, port: 23,\n"
		     "     transport: tcp, feature: telnet}\n",
		SITE
		":4: found extra rule managed-device/inbound/23/tcp for telnet, which is at " SITE
		":2 already; want each rule once");
}

static void site_refuses_an_extra_rule_with_an_unknown_service(void **state)
{
	(void)state;
	site_refused("extra_rules:\n  - {role: managed-device, direction: inbound, port: 23,\n"
		     "     transport: tcp, feature: x, service: [tls, sssh]}\n",
		SITE ":3: found \"sssh\" for service; want \"ssh\"");
}

static void site_refuses_unknown_outputs(void **state)
{
	(void)state;
	site_refused("outputs: {file: x}\n",
		SITE ":1: found unknown key \"file\" in outputs; want one of events, metrics, "
		     "control, window, silence");
}

static void site_refuses_a_key_without_a_value(void **state)
{
	(void)state;
	site_refused("capture:\n", SITE ":1: found nothing for capture; want a mapping");
}

static void site_tells_every_mistake_at_once(void **state)
{
	static const char text[] = "flow: {max: x}\ncapture: {warmup: y}\nfeatures:\n"
				   "  ldap: {peers: z}\n";

	(void)state;
	site_refused(
		text, SITE ":1: found \"x\" for max; want a number of flows from 1 to 67108864");
	site_refused(text, SITE ":2: found \"y\" for warmup; want a duration up to 3650d such as "
				"500ms, 60s, 5m, 1h or 2d");
	site_refused(text,
		SITE ":4: found \"z\" for peers; want any, inventory or a list of up to "
		     "1024 addresses, networks, ranges and groups such as [10.1.1.0/24]");
}

static void site_without_anything_has_the_documented_defaults(void **state)
{
	struct settings *settings;
	struct ruleset *ruleset = fixture_open("{}\n", NULL, &settings);
	const struct flow_timeouts *t = &ruleset->timeouts;

	(void)state;
	assert_string_equal(ruleset->profile, "cloud-delivered");
	assert_int_equal(ruleset->appliances, 0);
	assert_int_equal(ruleset->warmup_ns, 60000000000);
	assert_string_equal(settings->capture.source, "auto");
	assert_false(settings->capture.deduplicate);
	assert_int_equal(settings->flow_max, 1048576);
	assert_int_equal(t->tcp_attempt_ns, 30000000000);
	assert_int_equal(t->tcp_established_ns, 3600000000000);
	assert_int_equal(t->tcp_closed_ns, 5000000000);
	assert_int_equal(t->udp_one_way_ns, 60000000000);
	assert_int_equal(t->udp_two_way_ns, 180000000000);
	assert_int_equal(t->ike_ns, 3600000000000);
	assert_int_equal(t->other_ns, 60000000000);
	settings_free(settings);
	ruleset_close(ruleset);
}

static void site_takes_every_setting(void **state)
{
	struct settings *settings;
	struct ruleset *ruleset = fixture_open(
		"capture:\n  source: dpdk\n  interfaces: [eth1, eth2]\n  warmup: 500ms\n"
		"  deduplicate: yes\n  mirror_endpoints: [10.9.0.1, \"2001:db8::/64\"]\n"
		"  dpdk: {devices: [\"0000:03:00.0\"], lcores: \"1-4\", eal: [--no-huge]}\n"
		"flow: {max: 7, timeouts: {tcp_attempt: 1s, tcp_established: 2m, tcp_closed: 3ms,\n"
		"  udp_one_way: 4h, udp_two_way: 5d, ike: 6s, other: 7s}}\noutputs: {}\n",
		NULL, &settings);
	const struct capture_settings *c = &settings->capture;

	(void)state;
	assert_string_equal(c->source, "dpdk");
	assert_int_equal(c->interfaces, 2);
	assert_string_equal(c->interface[1], "eth2");
	assert_int_equal(ruleset->warmup_ns, 500000000);
	assert_true(c->deduplicate);
	assert_int_equal(ruleset->mirror_endpoints, 2);
	assert_int_equal(ruleset->mirror_endpoint[1].length, 64);
	assert_string_equal(c->dpdk_device[0], "0000:03:00.0");
	assert_string_equal(c->dpdk_lcores, "1-4");
	assert_string_equal(c->dpdk_eal[0], "--no-huge");
	assert_int_equal(settings->flow_max, 7);
	assert_int_equal(ruleset->timeouts.tcp_attempt_ns, 1000000000);
	assert_int_equal(ruleset->timeouts.tcp_established_ns, 120000000000);
	assert_int_equal(ruleset->timeouts.tcp_closed_ns, 3000000);
	assert_int_equal(ruleset->timeouts.udp_one_way_ns, 14400000000000);
	assert_int_equal(ruleset->timeouts.udp_two_way_ns, 432000000000000);
	assert_int_equal(ruleset->timeouts.ike_ns, 6000000000);
	assert_int_equal(ruleset->timeouts.other_ns, 7000000000);
	settings_free(settings);
	ruleset_close(ruleset);
}

static void site_shipped_as_an_example_opens(void **state)
{
	struct errors errors = {0};
	struct ruleset *ruleset;

	(void)state;
	assert_int_equal(
		ruleset_open(&ruleset, NULL, FIXTURE_CONFIGS "/sites/example.yaml", NULL, &errors),
		0);
	assert_int_equal(ruleset->appliances, 4);
	/* Four are implied. */
	assert_int_equal(ruleset->class[0].rules + ruleset->class[1].rules, 52 + 4);
	assert_int_equal(
		ruleset->policy->classes, 5); /* fmc-1, branches and their data interfaces */
	assert_int_equal(ruleset->policy->pairs, 1);
	assert_int_equal(ruleset->policy->protocol[1], VERDICT_UNEXPECTED_PROTOCOL);
	assert_int_equal(ruleset->policy->protocol[47], VERDICT_NOT_COVERED);
	assert_int_equal(ruleset->warnings, 0);
	ruleset_close(ruleset);
}

#define EVENTS(sink) "outputs:\n  events:\n    - {" sink "}\n"

static void site_refuses_a_sink_that_lacks_something(void **state)
{
	(void)state;
	site_refused(EVENTS("kind: json"), SITE ":3: a json sink without path");
	site_refused(EVENTS("kind: syslog"), SITE ":3: a syslog sink without address");
	site_refused(EVENTS("kind: json, path: x, ca: y"), SITE ":3: ca is nothing of a json sink");
	site_refused(EVENTS("kind: syslog, address: \"collector:514\""),
		SITE ":3: found \"collector:514\" for address; want udp://host:port, "
		     "tcp://host:port or tls://host:port");
	site_refused(EVENTS("kind: syslog, address: \"tcp://c:514\", ca: x"),
		SITE ":3: found \"tcp://c:514\" for address; want tls://host:port, since "
		     "certificates are named");
	site_refused(EVENTS("kind: json, path: x, rotate: 5 apples"), SITE
		":3: found \"5 apples\" for rotate; want a size such as 100MB, or 0 for never");
}

static void site_refuses_metrics_for_everybody(void **state)
{
	(void)state;
	site_refused("outputs: {metrics: {listen: \"0.0.0.0:9464\"}}\n",
		SITE ":1: found \"0.0.0.0:9464\" for listen; want 127.0.0.1:port, or token_file, "
		     "certificate and key beside it: metrics name the appliances");
	site_refused("outputs: {metrics: {listen: nowhere}}\n",
		SITE ":1: found \"nowhere\" for listen; want an address and a port such as "
		     "127.0.0.1:9464");
}

static void site_reads_outputs(void **state)
{
	struct settings *settings =
		site_settings(EVENTS("kind: json, path: a.jsonl, rotate: 2MiB, keep: 3, "
				     "flows: yes") "    - {kind: syslog, "
						   "address: \"tls://[::1]:6514\", ca: "
						   "ca.pem, format: cef}\n  metrics: {}\n"
						   "  window: 5m\n");
	const struct output_settings *o = &settings->outputs;

	(void)state;
	assert_int_equal(o->sinks, 2);
	assert_int_equal(o->sink[0].kind, SINK_JSON);
	assert_string_equal(o->sink[0].value[SINK_KEY_PATH], "a.jsonl");
	assert_string_equal(o->sink[0].value[SINK_KEY_ROTATE], "2MiB");
	assert_string_equal(o->sink[0].value[SINK_KEY_KEEP], "3");
	assert_true(o->sink[0].flows);
	assert_int_equal(o->sink[1].kind, SINK_SYSLOG);
	assert_int_equal(o->sink[1].format, SINK_AS_CEF);
	assert_string_equal(o->sink[1].value[SINK_KEY_CA], "ca.pem");
	assert_false(o->sink[1].flows);
	assert_string_equal(o->metrics_listen, "127.0.0.1:9464");
	assert_true(o->window_ns == 300000000000u);
	settings_free(settings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(site_refuses_an_unknown_key_and_says_what_was_meant),
		cmocka_unit_test(site_refuses_an_unknown_feature),
		cmocka_unit_test(site_refuses_an_unknown_key_of_a_feature),
		cmocka_unit_test(site_refuses_a_word_that_is_neither_yes_nor_no),
		cmocka_unit_test(site_refuses_a_bad_address),
		cmocka_unit_test(site_refuses_host_bits_and_names_the_network),
		cmocka_unit_test(site_refuses_a_bad_mac),
		cmocka_unit_test(site_refuses_an_appliance_without_addresses),
		cmocka_unit_test(site_refuses_an_unknown_role),
		cmocka_unit_test(site_refuses_a_row_moved_that_is_not_configurable),
		cmocka_unit_test(site_refuses_a_port_moved_onto_another_rules_port),
		cmocka_unit_test(site_refuses_a_port_moved_onto_a_row_of_the_same_feature),
		cmocka_unit_test(site_refuses_a_port_moved_onto_an_extra_rules_port),
		cmocka_unit_test(site_refuses_a_move_that_changes_the_transport),
		cmocka_unit_test(site_refuses_a_move_of_a_port_that_the_feature_does_not_have),
		cmocka_unit_test(site_refuses_a_port_out_of_range),
		cmocka_unit_test(site_refuses_peers_that_are_no_addresses),
		cmocka_unit_test(site_refuses_a_bad_duration),
		cmocka_unit_test(site_refuses_a_bad_protocol),
		cmocka_unit_test(site_refuses_a_protocol_named_twice),
		cmocka_unit_test(site_refuses_a_number_of_flows_out_of_range),
		cmocka_unit_test(site_takes_the_largest_number_of_flows),
		cmocka_unit_test(site_refuses_an_unknown_profile_and_says_which_exist),
		cmocka_unit_test(site_refuses_an_extra_rule_that_is_documented),
		cmocka_unit_test(site_refuses_an_extra_rule_twice),
		cmocka_unit_test(site_refuses_an_extra_rule_with_an_unknown_service),
		cmocka_unit_test(site_refuses_unknown_outputs),
		cmocka_unit_test(site_refuses_a_key_without_a_value),
		cmocka_unit_test(site_tells_every_mistake_at_once),
		cmocka_unit_test(site_without_anything_has_the_documented_defaults),
		cmocka_unit_test(site_takes_every_setting),
		cmocka_unit_test(site_shipped_as_an_example_opens),
		cmocka_unit_test(site_refuses_a_sink_that_lacks_something),
		cmocka_unit_test(site_refuses_metrics_for_everybody),
		cmocka_unit_test(site_reads_outputs),
	};

	return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
