#include "dataplane/core/message_fixture.h"

static const struct spoken messages[] = {
	{133, SAID_REQUEST,
		"\x3c\x31\x36\x36\x3e\x4a\x61\x6e\x20\x20\x35\x20\x30\x37\x3a\x30\x30\x3a"
		"\x30\x30\x20\x66\x74\x64\x2d\x31\x20\x3a\x20\x25\x46\x54\x44\x2d\x36\x2d"
		"\x33\x30\x32\x30\x31\x33\x3a\x20\x42\x75\x69\x6c\x74\x20\x69\x6e\x62\x6f"
		"\x75\x6e\x64\x20\x54\x43\x50\x20\x63\x6f\x6e\x6e\x65\x63\x74\x69\x6f\x6e"
		"\x20\x34\x37\x31\x31\x20\x66\x6f\x72\x20\x6f\x75\x74\x73\x69\x64\x65\x3a"
		"\x31\x39\x38\x2e\x35\x31\x2e\x31\x30\x30\x2e\x39\x2f\x35\x31\x35\x31\x35"
		"\x20\x74\x6f\x20\x69\x6e\x73\x69\x64\x65\x3a\x31\x30\x2e\x33\x30\x2e\x30"
		"\x2e\x38\x30\x2f\x34\x34\x33"}, /* syslog */
	{83, SAID_REQUEST,
		"\x3c\x31\x31\x30\x3e\x31\x20\x32\x30\x32\x36\x2d\x30\x31\x2d\x30\x35\x54"
		"\x30\x37\x3a\x30\x30\x3a\x30\x30\x5a\x20\x66\x6d\x63\x2d\x31\x20\x61\x75"
		"\x64\x69\x74\x20\x34\x32\x34\x32\x20\x2d\x20\x2d\x20\x61\x64\x6d\x69\x6e"
		"\x40\x31\x39\x38\x2e\x35\x31\x2e\x31\x30\x30\x2e\x39\x2c\x20\x4c\x6f\x67"
		"\x69\x6e\x2c\x20\x53\x75\x63\x63\x65\x73\x73"}, /* syslog-5424 */
	{44, SAID_REQUEST,
		"\x3c\x31\x33\x3e\x4a\x61\x6e\x20\x20\x31\x20\x30\x30\x3a\x30\x30\x3a\x30"
		"\x30\x20\x66\x74\x64\x20\xc3\x52\x17\x7e\xb9\x8c\x29\x5c\x92\x82\xd2\x2e"
		"\xbd\x74\xa2\xff\x60\x2b\x72\x7e"}, /* by hand */
};

static const struct spoken doubtful[] = {
	{18, SAID_NOTHING,
		"\x6e\x6f\x20\x70\x72\x69\x6f\x72\x69\x74\x79\x20\x61\x74\x20\x61\x6c\x6c"},
};

static const struct spoken others[] = {
	{19, SAID_NOTHING,
		"\x3c\x31\x39\x32\x3e\x78\x20\x79\x20\x7a\x20\x61\x6e\x64\x20\x6d\x6f\x72"
		"\x65"},				       /* by hand */
	{8, SAID_NOTHING, "\x3c\x31\x33\x3e\x00\x01\x02\x03"}, /* by hand */
	{37, SAID_NOTHING,
		"\xe5\xa2\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07\x75\x70\x64\x61\x74"
		"\x65\x73\x07\x65\x78\x61\x6d\x70\x6c\x65\x03\x63\x6f\x6d\x00\x00\x01\x00"
		"\x01"}, /* dns-query */
};

static const struct spoken ended_by_zeros[] = {
	{27, SAID_REQUEST,
		"\x3c\x31\x31\x3e\x4c\x6f\x67\x69\x6e\x20\x66\x61\x69\x6c\x65\x64\x20\x66\x6f\x72"
		"\x20\x61\x64\x6d\x69\x6e\x00"},
	{40, SAID_REQUEST,
		"\x3c\x31\x31\x3e\x31\x20\x32\x30\x32\x36\x2d\x30\x31\x2d\x30\x31\x54\x30\x30\x3a"
		"\x30\x30\x3a\x30\x30\x5a\x20\x68\x20\x61\x20\x2d\x20\x2d\x20\x2d\x20\x78\x00\x00"},
	{39, SAID_REQUEST,
		"\x3c\x31\x31\x3e\x61\x20\x76\x65\x72\x79\x20\x6c\x6f\x6e\x67\x20\x74\x65\x78\x74"
		"\x2c\x20\x61\x6e\x64\x20\x74\x68\x65\x6e\x20\x1b\x5b\x33\x31\x6d\x72\x65\x64"},
};

static const struct spoken late_control[] = {
	{23, SAID_NOTHING,
		"\x3c\x31\x33\x3e\x4a\x61\x6e\x20\x20\x31\x20\x30\x30\x3a\x10\x30\x3a\x30\x30\x20"
		"\x78\x20\x79"},
};

static void syslog_recognises_its_messages_and_who_sends_them(void **state)
{
	(void)state;
	check_all(validate_syslog, TRANSPORT_UDP, messages, COUNT(messages), MATCH_YES);
}

static void syslog_never_refuses_the_beginning_of_a_message(void **state)
{
	(void)state;
	check_beginnings(validate_syslog, TRANSPORT_UDP, messages, COUNT(messages));
}

static void syslog_takes_one_field_for_a_coincidence(void **state)
{
	(void)state;
	check_all(validate_syslog, TRANSPORT_UDP, doubtful, COUNT(doubtful), MATCH_MAYBE);
}

static void syslog_refuses_what_cannot_become_one(void **state)
{
	(void)state;
	check_all(validate_syslog, TRANSPORT_UDP, others, COUNT(others), MATCH_NO);
}

static void syslog_takes_zeros_at_the_end_for_the_end(void **state)
{
	(void)state;
	check_all(validate_syslog, TRANSPORT_UDP, ended_by_zeros, COUNT(ended_by_zeros), MATCH_YES);
}

static void syslog_doubts_text_that_is_none(void **state)
{
	(void)state;
	check_all(validate_syslog, TRANSPORT_UDP, late_control, COUNT(late_control), MATCH_MAYBE);
}

static void syslog_is_never_an_answer_in_plain_text(void **state)
{
	(void)state;
	static const char text[] = "uid=0(root) gid=0(root)\n";
	struct message u = {.bytes = (const uint8_t *)text,
		.length = sizeof(text) - 1,
		.size = sizeof(text) - 1,
		.transport = TRANSPORT_UDP,
		.answers = 1};
	struct message_info m;

	message_info_init(&m);
	assert_int_equal(validate_syslog(&u, &m), MATCH_NO);
	u.answers = 0;
	assert_int_equal(validate_syslog(&u, &m), MATCH_MAYBE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(syslog_recognises_its_messages_and_who_sends_them),
		cmocka_unit_test(syslog_never_refuses_the_beginning_of_a_message),
		cmocka_unit_test(syslog_takes_one_field_for_a_coincidence),
		cmocka_unit_test(syslog_refuses_what_cannot_become_one),
		cmocka_unit_test(syslog_takes_zeros_at_the_end_for_the_end),
		cmocka_unit_test(syslog_doubts_text_that_is_none),
		cmocka_unit_test(syslog_is_never_an_answer_in_plain_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
