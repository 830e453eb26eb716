#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "control/record_fixture.h"
#include "record/event.h"
#include "record/technique.h"

#define NARROW                                                                                     \
	RECORD_SITE                                                                                \
	"features: {ssh: {peers: [192.0.2.0/24]}, snmp-polling: {peers: [192.0.2.0/24]}}\n"

struct flow {
	const char *from, *to;
	uint8_t protocol;
	uint16_t port;
	enum connection connection;
	enum service service;
};

static const struct event_finding one = {.flows = 1};

static const char *technique(struct flow f, const struct event_finding *finding)
{
	static char text[16];
	struct ruleset *ruleset = site_opens(NARROW);
	struct record r = record_between(ruleset, f.from, f.to, f.protocol, f.port, 0, SECOND);
	const char *id;

	r.connection = (uint8_t)f.connection;
	r.service = (uint8_t)f.service;
	id = technique_of(ruleset, &r, finding);
	snprintf(text, sizeof(text), "%s", id ? id : "none");
	ruleset_close(ruleset);
	return text;
}

#define DEVICE "10.2.0.1"
#define STRANGER "198.51.100.9"

static void a_single_syn_that_nobody_answers_is_no_technique(void **state)
{
	(void)state;
	assert_string_equal(technique((struct flow){DEVICE, STRANGER, IPPROTO_TCP, 4444,
					      CONNECTION_ATTEMPTED, SERVICE_COUNT},
				    &one),
		"none");
	assert_string_equal(technique((struct flow){STRANGER, DEVICE, IPPROTO_TCP, 4444,
					      CONNECTION_REFUSED, SERVICE_COUNT},
				    &one),
		"none");
}

static void talk_on_a_port_of_no_row_is_a_non_standard_port(void **state)
{
	(void)state;
	assert_string_equal(technique((struct flow){DEVICE, STRANGER, IPPROTO_TCP, 4444,
					      CONNECTION_ESTABLISHED, SERVICE_COUNT},
				    &one),
		"T1571");
	assert_string_equal(technique((struct flow){DEVICE, STRANGER, IPPROTO_TCP, 2222,
					      CONNECTION_ESTABLISHED, SERVICE_SSH},
				    &one),
		"T1571");
}

static void ssh_on_its_own_port_is_no_non_standard_port(void **state)
{
	(void)state;
	assert_string_equal(technique((struct flow){DEVICE, STRANGER, IPPROTO_TCP, 22,
					      CONNECTION_ESTABLISHED, SERVICE_SSH},
				    &one),
		"none");
	assert_string_equal(technique((struct flow){STRANGER, DEVICE, IPPROTO_TCP, 22,
					      CONNECTION_ESTABLISHED, SERVICE_SSH},
				    &one),
		"T1021.004");
}

static void a_scan_is_a_discovery(void **state)
{
	const struct event_finding ports = {.flows = 199, .members = 199, .several_ports = true},
				   hosts = {.flows = 40, .members = 40, .several_peers = true};

	(void)state;
	assert_string_equal(technique((struct flow){STRANGER, DEVICE, IPPROTO_TCP, 1,
					      CONNECTION_REFUSED, SERVICE_COUNT},
				    &ports),
		"T1046");
	assert_string_equal(technique((struct flow){DEVICE, STRANGER, IPPROTO_TCP, 4444,
					      CONNECTION_ATTEMPTED, SERVICE_COUNT},
				    &hosts),
		"T1018");
	assert_string_equal(technique((struct flow){STRANGER, DEVICE, IPPROTO_TCP, 4444,
					      CONNECTION_ATTEMPTED, SERVICE_COUNT},
				    &hosts),
		"none");
}

static void other_peers_and_protocols_have_theirs(void **state)
{
	(void)state;
	assert_string_equal(technique((struct flow){STRANGER, DEVICE, IPPROTO_UDP, 161,
					      CONNECTION_TWO_WAY, SERVICE_SNMP},
				    &one),
		"T1602.001");
	assert_string_equal(technique((struct flow){STRANGER, DEVICE, IPPROTO_TCP, 8305,
					      CONNECTION_ESTABLISHED, SERVICE_TLS},
				    &one),
		"T1199");
	assert_string_equal(technique((struct flow){DEVICE, STRANGER, IPPROTO_GRE, 0,
					      CONNECTION_TWO_WAY, SERVICE_COUNT},
				    &one),
		"T1572");
	assert_string_equal(technique((struct flow){DEVICE, STRANGER, 132, 0, CONNECTION_TWO_WAY,
					      SERVICE_COUNT},
				    &one),
		"T1095");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_single_syn_that_nobody_answers_is_no_technique),
		cmocka_unit_test(talk_on_a_port_of_no_row_is_a_non_standard_port),
		cmocka_unit_test(ssh_on_its_own_port_is_no_non_standard_port),
		cmocka_unit_test(a_scan_is_a_discovery),
		cmocka_unit_test(other_peers_and_protocols_have_theirs),
	};

	return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
