#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "record/event.h"
#include "sink/cef.h"

/* The CEF line for an event, as a string. */
static char *line(const struct event *v)
{
	struct buffer d = {.text = NULL};

	cef_format(&d, v);
	buffer_append(&d, "", 1);
	assert_int_equal(d.error, 0);
	return d.text;
}

static unsigned bars(const char *text)
{
	unsigned n = 0;

	for (; *text; text++) {
		if (*text == '\\' && text[1])
			text++;
		else
			n += *text == '|';
	}
	return n;
}

/* 2026-01-05T06:00:00.25Z */
#define TIME_NS 1767592800250000001u

static struct record flagged_flow(void)
{
	return (struct record){
		.kind = RECORD_FLAGGED,
		.version = 4,
		.protocol = 6,
		.address = {{{[12] = 10, [15] = 1}}, {{[12] = 10, [13] = 20, [15] = 5}}},
		.port = {40000, 4444},
		.verdict = VERDICT_UNEXPECTED_PORT,
		.connection = CONNECTION_ESTABLISHED,
		.start_ns = TIME_NS - 250000000,
		.end_ns = TIME_NS,
		.bytes = {7, 9},
		.service = SERVICE_COUNT,
	};
}

static void cef_says_who_did_what_to_whom(void **state)
{
	struct record r = flagged_flow();
	struct event v = {.kind = EVENT_ALERT,
		.severity = 3,
		.time_ns = TIME_NS,
		.action = "flow-flagged",
		.record = &r,
		.finding = {.state = "new", .flows = 2},
		.appliance = "ftd-1",
		.observer = "sensor",
		.message = "no rule"};
	char *text = line(&v);
	const char *bar = strstr(text, "|unexpected-port|no rule|8|");

	(void)state;
	assert_memory_equal(text, "CEF:0|portolan|portolan|", 24);
	assert_non_null(bar);
	assert_string_equal(bar + strlen("|unexpected-port|no rule|8|"),
		"rt=1767592800250 start=1767592800000 end=1767592800250 act=flow-flagged "
		"src=10.0.0.1 spt=40000 dst=10.20.0.5 dpt=4444 proto=tcp in=7 out=9 cnt=2 "
		"dvchost=sensor cs1Label=verdict cs1=unexpected-port cs3Label=appliance cs3=ftd-1 "
		"cs4Label=connection cs4=established msg=no rule");
	free(text);
}

static void cef_has_other_keys_for_ipv6_and_none_for_ports_that_are_not(void **state)
{
	struct record r = {.kind = RECORD_ENDED,
		.version = 6,
		.protocol = 58,
		.address = {{{[15] = 1}}, {{0x20, 1, 0x0d, 0xb8, [15] = 1}}},
		.end = END_IDLE,
		.service = SERVICE_COUNT};
	struct event v = {.kind = EVENT_FLOW, .action = "flow-ended", .record = &r};
	char *text = line(&v);

	(void)state;
	assert_non_null(strstr(text, "|flow-ended|flow-ended|0|rt=0 start=0 end=0 act=flow-ended "
				     "outcome=idle c6a2Label=Source IPv6 Address c6a2=::1 "
				     "c6a3Label=Destination IPv6 Address c6a3=2001:db8::1 "
				     "proto=ipv6-icmp in=0 out=0 cs1Label="));
	free(text);
}

static void cef_escapes_what_would_end_a_field(void **state)
{
	struct event v = {.kind = EVENT_CHANNEL,
		.action = "a|b\\",
		.message = "x|y\\ src=6.6.6.6\nCEF:0|z\r\x07"};
	char *text = line(&v);

	(void)state;
	assert_int_equal(bars(text), 7 + 3); /* bars in act and msg need no escape */
	assert_null(strchr(text, '\n'));
	assert_null(strchr(text, '\r'));
	assert_non_null(strstr(text, "|a\\|b\\\\|x\\|y\\\\ src=6.6.6.6 CEF:0\\|z  |0|"));
	assert_non_null(strstr(text, "msg=x|y\\\\ src\\=6.6.6.6\\nCEF:0|z\\r "));
	free(text);
}

static void cef_of_an_event_with_nothing_but_a_name_still_has_its_header(void **state)
{
	static const int severity[] = {0, -9, 4, 99999};

	(void)state;
	for (size_t i = 0; i < sizeof(severity) / sizeof(severity[0]); i++) {
		struct event v = {.kind = EVENT_CHANNEL,
			.action = "event",
			.severity = (enum severity)severity[i]};
		char *text = line(&v);
		assert_int_equal(bars(text), 7);
		assert_non_null(strstr(text, "|event|event|0|rt=0 act=event"));
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cef_says_who_did_what_to_whom),
		cmocka_unit_test(cef_escapes_what_would_end_a_field),
		cmocka_unit_test(cef_has_other_keys_for_ipv6_and_none_for_ports_that_are_not),
		cmocka_unit_test(cef_of_an_event_with_nothing_but_a_name_still_has_its_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
