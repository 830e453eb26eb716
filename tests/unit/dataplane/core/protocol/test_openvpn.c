#include "dataplane/core/message_fixture.h"

static const struct spoken messages[] = {
	{14, SAID_REQUEST,
		"\x38\x0c\x54\x98\x73\x26\xcd\x46\xb8\x00\x00\x00\x00\x00"}, /* openvpn-reset */
	{26, SAID_ANSWER,
		"\x40\xd3\x1c\x3a\x69\x64\x60\x2f\xa0\x01\x00\x00\x00\x00\x33\x48\x57\x70"
		"\xaa\xbb\xcc\xdd\x00\x00\x00\x00"}, /* by hand */
};

static const struct spoken others[] = {
	{1, SAID_NOTHING, "\x38"}, /* by hand */
	{14, SAID_NOTHING,
		"\x39\x01\x02\x03\x04\x05\x06\x07\x08\x00\x00\x00\x00\x00"}, /* by hand */
	{37, SAID_NOTHING,
		"\xe5\xa2\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07\x75\x70\x64\x61\x74"
		"\x65\x73\x07\x65\x78\x61\x6d\x70\x6c\x65\x03\x63\x6f\x6d\x00\x00\x01\x00"
		"\x01"}, /* dns-query */
};

static void openvpn_recognises_its_messages_and_who_sends_them(void **state)
{
	(void)state;
	check_all(validate_openvpn, TRANSPORT_UDP, messages, COUNT(messages), MATCH_YES);
}

static void openvpn_never_refuses_the_beginning_of_a_message(void **state)
{
	(void)state;
	check_beginnings(validate_openvpn, TRANSPORT_UDP, messages, COUNT(messages));
}

static void openvpn_refuses_what_cannot_become_one(void **state)
{
	(void)state;
	check_all(validate_openvpn, TRANSPORT_UDP, others, COUNT(others), MATCH_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(openvpn_recognises_its_messages_and_who_sends_them),
		cmocka_unit_test(openvpn_never_refuses_the_beginning_of_a_message),
		cmocka_unit_test(openvpn_refuses_what_cannot_become_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
