#include "dataplane/core/message_fixture.h"

static const struct spoken messages[] = {
	{34, SAID_ANSWER,
		"\x32\x32\x30\x20\x6d\x61\x69\x6c\x2e\x65\x78\x61\x6d\x70\x6c\x65\x2e\x63"
		"\x6f\x6d\x20\x45\x53\x4d\x54\x50\x20\x72\x65\x61\x64\x79\x0d\x0a"}, /* smtp-banner
										      */
	{24, SAID_REQUEST,
		"\x45\x48\x4c\x4f\x20\x66\x6d\x63\x2d\x31\x2e\x65\x78\x61\x6d\x70\x6c\x65"
		"\x2e\x63\x6f\x6d\x0d\x0a"}, /* smtp-ehlo */
	{27, SAID_REQUEST,
		"\x4d\x41\x49\x4c\x20\x46\x52\x4f\x4d\x3a\x3c\x61\x40\x65\x78\x61\x6d\x70"
		"\x6c\x65\x2e\x63\x6f\x6d\x3e\x0d\x0a"}, /* by hand */
};

static const struct spoken doubtful[] = {
	{11, SAID_NOTHING, "\x32\x32\x30\x20\x68\x65\x6c\x6c\x6f\x0d\x0a"},
	{6, SAID_NOTHING, "\x51\x55\x49\x54\x0d\x0a"},
};

static const struct spoken others[] = {
	{7, SAID_NOTHING, "\x48\x45\x4c\x4c\x4f\x0d\x0a"}, /* by hand */
	{32, SAID_NOTHING,
		"\x53\x53\x48\x2d\x32\x2e\x30\x2d\x4f\x70\x65\x6e\x53\x53\x48\x5f\x39\x2e"
		"\x32\x70\x31\x20\x44\x65\x62\x69\x61\x6e\x2d\x32\x0d\x0a"}, /* ssh-banner */
	{5, SAID_NOTHING, "\x32\x32\x30\x20\x01"},			     /* by hand */
};

static const struct spoken refusals[] = {
	{35, SAID_NOTHING,
		"\x35\x35\x30\x20\x72\x65\x6c\x61\x79\x20\x6e\x6f\x74\x20\x70\x65\x72\x6d\x69\x74"
		"\x74\x65\x64\x20\x62\x79\x20\x70\x6f\x6c\x69\x63\x79\x0d\x0a"},
	{11, SAID_NOTHING, "\x34\x35\x30\x20\x6c\x61\x74\x65\x72\x0d\x0a"},
	{5, SAID_NOTHING, "\x32\x32\x30\x0d\x0a"},
	{8, SAID_NOTHING, "\x35\x32\x31\x2d\x6e\x6f\x0d\x0a"},
	{27, SAID_NOTHING,
		"\x32\x32\x30\x20\x66\x74\x70\x2e\x65\x78\x61\x6d\x70\x6c\x65\x2e\x63\x6f\x6d\x20"
		"\x72\x65\x61\x64\x79\x0d\x0a"},
};

static const struct spoken named[] = {
	{18, SAID_ANSWER,
		"\x35\x35\x30\x20\x65\x78\x69\x6d\x20\x73\x61\x79\x73\x20\x6e\x6f\x0d\x0a"},
	{27, SAID_ANSWER,
		"\x32\x32\x30\x20\x66\x74\x70\x2e\x65\x78\x61\x6d\x70\x6c\x65\x2e\x63\x6f\x6d\x20"
		"\x45\x53\x4d\x54\x50\x0d\x0a"},
	{21, SAID_ANSWER,
		"\x32\x32\x30\x20\x6d\x78\x31\x2e\x65\x78\x61\x6d\x70\x6c\x65\x2e\x63\x6f\x6d\x0d"
		"\x0a"},
};

static const struct spoken of_ftp[] = {
	{33, SAID_NOTHING,
		"\x32\x32\x30\x20\x6d\x61\x69\x6c\x2e\x65\x78\x61\x6d\x70\x6c\x65\x2e\x63\x6f\x6d"
		"\x20\x46\x54\x50\x20\x73\x65\x72\x76\x65\x72\x0d\x0a"},
};

static void smtp_recognises_its_messages_and_who_sends_them(void **state)
{
	(void)state;
	check_all(validate_smtp, TRANSPORT_TCP, messages, COUNT(messages), MATCH_YES);
}

static void smtp_never_refuses_the_beginning_of_a_message(void **state)
{
	(void)state;
	check_beginnings(validate_smtp, TRANSPORT_TCP, messages, COUNT(messages));
}

static void smtp_takes_one_field_for_a_coincidence(void **state)
{
	(void)state;
	check_all(validate_smtp, TRANSPORT_TCP, doubtful, COUNT(doubtful), MATCH_MAYBE);
}

static void smtp_refuses_what_cannot_become_one(void **state)
{
	(void)state;
	check_all(validate_smtp, TRANSPORT_TCP, others, COUNT(others), MATCH_NO);
}

static void smtp_takes_any_code_that_refuses_for_a_greeting(void **state)
{
	(void)state;
	check_all(validate_smtp, TRANSPORT_TCP, refusals, COUNT(refusals), MATCH_MAYBE);
	check_beginnings(validate_smtp, TRANSPORT_TCP, refusals, COUNT(refusals));
}

static void smtp_is_named_whatever_its_host_is_called(void **state)
{
	(void)state;
	check_all(validate_smtp, TRANSPORT_TCP, named, COUNT(named), MATCH_YES);
	check_all(validate_smtp, TRANSPORT_TCP, of_ftp, COUNT(of_ftp), MATCH_MAYBE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(smtp_recognises_its_messages_and_who_sends_them),
		cmocka_unit_test(smtp_never_refuses_the_beginning_of_a_message),
		cmocka_unit_test(smtp_takes_one_field_for_a_coincidence),
		cmocka_unit_test(smtp_refuses_what_cannot_become_one),
		cmocka_unit_test(smtp_takes_any_code_that_refuses_for_a_greeting),
		cmocka_unit_test(smtp_is_named_whatever_its_host_is_called),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
