#include "dataplane/core/message_fixture.h"

static const struct spoken messages[] = {
	{108, SAID_REQUEST,
		"\x00\x00\x00\x68\xfe\x53\x4d\x42\x40\x00\x00\x00\x00\x00\x00\x00"
		"\x00\x00"
		"\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		"\x00\x00"
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		"\x00\x00"
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x24\x00"
		"\x02\x00"
		"\x01\x00\x00\x00\x7f\x00\x00\x00\xa7\x12\x98\x84\xf5\x0e\x39\x63"
		"\x59\x5c"
		"\xd0\x4e\xfa\x82\x79\xb0\x00\x00\x00\x00\x00\x00\x00\x00\x02\x02"
		"\x10\x02"}, /* smb-negotiate
			      */
	{39, SAID_NOTHING,
		"\x00\x00\x00\x23\xff\x53\x4d\x42\x72\x00\x00\x00\x00\x00\x00\x00"
		"\x00\x00"
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		"\x00\x00"
		"\x00\x00\x00"}, /* by hand */
};

static const struct spoken others[] = {
	{8, SAID_NOTHING, "\x00\x00\x00\x23\xfe\x53\x4d\x4d"}, /* by hand */
	{8, SAID_NOTHING, "\x00\x00\x00\x10\xff\x53\x4d\x42"}, /* by hand */
	{8, SAID_NOTHING, "\x01\x00\x00\x00\x00\x00\x00\x00"}, /* by hand */
};

static void smb_recognises_its_messages_and_who_sends_them(void **state)
{
	(void)state;
	check_all(validate_smb, TRANSPORT_TCP, messages, COUNT(messages), MATCH_YES);
}

static void smb_never_refuses_the_beginning_of_a_message(void **state)
{
	(void)state;
	check_beginnings(validate_smb, TRANSPORT_TCP, messages, COUNT(messages));
}

static void smb_refuses_what_cannot_become_one(void **state)
{
	(void)state;
	check_all(validate_smb, TRANSPORT_TCP, others, COUNT(others), MATCH_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(smb_recognises_its_messages_and_who_sends_them),
		cmocka_unit_test(smb_never_refuses_the_beginning_of_a_message),
		cmocka_unit_test(smb_refuses_what_cannot_become_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
