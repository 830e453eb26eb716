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
#include "sink/syslog_message.h"

static void format(struct buffer *d, const char *host, enum sink_format as, const struct event *v)
{
	struct message_origin origin = {.process = 42, .format = as};

	snprintf(origin.host, sizeof(origin.host), "%s", host);
	assert_int_equal(syslog_format(d, &origin, v), 0);
	buffer_append(d, "", 1);
}

static void message_has_the_fields_of_rfc_5424(void **state)
{
	static const char json[] = "{\"@timestamp\":\"2026-01-05T06:00:00.123456789Z\"}";
	struct event v = {.kind = EVENT_CORRELATION,
		.severity = 3,
		.time_ns = 1767592800123456789u,
		.action = "flow-flagged",
		.policy = "sha256:1",
		.json = json,
		.json_bytes = strlen(json)};
	struct buffer d = {.text = NULL};

	(void)state;
	format(&d, "sensor-1", SINK_AS_JSON, &v);
	assert_ptr_equal(
		d.text, strstr(d.text, "<131>1 2026-01-05T06:00:00.123456Z sensor-1 portolan 42 "
				       "flow-flagged [origin "));
	assert_non_null(strstr(d.text, "][portolan@32473 policy=\"sha256:1\"] {\"@time"));
	assert_string_equal(d.text + strlen(d.text) - strlen(json), json);
	buffer_fini(&d);
}

static void message_names_what_a_flow_is_about(void **state)
{
	struct record r = {.version = 4,
		.protocol = 17,
		.port = {40000, 53},
		.address = {{{[12] = 10, [15] = 1}}, {{[12] = 10, [15] = 2}}},
		.verdict = VERDICT_UNEXPECTED_PORT,
		.connection = CONNECTION_ONE_WAY,
		.service = SERVICE_COUNT};
	struct event v = {.kind = EVENT_ALERT,
		.action = "flow-flagged",
		.record = &r,
		.rule = "a/b",
		.appliance = "ftd",
		.finding = {.state = "new"}};
	struct buffer d = {.text = NULL};

	(void)state;
	format(&d, "h", SINK_AS_JSON, &v);
	assert_non_null(strstr(d.text,
		"][portolan@32473 verdict=\"unexpected-port\" connection=\"one-way\" "
		"rule=\"a/b\" appliance=\"ftd\" source=\"10.0.0.1\" "
		"sourcePort=\"40000\" destination=\"10.0.0.2\" destinationPort=\"53\" "
		"transport=\"udp\" finding=\"new\"] "));
	buffer_fini(&d);
}

static void message_gets_its_severity_from_the_events(void **state)
{
	static const struct {
		int severity;
		const char *begin;
	} all[] = {
		{3, "<131>1 1970-01-01T00:00:00.000000Z h portolan 42 event "},
		{2, "<132>1 "},
		{1, "<133>1 "},
		{0, "<134>1 "},
		{77, "<134>1 "},
		{-1, "<134>1 "},
	};
	struct buffer d = {.text = NULL};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct event v = {.action = "event", .severity = (enum severity)all[i].severity};
		format(&d, "h", SINK_AS_JSON, &v);
		assert_memory_equal(d.text, all[i].begin, strlen(all[i].begin));
	}
	buffer_fini(&d);
}

static void message_keeps_hostile_text_inside_its_field(void **state)
{
	struct event v = {.kind = EVENT_CHANNEL,
		.action = "a b\x01\xc3\xa9"
			  "0123456789012345678901234567890123456789",
		.rule = "x\"] [y\\z\n"};
	struct buffer d = {.text = NULL};

	(void)state;
	format(&d, "two words", SINK_AS_CEF, &v);
	assert_non_null(
		strstr(d.text, " two_words portolan 42 a_b___01234567890123456789012345 [origin "));
	assert_non_null(strstr(d.text, " rule=\"x\\\"\\] [y\\\\z \"] CEF:0|"));
	assert_null(strchr(d.text, '\n'));
	buffer_fini(&d);
}

static void message_is_cut_between_characters(void **state)
{
	static const char text[] = "ab\xc3\xa9\xf0\x9f\x98\x80z";
	static const size_t cut[] = {0, 1, 2, 2, 4, 4, 4, 4, 8, 9, 9};

	(void)state;
	for (size_t most = 0; most < sizeof(cut) / sizeof(cut[0]); most++)
		assert_int_equal(syslog_cut(text, sizeof(text) - 1, most), cut[most]);
	assert_int_equal(syslog_cut("\x80\x80\x80", 3, 2), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(message_has_the_fields_of_rfc_5424),
		cmocka_unit_test(message_gets_its_severity_from_the_events),
		cmocka_unit_test(message_keeps_hostile_text_inside_its_field),
		cmocka_unit_test(message_names_what_a_flow_is_about),
		cmocka_unit_test(message_is_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
