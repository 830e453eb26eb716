#include "dataplane/core/message_fixture.h"

static const struct spoken messages[] = {
	{78, SAID_ANSWER,
		"\x4a\x00\x00\x00\x0a\x38\x2e\x30\x2e\x33\x36\x00\x2a\x00\x00\x00\x73\x61"
		"\x6c\x74\x73\x61\x6c\x74\x00\xff\xf7\x08\x02\x00\xff\x81\x15\x00\x00\x00"
		"\x00\x00\x00\x00\x00\x00\x00\x73\x61\x6c\x74\x73\x61\x6c\x74\x73\x61\x6c"
		"\x74\x00\x6d\x79\x73\x71\x6c\x5f\x6e\x61\x74\x69\x76\x65\x5f\x70\x61\x73"
		"\x73\x77\x6f\x72\x64\x00"}, /* mysql-greeting */
};

static const struct spoken others[] = {
	{5, SAID_NOTHING, "\x4a\x00\x00\x01\x0a"},		   /* by hand */
	{5, SAID_NOTHING, "\x4a\x00\x00\x00\x0b"},		   /* by hand */
	{9, SAID_NOTHING, "\x4a\x00\x00\x00\x0a\x00\x00\x00\x00"}, /* by hand */
};

static const struct spoken refusals[] = {
	{80, SAID_ANSWER,
		"\x4c\x00\x00\x00\xff\x6a\x04\x48\x6f\x73\x74\x20\x27\x66\x6d\x63\x2d\x31\x2e\x65"
		"\x78\x61\x6d\x70\x6c\x65\x2e\x6e\x65\x74\x27\x20\x69\x73\x20\x6e\x6f\x74\x20\x61"
		"\x6c\x6c\x6f\x77\x65\x64\x20\x74\x6f\x20\x63\x6f\x6e\x6e\x65\x63\x74\x20\x74\x6f"
		"\x20\x74\x68\x69\x73\x20\x4d\x61\x72\x69\x61\x44\x42\x20\x73\x65\x72\x76\x65\x72"},
};

static void mysql_recognises_its_messages_and_who_sends_them(void **state)
{
	(void)state;
	check_all(validate_mysql, TRANSPORT_TCP, messages, COUNT(messages), MATCH_YES);
}

static void mysql_never_refuses_the_beginning_of_a_message(void **state)
{
	(void)state;
	check_beginnings(validate_mysql, TRANSPORT_TCP, messages, COUNT(messages));
}

static void mysql_refuses_what_cannot_become_one(void **state)
{
	(void)state;
	check_all(validate_mysql, TRANSPORT_TCP, others, COUNT(others), MATCH_NO);
}

static void mysql_knows_a_server_that_refuses(void **state)
{
	(void)state;
	check_all(validate_mysql, TRANSPORT_TCP, refusals, COUNT(refusals), MATCH_YES);
	check_beginnings(validate_mysql, TRANSPORT_TCP, refusals, COUNT(refusals));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mysql_recognises_its_messages_and_who_sends_them),
		cmocka_unit_test(mysql_never_refuses_the_beginning_of_a_message),
		cmocka_unit_test(mysql_refuses_what_cannot_become_one),
		cmocka_unit_test(mysql_knows_a_server_that_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
