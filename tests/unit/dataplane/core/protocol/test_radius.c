#include "dataplane/core/message_fixture.h"

static const struct spoken messages[] = {
	{57, SAID_REQUEST,
		"\x01\x2a\x00\x39\x37\x1a\x2b\x23\x9e\x36\x29\x3d\xb4\x1c\x7e\x7b\x7e\x73"
		"\xfb\xc3\x01\x07\x61\x6c\x69\x63\x65\x04\x06\x0a\x14\x00\x01\x05\x06\x00"
		"\x00\x00\x01\x02\x12\xf6\x98\x03\x48\xa5\xad\xca\x3f\x1e\x79\x1f\xa3\x5a"
		"\x7d\x8a\x28"}, /* radius-access-request */
	{26, SAID_ANSWER,
		"\x02\x2a\x00\x1a\xae\x6a\x09\x2b\x65\x61\x35\x5e\xa5\x58\xe2\x1f\xeb\xb5"
		"\xda\x31\x06\x06\x00\x00\x00\x06"}, /* radius-access-accept */
	{55, SAID_REQUEST,
		"\x04\x2a\x00\x37\x31\x80\x83\xad\x81\xc2\x76\xa9\x5a\x0c\x08\x91\x70\xa4"
		"\xd9\x0f\x28\x06\x00\x00\x00\x01\x2c\x0a\x30\x30\x30\x30\x30\x30\x32\x61"
		"\x01\x07\x61\x6c\x69\x63\x65\x04\x06\x0a\x14\x00\x01\x05\x06\x00\x00\x00"
		"\x01"}, /* radius-accounting-request */
};

static const struct spoken others[] = {
	{4, SAID_NOTHING, "\x01\x02\x00\x14"}, /* by hand */
	{20, SAID_NOTHING,
		"\x0e\x02\x00\x14\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		"\x00\x00"}, /* by hand */
	{22, SAID_NOTHING,
		"\x01\x02\x00\x16\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		"\x00\x00\x01\x01"}, /* by hand */
	{37, SAID_NOTHING,
		"\xe5\xa2\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07\x75\x70\x64\x61\x74"
		"\x65\x73\x07\x65\x78\x61\x6d\x70\x6c\x65\x03\x63\x6f\x6d\x00\x00\x01\x00"
		"\x01"}, /* dns-query */
};

static void radius_recognises_its_messages_and_who_sends_them(void **state)
{
	(void)state;
	check_all(validate_radius, TRANSPORT_UDP, messages, COUNT(messages), MATCH_YES);
}

static void radius_never_refuses_the_beginning_of_a_message(void **state)
{
	(void)state;
	check_beginnings(validate_radius, TRANSPORT_UDP, messages, COUNT(messages));
}

/* The first 512 bytes of a long one are looked at: its reading by the number of attributes that
 * are wholly there, and one more that has only begun. */
static enum match read_long(unsigned count, unsigned type, uint8_t length)
{
	uint8_t bytes[512] = {1, 2, 8, 0};
	struct message u = {.bytes = bytes, .size = 2048, .transport = TRANSPORT_UDP, .length = 20};
	struct message_info m;

	for (unsigned i = 0; i < count; i++, u.length += length) {
		bytes[u.length] = (uint8_t)type;
		bytes[u.length + 1] = length;
	}
	bytes[u.length++] = (uint8_t)type;
	bytes[u.length++] = length;
	message_info_init(&m);
	return validate_radius(&u, &m);
}

static void radius_wants_usual_attributes_where_the_end_is_not_at_hand(void **state)
{
	(void)state;
	assert_int_equal(read_long(0, 1, 8), MATCH_MAYBE);
	assert_int_equal(read_long(3, 1, 8), MATCH_MAYBE);
	assert_int_equal(read_long(4, 1, 8), MATCH_YES);
	assert_int_equal(read_long(9, 4, 6), MATCH_YES);
	assert_int_equal(read_long(9, 4, 8), MATCH_MAYBE); /* an address of six bytes */
	assert_int_equal(read_long(9, 61, 7), MATCH_MAYBE);
	assert_int_equal(read_long(9, 79, 40), MATCH_YES);
	assert_int_equal(read_long(9, 57, 7), MATCH_MAYBE);
	assert_int_equal(read_long(1, 79, 255), MATCH_YES); /* a message of EAP that goes on */
	assert_int_equal(read_long(1, 79, 254), MATCH_MAYBE);
	assert_int_equal(read_long(1, 78, 255), MATCH_MAYBE);
	assert_int_equal(read_long(9, 224, 8), MATCH_MAYBE); /* for experiments */
	assert_int_equal(read_long(9, 245, 8), MATCH_YES);
	assert_int_equal(read_long(9, 247, 8), MATCH_MAYBE);
	assert_int_equal(read_long(9, 0, 8), MATCH_NO);
	assert_int_equal(read_long(9, 1, 1), MATCH_NO);
}

static void radius_refuses_what_cannot_become_one(void **state)
{
	(void)state;
	check_all(validate_radius, TRANSPORT_UDP, others, COUNT(others), MATCH_NO);
}

static void radius_names_a_request_on_the_other_port(void **state)
{
	(void)state;
	struct message u = {.bytes = (const uint8_t *)messages[0].bytes,
		.length = messages[0].length,
		.size = messages[0].length,
		.transport = TRANSPORT_UDP,
		.from = 40000,
		.to = 1813};
	struct message_info m;

	message_info_init(&m);
	assert_int_equal(validate_radius(&u, &m), MATCH_YES);
	assert_int_equal(m.instead, SERVICE_RADIUS_ACCESS + 1);
	u.to = 1812;
	message_info_init(&m);
	assert_int_equal(validate_radius(&u, &m), MATCH_YES);
	assert_int_equal(m.instead, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(radius_recognises_its_messages_and_who_sends_them),
		cmocka_unit_test(radius_never_refuses_the_beginning_of_a_message),
		cmocka_unit_test(radius_wants_usual_attributes_where_the_end_is_not_at_hand),
		cmocka_unit_test(radius_refuses_what_cannot_become_one),
		cmocka_unit_test(radius_names_a_request_on_the_other_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
