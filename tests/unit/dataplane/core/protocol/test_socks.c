#include "dataplane/core/message_fixture.h"

static const struct spoken doubtful[] = {
	{4, SAID_NOTHING, "\x05\x02\x01\x02"},
	{2, SAID_NOTHING, "\x05\x00"},
	{10, SAID_NOTHING, "\x04\x01\x00\x50\x01\x02\x03\x04\x75\x00"},
	{8, SAID_NOTHING, "\x00\x5a\x00\x00\x00\x00\x00\x00"},
};

static const struct spoken others[] = {
	{2, SAID_NOTHING, "\x06\x02"},					    /* by hand */
	{11, SAID_NOTHING, "\x05\x09\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"}, /* by hand */
	{9, SAID_NOTHING, "\x04\x03\x00\x50\x01\x02\x03\x04\x00"},	    /* by hand */
};

static void socks_takes_one_field_for_a_coincidence(void **state)
{
	(void)state;
	check_all(validate_socks, TRANSPORT_TCP, doubtful, COUNT(doubtful), MATCH_MAYBE);
}

static void socks_refuses_what_cannot_become_one(void **state)
{
	(void)state;
	check_all(validate_socks, TRANSPORT_TCP, others, COUNT(others), MATCH_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(socks_takes_one_field_for_a_coincidence),
		cmocka_unit_test(socks_refuses_what_cannot_become_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
