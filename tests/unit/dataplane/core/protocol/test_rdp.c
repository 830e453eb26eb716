#include "dataplane/core/message_fixture.h"

static const struct spoken messages[] = {
	{43, SAID_REQUEST,
		"\x03\x00\x00\x2b\x26\xe0\x00\x00\x00\x00\x00\x43\x6f\x6f\x6b\x69\x65\x3a"
		"\x20\x6d\x73\x74\x73\x68\x61\x73\x68\x3d\x61\x64\x6d\x69\x6e\x0d\x0a\x01"
		"\x00\x08\x00\x03\x00\x00\x00"}, /* rdp-request */
};

static const struct spoken doubtful[] = {
	{11, SAID_NOTHING, "\x03\x00\x00\x0b\x06\xe0\x00\x00\x00\x00\x00"},
};

static const struct spoken others[] = {
	{11, SAID_NOTHING, "\x03\x00\x00\x0b\x07\xe0\x00\x00\x00\x00\x00"}, /* by hand */
	{11, SAID_NOTHING, "\x03\x00\x00\x0b\x06\xf0\x00\x00\x00\x00\x00"}, /* by hand */
	{22, SAID_NOTHING, /* MMS: sizes and selectors */
		"\x03\x00\x00\x16\x11\xe0\x00\x00\x07\x78\x00\xc1\x02\x00\x01\xc2\x02\x00"
		"\x01\xc0\x01\x0d"},
	{32, SAID_NOTHING,
		"\x53\x53\x48\x2d\x32\x2e\x30\x2d\x4f\x70\x65\x6e\x53\x53\x48\x5f\x39\x2e"
		"\x32\x70\x31\x20\x44\x65\x62\x69\x61\x6e\x2d\x32\x0d\x0a"}, /* ssh-banner */
};

static void rdp_recognises_its_messages_and_who_sends_them(void **state)
{
	(void)state;
	check_all(validate_rdp, TRANSPORT_TCP, messages, COUNT(messages), MATCH_YES);
}

static void rdp_never_refuses_the_beginning_of_a_message(void **state)
{
	(void)state;
	check_beginnings(validate_rdp, TRANSPORT_TCP, messages, COUNT(messages));
}

static void rdp_takes_one_field_for_a_coincidence(void **state)
{
	(void)state;
	check_all(validate_rdp, TRANSPORT_TCP, doubtful, COUNT(doubtful), MATCH_MAYBE);
}

static void rdp_refuses_what_cannot_become_one(void **state)
{
	(void)state;
	check_all(validate_rdp, TRANSPORT_TCP, others, COUNT(others), MATCH_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rdp_recognises_its_messages_and_who_sends_them),
		cmocka_unit_test(rdp_never_refuses_the_beginning_of_a_message),
		cmocka_unit_test(rdp_takes_one_field_for_a_coincidence),
		cmocka_unit_test(rdp_refuses_what_cannot_become_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
