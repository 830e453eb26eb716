#include "dataplane/core/message_fixture.h"

static const struct spoken messages[] = {
	{9, SAID_NOTHING, "\xff\xfd\x18\xff\xfd\x20\xff\xfd\x23"}, /* telnet-negotiation */
};

static const struct spoken doubtful[] = {
	{3, SAID_NOTHING, "\xff\xfd\x18"},
};

static const struct spoken others[] = {
	{3, SAID_NOTHING, "\xff\x00\x01"},		   /* by hand */
	{7, SAID_NOTHING, "\x6c\x6f\x67\x69\x6e\x3a\x20"}, /* by hand */
	{3, SAID_NOTHING, "\xff\xfb\xc8"},		   /* by hand */
};

static void telnet_recognises_its_messages_and_who_sends_them(void **state)
{
	(void)state;
	check_all(validate_telnet, TRANSPORT_TCP, messages, COUNT(messages), MATCH_YES);
}

static void telnet_never_refuses_the_beginning_of_a_message(void **state)
{
	(void)state;
	check_beginnings(validate_telnet, TRANSPORT_TCP, messages, COUNT(messages));
}

static void telnet_takes_one_field_for_a_coincidence(void **state)
{
	(void)state;
	check_all(validate_telnet, TRANSPORT_TCP, doubtful, COUNT(doubtful), MATCH_MAYBE);
}

static void telnet_refuses_what_cannot_become_one(void **state)
{
	(void)state;
	check_all(validate_telnet, TRANSPORT_TCP, others, COUNT(others), MATCH_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(telnet_recognises_its_messages_and_who_sends_them),
		cmocka_unit_test(telnet_never_refuses_the_beginning_of_a_message),
		cmocka_unit_test(telnet_takes_one_field_for_a_coincidence),
		cmocka_unit_test(telnet_refuses_what_cannot_become_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
