#include "dataplane/core/message_fixture.h"

static const struct spoken messages[] = {
	{68, SAID_NOTHING,
		"\x13\x42\x69\x74\x54\x6f\x72\x72\x65\x6e\x74\x20\x70\x72\x6f\x74\x6f\x63"
		"\x6f\x6c\x00\x00\x00\x00\x00\x00\x00\x00\x75\x8f\xc1\xc7\x8d\xbd\x68\x79"
		"\xa7\x06\x1f\xf0\xc0\x71\x35\x53\x22\x4b\xb7\xff\x2d\x58\x58\x30\x30\x30"
		"\x31\x2d\x30\x31\x32\x33\x34\x35\x36\x37\x38\x39\x61\x62"}, /* bittorrent-handshake
									      */
};

static const struct spoken others[] = {
	{19, SAID_NOTHING,
		"\x42\x69\x74\x54\x6f\x72\x72\x65\x6e\x74\x20\x70\x72\x6f\x74\x6f\x63\x6f"
		"\x6c"},							/* by hand */
	{12, SAID_NOTHING, "\x13\x42\x69\x74\x54\x6f\x72\x72\x65\x6e\x74\x00"}, /* by hand */
};

static void bittorrent_recognises_its_messages_and_who_sends_them(void **state)
{
	(void)state;
	check_all(validate_bittorrent, TRANSPORT_TCP, messages, COUNT(messages), MATCH_YES);
}

static void bittorrent_never_refuses_the_beginning_of_a_message(void **state)
{
	(void)state;
	check_beginnings(validate_bittorrent, TRANSPORT_TCP, messages, COUNT(messages));
}

static void bittorrent_refuses_what_cannot_become_one(void **state)
{
	(void)state;
	check_all(validate_bittorrent, TRANSPORT_TCP, others, COUNT(others), MATCH_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bittorrent_recognises_its_messages_and_who_sends_them),
		cmocka_unit_test(bittorrent_never_refuses_the_beginning_of_a_message),
		cmocka_unit_test(bittorrent_refuses_what_cannot_become_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
