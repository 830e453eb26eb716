#include "dataplane/core/message_fixture.h"

static const struct spoken messages[] = {
	{22, SAID_ANSWER,
		"\x32\x32\x30\x20\x46\x54\x50\x20\x73\x65\x72\x76\x65\x72\x20\x72\x65\x61"
		"\x64\x79\x0d\x0a"}, /* ftp-banner */
};

static const struct spoken doubtful[] = {
	{16, SAID_NOTHING, "\x55\x53\x45\x52\x20\x61\x6e\x6f\x6e\x79\x6d\x6f\x75\x73\x0d\x0a"},
	{11, SAID_NOTHING, "\x32\x32\x30\x20\x68\x65\x6c\x6c\x6f\x0d\x0a"},
};

static const struct spoken others[] = {
	{9, SAID_NOTHING, "\x32\x32\x31\x20\x62\x79\x65\x0d\x0a"}, /* by hand */
	{32, SAID_NOTHING,
		"\x53\x53\x48\x2d\x32\x2e\x30\x2d\x4f\x70\x65\x6e\x53\x53\x48\x5f\x39\x2e"
		"\x32\x70\x31\x20\x44\x65\x62\x69\x61\x6e\x2d\x32\x0d\x0a"}, /* ssh-banner */
};

static const struct spoken mail[] = {
	{35, SAID_NOTHING,
		"\x32\x32\x30\x20\x66\x74\x70\x2e\x65\x78\x61\x6d\x70\x6c\x65\x2e\x63\x6f\x6d\x20"
		"\x45\x53\x4d\x54\x50\x20\x50\x6f\x73\x74\x66\x69\x78\x0d\x0a"},
};

static const struct spoken hosts[] = {
	{27, SAID_NOTHING,
		"\x32\x32\x30\x20\x66\x74\x70\x2e\x65\x78\x61\x6d\x70\x6c\x65\x2e\x63\x6f\x6d\x20"
		"\x72\x65\x61\x64\x79\x0d\x0a"},
};

static const struct spoken words[] = {
	{20, SAID_ANSWER,
		"\x32\x32\x30\x20\x28\x76\x73\x46\x54\x50\x64\x20\x33\x2e\x30\x2e\x35\x29\x0d\x0a"},
	{46, SAID_ANSWER,
		"\x32\x32\x30\x20\x66\x74\x70\x2e\x65\x78\x61\x6d\x70\x6c\x65\x2e\x63\x6f\x6d\x20"
		"\x46\x54\x50\x20\x73\x65\x72\x76\x65\x72\x20\x28\x56\x65\x72\x73\x69\x6f\x6e\x20"
		"\x36\x2e\x34\x29\x0d\x0a"},
	{27, SAID_ANSWER,
		"\x32\x32\x30\x20\x50\x72\x6f\x46\x54\x50\x44\x20\x53\x65\x72\x76\x65\x72\x20\x72"
		"\x65\x61\x64\x79\x2e\x0d\x0a"},
};

static void ftp_recognises_its_messages_and_who_sends_them(void **state)
{
	(void)state;
	check_all(validate_ftp, TRANSPORT_TCP, messages, COUNT(messages), MATCH_YES);
}

static void ftp_never_refuses_the_beginning_of_a_message(void **state)
{
	(void)state;
	check_beginnings(validate_ftp, TRANSPORT_TCP, messages, COUNT(messages));
}

static void ftp_takes_one_field_for_a_coincidence(void **state)
{
	(void)state;
	check_all(validate_ftp, TRANSPORT_TCP, doubtful, COUNT(doubtful), MATCH_MAYBE);
}

static void ftp_refuses_what_cannot_become_one(void **state)
{
	(void)state;
	check_all(validate_ftp, TRANSPORT_TCP, others, COUNT(others), MATCH_NO);
}

static void ftp_in_the_name_of_a_host_is_no_ftp(void **state)
{
	(void)state;
	check_all(validate_ftp, TRANSPORT_TCP, mail, COUNT(mail), MATCH_NO);
	check_all(validate_ftp, TRANSPORT_TCP, hosts, COUNT(hosts), MATCH_MAYBE);
}

static void ftp_is_known_by_its_word_and_its_programs(void **state)
{
	(void)state;
	check_all(validate_ftp, TRANSPORT_TCP, words, COUNT(words), MATCH_YES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ftp_recognises_its_messages_and_who_sends_them),
		cmocka_unit_test(ftp_never_refuses_the_beginning_of_a_message),
		cmocka_unit_test(ftp_takes_one_field_for_a_coincidence),
		cmocka_unit_test(ftp_refuses_what_cannot_become_one),
		cmocka_unit_test(ftp_in_the_name_of_a_host_is_no_ftp),
		cmocka_unit_test(ftp_is_known_by_its_word_and_its_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
