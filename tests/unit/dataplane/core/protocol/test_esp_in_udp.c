#include "dataplane/core/message_fixture.h"

static const struct spoken doubtful[] = {
	{88, SAID_NOTHING,
		"\xc0\xff\xee\x01\x00\x00\x8d\xc6\x94\x8a\xf0\x78\x43\x8b\x44\xbc\x5c\x15"
		"\xa9\x85\x0d\xae\xca\x2d\xd5\xf9\xa6\x8b\x7b\xc9\x7e\x9b\x96\x09\xf3\xfb"
		"\x4e\x54\x6b\x90\x37\x85\x06\xc1\x55\xbb\xd9\xd6\x15\x8b\x67\x46\xa6\x14"
		"\x73\x39\x8d\x1d\x93\xbb\x1e\x39\xab\x98\x1f\xe2\x69\xa1\x63\xec\x11\xd5"
		"\xc4\x77\x0b\x80\x47\x81\x1b\x8f\xd0\x96\x6f\x8c\x74\xfb\x77\xe3"},
	{1, SAID_NOTHING, "\xff"},
};

static const struct spoken others[] = {
	{4, SAID_NOTHING, "\x00\x00\x00\x00"},				/* by hand */
	{10, SAID_NOTHING, "\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00"}, /* by hand */
	{1, SAID_NOTHING, "\xfe"},					/* by hand */
};

static void esp_in_udp_takes_one_field_for_a_coincidence(void **state)
{
	(void)state;
	check_all(validate_esp_in_udp, TRANSPORT_UDP, doubtful, COUNT(doubtful), MATCH_MAYBE);
}

static void esp_in_udp_refuses_what_cannot_become_one(void **state)
{
	(void)state;
	check_all(validate_esp_in_udp, TRANSPORT_UDP, others, COUNT(others), MATCH_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(esp_in_udp_takes_one_field_for_a_coincidence),
		cmocka_unit_test(esp_in_udp_refuses_what_cannot_become_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
