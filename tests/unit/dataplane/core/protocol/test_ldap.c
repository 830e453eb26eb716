#include "dataplane/core/message_fixture.h"

static const struct spoken messages[] = {
	{24, SAID_REQUEST,
		"\x30\x16\x02\x01\x01\x60\x11\x02\x01\x03\x04\x09"
		"\x63\x6e\x3d\x72\x65\x61"
		"\x64\x65\x72\x80\x01\x78"}, /* ldap-bind */
	{14, SAID_ANSWER,
		"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00"
		"\x04\x00"}, /* ldap-bind-response
			      */
	{72, SAID_REQUEST,
		"\x30\x46\x02\x01\x02\x63\x41\x04\x11\x64\x63\x3d"
		"\x65\x78\x61\x6d\x70\x6c"
		"\x65\x2c\x64\x63\x3d\x63\x6f\x6d\x0a\x01\x02\x0a"
		"\x01\x00\x02\x01\x64\x02"
		"\x01\x1e\x01\x01\x00\x87\x0b\x6f\x62\x6a\x65\x63"
		"\x74\x43\x6c\x61\x73\x73"
		"\x30\x10\x04\x0e\x73\x41\x4d\x41\x63\x63\x6f\x75"
		"\x6e\x74\x4e\x61\x6d\x65"}, /* ldap-search
					      */
	{31, SAID_REQUEST,
		"\x30\x1d\x02\x01\x01\x77\x18\x80\x16\x31\x2e\x33"
		"\x2e\x36\x2e\x31\x2e\x34"
		"\x2e\x31\x2e\x31\x34\x36\x36\x2e\x32\x30\x30\x33"
		"\x37"}, /* ldap-starttls */
};

static const struct spoken others[] = {
	{41, SAID_NOTHING,
		"\x30\x27\x02\x01\x01\x04\x06\x70\x75\x62\x6c\x69\x63\xa0\x1a\x02\x02\x2a"
		"\x17\x02\x01\x00\x02\x01\x00\x30\x0e\x30\x0c\x06\x08\x2b\x06\x01\x02\x01"
		"\x01\x01\x00\x05\x00"},		       /* snmp-get */
	{6, SAID_NOTHING, "\x30\x05\x02\x01\x01\x04"},	       /* by hand */
	{8, SAID_NOTHING, "\x30\x05\x02\x01\x01\x62\x01\x00"}, /* by hand */
};

static void ldap_recognises_its_messages_and_who_sends_them(void **state)
{
	(void)state;
	check_all(validate_ldap, TRANSPORT_TCP, messages, COUNT(messages), MATCH_YES);
}

static void ldap_never_refuses_the_beginning_of_a_message(void **state)
{
	(void)state;
	check_beginnings(validate_ldap, TRANSPORT_TCP, messages, COUNT(messages));
}

static void ldap_refuses_what_cannot_become_one(void **state)
{
	(void)state;
	check_all(validate_ldap, TRANSPORT_TCP, others, COUNT(others), MATCH_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ldap_recognises_its_messages_and_who_sends_them),
		cmocka_unit_test(ldap_never_refuses_the_beginning_of_a_message),
		cmocka_unit_test(ldap_refuses_what_cannot_become_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
