#include "dataplane/core/message_fixture.h"

static const struct spoken messages[] = {
	{23, SAID_REQUEST,
		"\x06\x00\xff\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x09\x20\x18\xc8\x81"
		"\x00\x38\x8e\x04\xb5"},					/* by hand */
	{12, SAID_REQUEST, "\x06\x00\xff\x06\x00\x00\x11\xbe\x80\x00\x00\x00"}, /* by hand */
};

static const struct spoken others[] = {
	{4, SAID_NOTHING, "\x06\x00\xff\x08"},	   /* by hand */
	{5, SAID_NOTHING, "\x05\x00\xff\x07\x00"}, /* by hand */
	{5, SAID_NOTHING, "\x06\x00\xff\x07\x09"}, /* by hand */
};

static void ipmi_recognises_its_messages_and_who_sends_them(void **state)
{
	(void)state;
	check_all(validate_ipmi, TRANSPORT_UDP, messages, COUNT(messages), MATCH_YES);
}

static void ipmi_never_refuses_the_beginning_of_a_message(void **state)
{
	(void)state;
	check_beginnings(validate_ipmi, TRANSPORT_UDP, messages, COUNT(messages));
}

static void ipmi_refuses_what_cannot_become_one(void **state)
{
	(void)state;
	check_all(validate_ipmi, TRANSPORT_UDP, others, COUNT(others), MATCH_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipmi_recognises_its_messages_and_who_sends_them),
		cmocka_unit_test(ipmi_never_refuses_the_beginning_of_a_message),
		cmocka_unit_test(ipmi_refuses_what_cannot_become_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
