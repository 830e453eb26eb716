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
	{4, SAID_NOTHING, "\x53\x53\x48\x00"}, /* by hand */
	{4, SAID_NOTHING, "\x00\x01\x02\x03"}, /* by hand */
};

/* Padded, after lines of another kind, and both. */
static const struct spoken banners[] = {
	{23, SAID_FIRST,
		"\x53\x53\x48\x2d\x32\x2e\x30\x2d\x43\x69\x73\x63\x6f\x2d\x31\x2e\x32\x35\x20\x20"
		"\x20\x0d\x0a"},
	{15, SAID_FIRST, "\x53\x53\x48\x2d\x32\x2e\x30\x2d\x64\x65\x76\x00\x00\x0d\x0a"},
	{32, SAID_FIRST,
		"\x57\x65\x6c\x63\x6f\x6d\x65\x0d\x0a\x74\x6f\x20\x6e\x6f\x62\x6f\x64\x79\x0a\x53"
		"\x53\x48\x2d\x32\x2e\x30\x2d\x78\x5f\x31\x0d\x0a"},
};

/* A version that is to come, a name that is no ASCII. */
static const struct spoken unknown[] = {
	{11, SAID_NOTHING, "\x53\x53\x48\x2d\x39\x2e\x39\x2d\x78\x0d\x0a"},
	{14, SAID_NOTHING, "\x53\x53\x48\x2d\x32\x2e\x30\x2d\x64\xc3\xa9\x76\x0d\x0a"},
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

static void ssh_knows_banners_that_are_padded_or_come_late(void **state)
{
	(void)state;
	check_all(validate_ssh, TRANSPORT_TCP, banners, COUNT(banners), MATCH_YES);
	check_beginnings(validate_ssh, TRANSPORT_TCP, banners, COUNT(banners));
}

static void ssh_doubts_versions_that_nobody_has(void **state)
{
	(void)state;
	check_all(validate_ssh, TRANSPORT_TCP, unknown, COUNT(unknown), MATCH_MAYBE);
}

static void ssh_keeps_the_software_of_a_banner_that_comes_late(void **state)
{
	(void)state;
	struct message_info m;

	read_spoken(validate_ssh, TRANSPORT_TCP, banners[2].bytes, banners[2].length, 0, &m);
	assert_int_equal(m.facts.length[1], 3);
	assert_memory_equal(facts_text(&m.facts, 1), "x_1", 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ssh_recognises_its_messages_and_who_sends_them),
		cmocka_unit_test(ssh_never_refuses_the_beginning_of_a_message),
		cmocka_unit_test(ssh_refuses_what_cannot_become_one),
		cmocka_unit_test(ssh_knows_banners_that_are_padded_or_come_late),
		cmocka_unit_test(ssh_doubts_versions_that_nobody_has),
		cmocka_unit_test(ssh_keeps_the_software_of_a_banner_that_comes_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
