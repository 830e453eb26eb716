#include "dataplane/core/message_fixture.h"

static const struct spoken messages[] = {
	{32, SAID_FIRST,
		"\x53\x53\x48\x2d\x32\x2e\x30\x2d\x4f\x70\x65\x6e\x53\x53\x48\x5f\x39\x2e"
		"\x32\x70\x31\x20\x44\x65\x62\x69\x61\x6e\x2d\x32\x0d\x0a"}, /* ssh-banner */
	{26, SAID_FIRST,
		"\x53\x53\x48\x2d\x32\x2e\x30\x2d\x43\x69\x73\x63\x6f\x53\x53\x48\x5f\x31"
		"\x2e\x31\x32\x2e\x34\x35\x0d\x0a"}, /* ssh-server-banner */
};

static const struct spoken others[] = {
	{4, SAID_NOTHING, "\x53\x53\x48\x00"},				    /* by hand */
	{11, SAID_NOTHING, "\x53\x53\x48\x2d\x39\x2e\x39\x2d\x78\x0d\x0a"}, /* by hand */
	{4, SAID_NOTHING, "\x00\x01\x02\x03"},				    /* by hand */
};

static void ssh_recognises_its_messages_and_who_sends_them(void **state)
{
	(void)state;
	check_all(validate_ssh, TRANSPORT_TCP, messages, COUNT(messages), MATCH_YES);
}

static void ssh_never_refuses_the_beginning_of_a_message(void **state)
{
	(void)state;
	check_beginnings(validate_ssh, TRANSPORT_TCP, messages, COUNT(messages));
}

static void ssh_refuses_what_cannot_become_one(void **state)
{
	(void)state;
	check_all(validate_ssh, TRANSPORT_TCP, others, COUNT(others), MATCH_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ssh_recognises_its_messages_and_who_sends_them),
		cmocka_unit_test(ssh_never_refuses_the_beginning_of_a_message),
		cmocka_unit_test(ssh_refuses_what_cannot_become_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
