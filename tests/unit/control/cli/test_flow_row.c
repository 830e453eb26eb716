#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/flow_row.h"

#define LONGEST "an-appliance-with-a-name-as-long-as-names-may-be-in-a-site-file"

static const struct terminal_style plain = {"", "", "", "", "", ""};

static json_t *a_flow(const char *appliance, const char *ip)
{
	json_t *flow = json_pack("{s:{s:s, s:i}, s:{s:s, s:i}, s:{s:s, s:I, s:I}}", "source", "ip",
		ip, "port", 40000, "destination", "ip", "203.0.113.9", "port", 65535, "network",
		"transport", "tcp", "packets", (json_int_t)4000000000, "bytes",
		(json_int_t)5000000000000);

	json_object_set_new(flow, "event",
		json_pack("{s:s, s:s, s:i}", "start", "2026-01-01T00:00:00.000000000Z", "end",
			"2026-01-01T03:00:00.000000000Z", "severity", 3));
	json_object_set_new(flow, "portolan",
		json_pack("{s:s, s:s, s:{s:s}, s:{s:I, s:I, s:f, s:f}, s:[{s:s, s:s}]}", "verdict",
			"unexpected-protocol", "connection", "established", "service", "observed",
			"esp-in-udp", "live", "age", (json_int_t)10800000000000, "idle",
			(json_int_t)2000000000, "packets_per_second", 123456.0, "bits_per_second",
			98765432.1, "endpoints", "appliance", appliance, "direction", "outbound"));
	return flow;
}

/* The table's lines, to be freed. */
static char *table_of(unsigned columns, const json_t *flow)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);
	struct flow_table t;

	flow_table_init(&t, &plain, columns, out);
	flow_table_head(&t);
	flow_table_row(&t, flow);
	fclose(out);
	return text;
}

static size_t longest_line(const char *text)
{
	size_t longest = 0;

	for (; *text; text += strcspn(text, "\n") + 1)
		if (strcspn(text, "\n") > longest)
			longest = strcspn(text, "\n");
	return longest;
}

static void no_line_is_longer_than_the_terminal(void **state)
{
	json_t *flow = a_flow(LONGEST, "2001:db8:1111:2222:3333:4444:5555:6666");

	(void)state;
	for (unsigned columns = 60; columns <= 300; columns++) {
		char *text = table_of(columns, flow);
		assert_true(longest_line(text) <= columns);
		free(text);
	}
	json_decref(flow);
}

static void a_cut_name_keeps_its_port(void **state)
{
	json_t *flow = a_flow(LONGEST, "10.0.0.1");
	char *text = table_of(60, flow);

	(void)state;
	assert_non_null(strstr(text, "an-appliance~:40000 "));
	assert_non_null(strstr(text, "203.0.113~:65535/tcp"));
	free(text);
	json_decref(flow);
}

static void a_wide_terminal_has_every_column(void **state)
{
	json_t *flow = a_flow("ftd-1", "10.0.0.1");
	char *text = table_of(400, flow);
	static const char *const said[] = {"ftd-1:40000 ", "203.0.113.9:65535/tcp ", "established",
		"esp-in-udp", " 123k ", " 98.8M ", " 4.00G ", " 5.0 TB ", " 3 h ", " 2 s ",
		"2026-01-01 00:00:00", "2026-01-01 03:00:00", "LAST PACKET"};

	(void)state;
	for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++)
		if (!strstr(text, said[i]))
			fail_msg("no '%s' in %s", said[i], text);
	free(text);
	json_decref(flow);
}

static void an_ipv6_address_with_a_port_is_in_brackets(void **state)
{
	json_t *flow = a_flow("ftd-1", "10.0.0.1");
	char *text;

	(void)state;
	json_object_set_new(json_object_get(flow, "destination"), "ip", json_string("2001:db8::1"));
	text = table_of(400, flow);
	assert_non_null(strstr(text, " [2001:db8::1]:65535/tcp "));
	free(text);
	json_decref(flow);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_line_is_longer_than_the_terminal),
		cmocka_unit_test(a_cut_name_keeps_its_port),
		cmocka_unit_test(a_wide_terminal_has_every_column),
		cmocka_unit_test(an_ipv6_address_with_a_port_is_in_brackets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
