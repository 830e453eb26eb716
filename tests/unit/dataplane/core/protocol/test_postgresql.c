#include "dataplane/core/message_fixture.h"

static const struct spoken messages[] = {
	{38, SAID_REQUEST,
		"\x00\x00\x00\x26\x00\x03\x00\x00\x75\x73\x65\x72\x00\x61\x64\x6d\x69\x6e"
		"\x00\x64\x61\x74\x61\x62\x61\x73\x65\x00\x70\x6f\x73\x74\x67\x72\x65\x73"
		"\x00\x00"},				       /* postgres-startup */
	{8, SAID_REQUEST, "\x00\x00\x00\x08\x04\xd2\x16\x2f"}, /* by hand */
};

static const struct spoken others[] = {
	{8, SAID_NOTHING, "\x00\x00\x00\x09\x00\x02\x00\x00"}, /* by hand */
	{8, SAID_NOTHING, "\x00\x00\x00\x08\x04\xd2\x16\x00"}, /* by hand */
	{8, SAID_NOTHING, "\x00\x00\x00\x03\x00\x03\x00\x00"}, /* by hand */
};

static void postgresql_recognises_its_messages_and_who_sends_them(void **state)
{
	(void)state;
	check_all(validate_postgresql, TRANSPORT_TCP, messages, COUNT(messages), MATCH_YES);
}

static void postgresql_never_refuses_the_beginning_of_a_message(void **state)
{
	(void)state;
	check_beginnings(validate_postgresql, TRANSPORT_TCP, messages, COUNT(messages));
}

static void postgresql_refuses_what_cannot_become_one(void **state)
{
	(void)state;
	check_all(validate_postgresql, TRANSPORT_TCP, others, COUNT(others), MATCH_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(postgresql_recognises_its_messages_and_who_sends_them),
		cmocka_unit_test(postgresql_never_refuses_the_beginning_of_a_message),
		cmocka_unit_test(postgresql_refuses_what_cannot_become_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
