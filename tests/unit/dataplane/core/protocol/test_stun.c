#include "dataplane/core/message_fixture.h"

static const struct spoken messages[] = {
	{20, SAID_REQUEST,
		"\x00\x01\x00\x00\x21\x12\xa4\x42\x78\x21\x80\x3a\xe7\x52\x61\xc0\x27\xa3"
		"\xa1\x81"}, /* stun-binding */
	{20, SAID_ANSWER,
		"\x01\x01\x00\x00\x21\x12\xa4\x42\x01\x02\x03\x04\x05\x06\x07\x08\x09\x10"
		"\x11\x12"}, /* by hand */
};

static const struct spoken others[] = {
	{8, SAID_NOTHING, "\x00\x01\x00\x00\xde\xad\xbe\xef"}, /* by hand */
	{20, SAID_NOTHING,
		"\x00\x01\x00\x03\x21\x12\xa4\x42\x01\x02\x03\x04\x05\x06\x07\x08\x09\x10"
		"\x11\x12"},	       /* by hand */
	{2, SAID_NOTHING, "\xc0\x01"}, /* by hand */
};

static void stun_recognises_its_messages_and_who_sends_them(void **state)
{
	(void)state;
	check_all(validate_stun, TRANSPORT_UDP, messages, COUNT(messages), MATCH_YES);
}

static void stun_never_refuses_the_beginning_of_a_message(void **state)
{
	(void)state;
	check_beginnings(validate_stun, TRANSPORT_UDP, messages, COUNT(messages));
}

static void stun_refuses_what_cannot_become_one(void **state)
{
	(void)state;
	check_all(validate_stun, TRANSPORT_UDP, others, COUNT(others), MATCH_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stun_recognises_its_messages_and_who_sends_them),
		cmocka_unit_test(stun_never_refuses_the_beginning_of_a_message),
		cmocka_unit_test(stun_refuses_what_cannot_become_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
