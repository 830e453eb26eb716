#include "dataplane/core/message_fixture.h"

static const struct spoken messages[] = {
	{37, SAID_REQUEST,
		"\xe5\xa2\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07\x75\x70\x64"
		"\x61\x74"
		"\x65\x73\x07\x65\x78\x61\x6d\x70\x6c\x65\x03\x63\x6f\x6d\x00\x00"
		"\x01\x00"
		"\x01"}, /* dns-query */
	{53, SAID_ANSWER,
		"\xe5\xa2\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\x07\x75\x70\x64"
		"\x61\x74"
		"\x65\x73\x07\x65\x78\x61\x6d\x70\x6c\x65\x03\x63\x6f\x6d\x00\x00"
		"\x01\x00"
		"\x01\xc0\x0c\x00\x01\x00\x01\x00\x00\x01\x2c\x00\x04\xcb\x00\x71"
		"\x0a"}, /* dns-response
			  */
};

static const struct spoken doubtful[] = {
	{12, SAID_NOTHING, "\x00\x00\x81\x05\x00\x00\x00\x00\x00\x00\x00\x00"},
};

static const struct spoken others[] = {
	{12, SAID_NOTHING, "\x12\x34\x00\x40\x00\x01\x00\x00\x00\x00\x00\x00"},	    /* by hand */
	{13, SAID_NOTHING, "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\xc0"}, /* by hand */
	{13, SAID_NOTHING, "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01"}, /* by hand */
	{41, SAID_NOTHING,
		"\x30\x27\x02\x01\x01\x04\x06\x70\x75\x62\x6c\x69\x63\xa0\x1a\x02\x02\x2a"
		"\x17\x02\x01\x00\x02\x01\x00\x30\x0e\x30\x0c\x06\x08\x2b\x06\x01\x02\x01"
		"\x01\x01\x00\x05\x00"}, /* snmp-get */
	{17, SAID_NOTHING,
		"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01\x61\xff\x00\x01"}, /* by hand
											  */
};

/* RFC 7873 5.4: a cookie is asked for and given without a question. */
static const struct spoken cookies[] = {
	{35, SAID_REQUEST,
		"\x44\xd1\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x29\x04\xd0\x00\x00\x00"
		"\x00\x00\x0c\x00\x0a\x00\x08\x00\x01\x02\x03\x04\x05\x06\x07"},
	{35, SAID_ANSWER,
		"\x44\xd1\x81\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x29\x04\xd0\x00\x00\x00"
		"\x00\x00\x0c\x00\x0a\x00\x08\x00\x01\x02\x03\x04\x05\x06\x07"},
};

/* A class that nobody uses; a session of RFC 8490. */
static const struct spoken rare[] = {
	{19, SAID_NOTHING,
		"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01\x61\x00\x00\x01\x00\x02"},
	{12, SAID_NOTHING, "\x12\x34\x30\x00\x00\x00\x00\x00\x00\x00\x00\x00"},
};

static void dns_recognises_its_messages_and_who_sends_them(void **state)
{
	(void)state;
	check_all(validate_dns, TRANSPORT_UDP, messages, COUNT(messages), MATCH_YES);
}

static void dns_never_refuses_the_beginning_of_a_message(void **state)
{
	(void)state;
	check_beginnings(validate_dns, TRANSPORT_UDP, messages, COUNT(messages));
}

static void dns_takes_one_field_for_a_coincidence(void **state)
{
	(void)state;
	check_all(validate_dns, TRANSPORT_UDP, doubtful, COUNT(doubtful), MATCH_MAYBE);
}

static void dns_refuses_what_cannot_become_one(void **state)
{
	(void)state;
	check_all(validate_dns, TRANSPORT_UDP, others, COUNT(others), MATCH_NO);
}

static void dns_knows_a_cookie_without_a_question(void **state)
{
	(void)state;
	check_all(validate_dns, TRANSPORT_UDP, cookies, COUNT(cookies), MATCH_YES);
	check_beginnings(validate_dns, TRANSPORT_UDP, cookies, COUNT(cookies));
}

static void dns_doubts_what_is_rare_and_allowed(void **state)
{
	(void)state;
	check_all(validate_dns, TRANSPORT_UDP, rare, COUNT(rare), MATCH_MAYBE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dns_recognises_its_messages_and_who_sends_them),
		cmocka_unit_test(dns_never_refuses_the_beginning_of_a_message),
		cmocka_unit_test(dns_takes_one_field_for_a_coincidence),
		cmocka_unit_test(dns_refuses_what_cannot_become_one),
		cmocka_unit_test(dns_knows_a_cookie_without_a_question),
		cmocka_unit_test(dns_doubts_what_is_rare_and_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
