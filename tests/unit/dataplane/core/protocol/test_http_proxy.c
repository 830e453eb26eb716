#include "dataplane/core/message_fixture.h"
#include <stdio.h>

static const struct spoken messages[] = {
	{117, SAID_REQUEST,
		"\x43\x4f\x4e\x4e\x45\x43\x54\x20\x75\x70\x64\x61\x74\x65\x2e\x65\x78\x61"
		"\x6d\x70\x6c\x65\x2e\x63\x6f\x6d\x3a\x34\x34\x33\x20\x48\x54\x54\x50\x2f"
		"\x31\x2e\x31\x0d\x0a\x48\x6f\x73\x74\x3a\x20\x75\x70\x64\x61\x74\x65\x2e"
		"\x65\x78\x61\x6d\x70\x6c\x65\x2e\x63\x6f\x6d\x3a\x34\x34\x33\x0d\x0a\x55"
		"\x73\x65\x72\x2d\x41\x67\x65\x6e\x74\x3a\x20\x70\x6f\x72\x74\x6f\x6c\x61"
		"\x6e\x2d\x67\x65\x6e\x65\x72\x61\x74\x65\x0d\x0a\x41\x63\x63\x65\x70\x74"
		"\x3a\x20\x2a\x2f\x2a\x0d\x0a\x0d\x0a"}, /* http-connect */
};

static const struct spoken others[] = {
	{106, SAID_NOTHING,
		"\x47\x45\x54\x20\x2f\x66\x65\x65\x64\x73\x2f\x61\x64\x64\x72\x65\x73\x73"
		"\x65\x73\x2e\x74\x78\x74\x20\x48\x54\x54\x50\x2f\x31\x2e\x31\x0d\x0a\x48"
		"\x6f\x73\x74\x3a\x20\x66\x65\x65\x64\x73\x2e\x65\x78\x61\x6d\x70\x6c\x65"
		"\x2e\x63\x6f\x6d\x0d\x0a\x55\x73\x65\x72\x2d\x41\x67\x65\x6e\x74\x3a\x20"
		"\x70\x6f\x72\x74\x6f\x6c\x61\x6e\x2d\x67\x65\x6e\x65\x72\x61\x74\x65\x0d"
		"\x0a\x41\x63\x63\x65\x70\x74\x3a\x20\x2a\x2f\x2a\x0d\x0a\x0d\x0a"}, /* http-get */
	{16, SAID_NOTHING,
		"\x43\x4f\x4e\x4e\x45\x43\x54\x20\x7b\x6a\x73\x6f\x6e\x7d\x0d\x0a"}, /* by hand */
	{22, SAID_NOTHING,
		"\x43\x4f\x4e\x4e\x45\x43\x54\x20\x61\x3a\x62\x20\x48\x54\x54\x50\x2f\x31"
		"\x2e\x31\x0d\x0a"}, /* by hand */
};

static void http_proxy_recognises_its_messages_and_who_sends_them(void **state)
{
	(void)state;
	check_all(validate_http_proxy, TRANSPORT_TCP, messages, COUNT(messages), MATCH_YES);
}

static void http_proxy_never_refuses_the_beginning_of_a_message(void **state)
{
	(void)state;
	check_beginnings(validate_http_proxy, TRANSPORT_TCP, messages, COUNT(messages));
}

static void http_proxy_refuses_what_cannot_become_one(void **state)
{
	(void)state;
	check_all(validate_http_proxy, TRANSPORT_TCP, others, COUNT(others), MATCH_NO);
}

static void check_host(const char *target, const char *wanted)
{
	struct message_info m;
	char text[200];
	int length = snprintf(text, sizeof(text), "CONNECT %s HTTP/1.1\r\n\r\n", target);

	assert_int_equal(
		read_spoken(validate_http_proxy, TRANSPORT_TCP, text, (uint32_t)length, 0, &m),
		MATCH_YES);
	assert_int_equal(m.facts.length[1], strlen(wanted));
	assert_memory_equal(facts_text(&m.facts, 1), wanted, strlen(wanted));
}

static void http_proxy_keeps_the_host_and_never_who_asks(void **state)
{
	(void)state;
	check_host("update.example.com:443", "update.example.com");
	check_host("user:secret@update.example.com:443", "update.example.com");
	check_host("user:sec@ret@update.example.com:443", "update.example.com");
	check_host("user:secret:443", "user");
	check_host("example.com/?t=secret:443", "example.com");
	check_host("[2001:db8::1]:443", "[2001:db8::1]");
	check_host("2001:db8::1:443", "2001:db8::1");
	check_host("a:b@192.0.2.1:443", "192.0.2.1");
	check_host("user:secret@:443", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(http_proxy_recognises_its_messages_and_who_sends_them),
		cmocka_unit_test(http_proxy_never_refuses_the_beginning_of_a_message),
		cmocka_unit_test(http_proxy_refuses_what_cannot_become_one),
		cmocka_unit_test(http_proxy_keeps_the_host_and_never_who_asks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
