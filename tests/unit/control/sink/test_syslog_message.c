#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "sink/syslog_message.h"

static int format(struct buffer *d, const char *host, enum sink_format as, const char *json)
{
	struct message_origin origin = {.process = 42, .format = as};
	int error;

	snprintf(origin.host, sizeof(origin.host), "%s", host);
	error = syslog_format(d, &origin, json, strlen(json));
	if (error == 0)
		buffer_append(d, "", 1);
	return error;
}

static void message_has_the_fields_of_rfc_5424(void **state)
{
	static const char json[] = "{\"@timestamp\":\"2026-01-05T06:00:00.123456789Z\","
				   "\"event\":{\"action\":\"flow-flagged\",\"severity\":3},"
				   "\"portolan\":{\"verdict\":\"unexpected-port\"}}";
	struct buffer d = {.text = NULL};

	(void)state;
	assert_int_equal(format(&d, "sensor-1", SINK_AS_JSON, json), 0);
	assert_ptr_equal(
		d.text, strstr(d.text, "<131>1 2026-01-05T06:00:00.123456Z sensor-1 portolan 42 "
				       "flow-flagged [origin "));
	assert_non_null(strstr(d.text, "][portolan@32473 verdict=\"unexpected-port\"] {\"@time"));
	assert_string_equal(d.text + strlen(d.text) - strlen(json), json);
	buffer_fini(&d);
}

static void message_gets_its_severity_from_the_events(void **state)
{
	static const struct {
		const char *json, *begin;
	} all[] = {
		{"{\"event\":{\"severity\":3}}", "<131>1 - h portolan 42 - "},
		{"{\"event\":{\"severity\":2}}", "<132>1 "},
		{"{\"event\":{\"severity\":1}}", "<133>1 "},
		{"{\"event\":{}}", "<134>1 "},
		{"{\"event\":{\"severity\":77}}", "<134>1 "},
		{"{\"event\":{\"severity\":-1}}", "<134>1 "},
	};
	struct buffer d = {.text = NULL};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		assert_int_equal(format(&d, "h", SINK_AS_JSON, all[i].json), 0);
		assert_memory_equal(d.text, all[i].begin, strlen(all[i].begin));
	}
	buffer_fini(&d);
}

static void message_keeps_hostile_text_inside_its_field(void **state)
{
	static const char json[] = "{\"event\":{\"action\":\"a b\\u0001\\u00e9"
				   "0123456789012345678901234567890123456789\"},"
				   "\"rule\":{\"id\":\"x\\\"] [y\\\\z\\n\"}}";
	struct buffer d = {.text = NULL};

	(void)state;
	assert_int_equal(format(&d, "two words", SINK_AS_CEF, json), 0);
	assert_non_null(strstr(
		d.text, ">1 - two_words portolan 42 a_b___01234567890123456789012345 [origin "));
	assert_non_null(strstr(d.text, " rule=\"x\\\"\\] [y\\\\z \"] CEF:0|"));
	assert_null(strchr(d.text, '\n'));
	buffer_fini(&d);
}

static void message_refuses_what_is_no_document(void **state)
{
	struct buffer d = {.text = NULL};

	(void)state;
	assert_true(format(&d, "h", SINK_AS_JSON, "") < 0);
	assert_true(format(&d, "h", SINK_AS_JSON, "[1]") < 0);
	assert_true(format(&d, "h", SINK_AS_JSON, "{\"a\":\"\xff\"}") < 0);
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
		cmocka_unit_test(message_refuses_what_is_no_document),
		cmocka_unit_test(message_is_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
