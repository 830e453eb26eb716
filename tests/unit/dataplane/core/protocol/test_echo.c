#include "dataplane/core/message_fixture.h"

static const struct spoken doubtful[] = {
	{1, SAID_NOTHING, "\x78"},
	{18, SAID_NOTHING,
		"\x63\x6f\x6e\x6e\x65\x63\x74\x69\x76\x69\x74\x79\x20\x63\x68\x65\x63\x6b"},
};

static void echo_takes_one_field_for_a_coincidence(void **state)
{
	(void)state;
	check_all(validate_echo, TRANSPORT_UDP, doubtful, COUNT(doubtful), MATCH_MAYBE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(echo_takes_one_field_for_a_coincidence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
