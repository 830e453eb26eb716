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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(smtp_recognises_its_messages_and_who_sends_them),
		cmocka_unit_test(smtp_never_refuses_the_beginning_of_a_message),
		cmocka_unit_test(smtp_takes_one_field_for_a_coincidence),
		cmocka_unit_test(smtp_refuses_what_cannot_become_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
