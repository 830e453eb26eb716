#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "control/record_fixture.h"
#include "record/ecs.h"
#include "record/event.h"

static void check(const struct record *r, const struct ruleset *ruleset,
	const struct event_finding *finding, const char *message, const char *rule)
{
	struct ecs ecs = {.ruleset = ruleset, .observer = "sensor"};
	struct event_words words;
	struct event v;

	event_of_record(&v, &ecs, r, &words);
	if (finding)
		event_set_finding(&v, &ecs, finding, &words);
	assert_non_null(v.message);
	if (!strstr(v.message, message))
		fail_msg("found '%s', want '%s'", v.message, message);
	if (rule)
		assert_string_equal(v.rule, rule);
	else
		assert_null(v.rule);
}

static struct record flagged(const struct ruleset *ruleset, const char *from, const char *to,
	uint8_t protocol, uint16_t port)
{
	struct record r = record_between(ruleset, from, to, protocol, port, 0, SECOND);

	r.kind = RECORD_FLAGGED;
	return r;
}

static void a_message_names_both_hosts_the_port_and_why(void **state)
{
	struct ruleset *ruleset = site_opens(RECORD_SITE);
	struct record r = flagged(ruleset, "10.1.0.7", "198.51.100.9", IPPROTO_TCP, 4444);

	(void)state;
	check(&r, ruleset, NULL,
		"ftd (10.1.0.7) to 198.51.100.9, 4444/tcp, established: no rule for outbound",
		NULL);
	ruleset_close(ruleset);
}

static void a_message_says_which_interface_where_the_site_tells_them_apart(void **state)
{
	struct ruleset *ruleset =
		site_opens("appliances:\n"
			   "  - {name: ftd, role: managed-device, addresses: [10.1.0.0/16],\n"
			   "     data_addresses: [203.0.113.0/28]}\n");
	struct record r = flagged(ruleset, "192.0.2.1", "203.0.113.3", IPPROTO_TCP, 22);

	(void)state;
	check(&r, ruleset, NULL, "192.0.2.1 to ftd (data interface 203.0.113.3), 22/tcp", NULL);
	r = flagged(ruleset, "10.1.0.7", "192.0.2.1", IPPROTO_TCP, 4444);
	check(&r, ruleset, NULL, "ftd (management interface 10.1.0.7) to 192.0.2.1, 4444", NULL);
	ruleset_close(ruleset);
}

static void a_message_of_a_scan_says_how_many_ports(void **state)
{
	struct ruleset *ruleset = site_opens(RECORD_SITE);
	struct record r = flagged(ruleset, "198.51.100.9", "10.2.0.1", IPPROTO_TCP, 1);
	const struct event_finding scan = {.state = "repeated",
		.flows = 204,
		.members = 199,
		.port_low = 1,
		.port_high = 200,
		.several_ports = true};

	(void)state;
	r.connection = CONNECTION_REFUSED;
	check(&r, ruleset, &scan,
		"198.51.100.9 to lone (10.2.0.1), 199 ports (1 to 200/tcp), refused: no rule for "
		"these ports of a managed-device; 204 flows",
		NULL);
	ruleset_close(ruleset);
}

static void a_message_of_a_sweep_says_how_many_hosts(void **state)
{
	struct ruleset *ruleset = site_opens(RECORD_SITE);
	struct record r = flagged(ruleset, "10.2.0.1", "198.51.100.9", IPPROTO_TCP, 4444);
	const struct event_finding sweep = {
		.state = "new", .flows = 40, .members = 40, .several_peers = true};

	(void)state;
	check(&r, ruleset, &sweep, "lone (10.2.0.1) to 40 hosts, 4444/tcp, established: no rule",
		NULL);
	ruleset_close(ruleset);
}

static void a_rule_is_named_where_it_exists(void **state)
{
	struct ruleset *ruleset = site_opens(RECORD_SITE "features: {ssh: {enabled: no}}\n");
	struct record r = flagged(ruleset, "198.51.100.9", "10.2.0.1", IPPROTO_TCP, 22);

	(void)state;
	check(&r, ruleset, NULL, "documented for ssh, which is switched off",
		"managed-device/inbound/22/tcp");
	r = flagged(ruleset, "198.51.100.9", "10.2.0.1", IPPROTO_GRE, 0);
	check(&r, ruleset, NULL, "198.51.100.9 to lone (10.2.0.1), gre, two-way: IP protocol gre",
		NULL);
	ruleset_close(ruleset);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_names_both_hosts_the_port_and_why),
		cmocka_unit_test(a_message_says_which_interface_where_the_site_tells_them_apart),
		cmocka_unit_test(a_message_of_a_scan_says_how_many_ports),
		cmocka_unit_test(a_message_of_a_sweep_says_how_many_hosts),
		cmocka_unit_test(a_rule_is_named_where_it_exists),
	};

	return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
