#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "sink/cef.h"

/* The line for a document, as a string. */
static char *line(const char *json)
{
	struct buffer d = {.text = NULL};
	json_t *document = json_loads(json, 0, NULL);

	assert_non_null(document);
	cef_format(&d, document);
	buffer_append(&d, "", 1);
	assert_int_equal(d.error, 0);
	json_decref(document);
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

static void cef_says_who_did_what_to_whom(void **state)
{
	char *text = line("{\"@timestamp\":\"2026-01-05T06:00:00.250000001Z\","
			  "\"event\":{\"action\":\"flow-flagged\",\"severity\":3},"
			  "\"source\":{\"ip\":\"10.0.0.1\",\"port\":40000,\"bytes\":7},"
			  "\"destination\":{\"ip\":\"2001:db8::1\",\"port\":4444},"
			  "\"portolan\":{\"verdict\":\"unexpected-port\","
			  "\"endpoints\":[{\"appliance\":\"ftd-1\"}]},"
			  "\"rule\":{\"category\":\"unexpected-port\"},\"message\":\"no rule\"}");
	const char *bar = strstr(text, "|unexpected-port|no rule|8|");

	(void)state;
	assert_memory_equal(text, "CEF:0|portolan|portolan|", 24);
	assert_non_null(bar);
	assert_string_equal(bar + strlen("|unexpected-port|no rule|8|"),
		"rt=1767592800250 act=flow-flagged src=10.0.0.1 spt=40000 "
		"c6a3Label=Destination IPv6 Address c6a3=2001:db8::1 dpt=4444 in=7 "
		"cs1Label=verdict cs1=unexpected-port cs3Label=appliance cs3=ftd-1 msg=no rule");
	free(text);
}

static void cef_escapes_what_would_end_a_field(void **state)
{
	char *text = line("{\"event\":{\"action\":\"a|b\\\\\"},"
			  "\"message\":\"x|y\\\\ src=6.6.6.6\\nCEF:0|z\\r\\u0007\"}");

	(void)state;
	assert_int_equal(bars(text), 7 + 3); /* those of act and msg need no escape */
	assert_null(strchr(text, '\n'));
	assert_null(strchr(text, '\r'));
	assert_non_null(strstr(text, "|a\\|b\\\\|x\\|y\\\\ src=6.6.6.6 CEF:0\\|z  |0|"));
	assert_non_null(strstr(text, "msg=x|y\\\\ src\\=6.6.6.6\\nCEF:0|z\\r "));
	free(text);
}

static void cef_of_an_empty_or_absurd_document_still_has_its_header(void **state)
{
	static const char *const absurd[] = {"{}", "{\"event\":[]}",
		"{\"event\":{\"severity\":-9}}",
		"{\"event\":{\"severity\":\"high\"},\"source\":7,\"message\":[1]}",
		"{\"@timestamp\":\"yesterday\",\"event\":{\"severity\":99999999999}}"};

	(void)state;
	for (size_t i = 0; i < sizeof(absurd) / sizeof(absurd[0]); i++) {
		char *text = line(absurd[i]);
		assert_int_equal(bars(text), 7);
		assert_non_null(strstr(text, "|event|event|0|"));
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cef_says_who_did_what_to_whom),
		cmocka_unit_test(cef_escapes_what_would_end_a_field),
		cmocka_unit_test(cef_of_an_empty_or_absurd_document_still_has_its_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
