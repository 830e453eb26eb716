#include "dataplane/core/message_fixture.h"

/* A request and its answer, what may not be repeated wrongly in it, and both as a datagram. */
struct pair {
	const char *name;
	validator_function *validate;
	uint32_t request_length, answer_length;
	uint32_t id_at; /* in the answer: one byte of what it repeats */
	const char *request, *answer;
};

#define ZEROS_8 "\x00\x00\x00\x00\x00\x00\x00\x00"
#define ZEROS_16 ZEROS_8 ZEROS_8
#define SPI "\x05\xca\x1a\xb1\xe0\xdd\xba\x11"
#define QUESTION                                                                                   \
	"\x07updates\x07"                                                                          \
	"example\x03"                                                                              \
	"com\x00\x00\x01\x00\x01"
#define OTHER_CASE                                                                                 \
	"\x07UpDates\x07"                                                                          \
	"eXample\x03"                                                                              \
	"cOM\x00\x00\x01\x00\x01"
#define SNMP_HEAD "\x02\x01\x01\x04\x06public"
#define SNMP_REST "\x02\x01\x00\x02\x01\x00\x30\x00"
#define SNMP_3(flags, pdu)                                                                         \
	"\x30\x3c\x02\x01\x03\x30\x11\x02\x04\x1d\x34\x5f\x11\x02\x03\x00\xff\xe3\x04\x01" flags   \
	"\x02\x01\x03\x04\x10\x30\x0e\x04\x00\x02\x01\x00\x02\x01\x00\x04\x00\x04\x00\x04\x00"     \
	"\x30\x12\x04\x00\x04\x00" pdu "\x0c\x02\x02\x37\xf0\x02\x01\x00\x02\x01\x00\x30\x00"

static const struct pair pairs[] = {
	{"dns", validate_dns, 37, 37, 0,
		"\xe5\xa2\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" QUESTION,
		"\xe5\xa2\x81\x83\x00\x01\x00\x00\x00\x00\x00\x00" OTHER_CASE},
	{"dns, the question", validate_dns, 37, 37, 15,
		"\xe5\xa2\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" QUESTION,
		"\xe5\xa2\x81\x83\x00\x01\x00\x00\x00\x00\x00\x00" QUESTION},
	{"dns, id 0", validate_dns, 37, 37, 1,
		"\x00\x00\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" QUESTION,
		"\x00\x00\x81\x83\x00\x01\x00\x00\x00\x00\x00\x00" QUESTION},
	{"dns, an answer without its question", validate_dns, 37, 27, 1,
		"\xe5\xa2\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" QUESTION,
		"\xe5\xa2\x85\x00\x00\x00\x00\x01\x00\x00\x00\x00\x03"
		"com\x00\x00\x01\x00\x01\x00"
		"\x00\x00\x00\x00\x00"},
	{"snmp", validate_snmp, 27, 27, 17,
		"\x30\x19" SNMP_HEAD "\xa0\x0c\x02\x02\x2a\x17" SNMP_REST,
		"\x30\x19" SNMP_HEAD "\xa2\x0c\x02\x02\x2a\x17" SNMP_REST},
	{"snmp, a negative id written longer", validate_snmp, 26, 29, 20,
		"\x30\x18" SNMP_HEAD "\xa0\x0b\x02\x01\xfe" SNMP_REST,
		"\x30\x1b" SNMP_HEAD "\xa2\x0e\x02\x04\xff\xff\xff\xfe" SNMP_REST},
	{"snmp 3", validate_snmp, 62, 62, 12, SNMP_3("\x04", "\xa0"), SNMP_3("\x00", "\xa8")},
	{"snmp 3, encrypted", validate_snmp, 62, 62, 12, SNMP_3("\x07", "\xff"),
		SNMP_3("\x03", "\xff")},
	{"radius", validate_radius, 20, 20, 1, "\x0c\x2a\x00\x14" ZEROS_16,
		"\x02\x2a\x00\x14" ZEROS_16},
	{"radius, id 0", validate_radius, 20, 20, 1, "\x0c\x00\x00\x14" ZEROS_16,
		"\x02\x00\x00\x14" ZEROS_16},
	{"ntp", validate_ntp, 48, 48, 31,
		"\x23\x00\x06\xec" ZEROS_16 ZEROS_16
		"\x00\x00\x00\x00\xed\x02\xa1\xb0\xc0\x00\x00\x00",
		"\x24\x02\x06\xec" ZEROS_16
		"\x00\x00\x00\x00\xed\x02\xa1\xb0\xc0\x00\x00\x00" ZEROS_8
		"\xed\x02\xa1\xb0\xc0\x50\x00\x00"},
	{"ntp, peers", validate_ntp, 48, 48, 24,
		"\x21\x02\x06\xec" ZEROS_16 ZEROS_16
		"\x00\x00\x00\x00\xed\x02\xa1\xb0\xc0\x00\x00\x00",
		"\x22\x02\x06\xec" ZEROS_16
		"\x00\x00\x00\x00\xed\x02\xa1\xb0\xc0\x00\x00\x00" ZEROS_8
		"\xed\x02\xa1\xb0\xc0\x50\x00\x00"},
	{"ike 2", validate_ike, 28, 28, 0,
		SPI ZEROS_8 "\x21\x20\x22\x08\x00\x00\x00\x00\x00\x00\x00\x1c",
		SPI SPI "\x21\x20\x22\x20\x00\x00\x00\x00\x00\x00\x00\x1c"},
	{"ike 2, the message's id", validate_ike, 28, 28, 23,
		SPI SPI "\x2e\x20\x25\x08\x00\x00\x00\x02\x00\x00\x00\x1c",
		SPI SPI "\x2e\x20\x25\x20\x00\x00\x00\x02\x00\x00\x00\x1c"},
	{"ike 1", validate_ike, 28, 28, 7,
		SPI ZEROS_8 "\x01\x10\x02\x00\x00\x00\x00\x00\x00\x00\x00\x1c",
		SPI SPI "\x01\x10\x02\x00\x00\x00\x00\x00\x00\x00\x00\x1c"},
	{"stun", validate_stun, 20, 20, 19,
		"\x00\x01\x00\x00\x21\x12\xa4\x42\x78\x21\x80\x3a\xe7\x52\x61\xc0\x27\xa3\xa1\x81",
		"\x01\x01\x00\x00\x21\x12\xa4\x42\x78\x21\x80\x3a\xe7\x52\x61\xc0\x27\xa3\xa1\x81"},
	{"ldap", validate_ldap, 14, 14, 4,
		"\x30\x0c\x02\x01\x07\x60\x07\x02\x01\x03\x04\x00\x80\x00",
		"\x30\x0c\x02\x01\x07\x61\x07\x0a\x01\x00\x04\x00\x04\x00"},
	{"ipmi, asf", validate_ipmi, 12, 28, 9, "\x06\x00\xff\x06\x00\x00\x11\xbe\x80\x21\x00\x00",
		"\x06\x00\xff\x06\x00\x00\x11\xbe\x40\x21\x00\x10" ZEROS_16},
	{"ipmi 1.5", validate_ipmi, 21, 21, 18,
		"\x06\x00\xff\x07\x00" ZEROS_8 "\x07\x20\x18\xc8\x81\x04\x38\x3b",
		"\x06\x00\xff\x07\x00" ZEROS_8 "\x07\x81\x1c\x63\x20\x04\x38\x00"},
	{"ipmi 2.0", validate_ipmi, 17, 17, 16, "\x06\x00\xff\x07\x06\x10" ZEROS_8 "\x01\x00\x2a",
		"\x06\x00\xff\x07\x06\x11" ZEROS_8 "\x01\x00\x2a"},
	{"openvpn", validate_openvpn, 14, 26, 14, "\x38" SPI "\x00\x00\x00\x00\x00",
		"\x40\x01\x02\x03\x04\x05\x06\x07\x08\x01\x00\x00\x00\x00" SPI "\x00\x00\x00\x00"},
	{"wireguard", validate_wireguard, 148, 92, 8,
		"\x01\x00\x00\x00\x0a\x0b\x0c\x0d" ZEROS_16 ZEROS_16 ZEROS_16 ZEROS_16 ZEROS_16
			ZEROS_16 ZEROS_16 ZEROS_16 ZEROS_8 "\x00\x00\x00\x00",
		"\x02\x00\x00\x00\x01\x02\x03\x04\x0a\x0b\x0c\x0d" ZEROS_16 ZEROS_16 ZEROS_16
			ZEROS_16 ZEROS_16},
};

static struct message_info read_one(const struct pair *p, const char *bytes, uint32_t length)
{
	struct message_info m;
	enum match r = read_spoken(p->validate, TRANSPORT_UDP, bytes, length, 1, &m);

	if (r != MATCH_YES)
		print_error("%s: reading %d\n", p->name, (int)r);
	assert_int_equal(r, MATCH_YES);
	if (m.exchange == EXCHANGE_NONE)
		print_error("%s: no exchange\n", p->name);
	assert_int_not_equal(m.exchange, EXCHANGE_NONE);
	return m;
}

static void an_answer_fits_its_request_and_says_that_it_is_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		const struct pair *p = &pairs[i];
		struct message_info asked = read_one(p, p->request, p->request_length);
		struct message_info answered = read_one(p, p->answer, p->answer_length);
		if (!exchange_fits(asked.exchange, answered.exchange))
			print_error("%s: does not fit\n", p->name);
		assert_true(exchange_fits(asked.exchange, answered.exchange));
		if (strcmp(p->name, "ntp, peers") == 0)
			continue; /* each of them asks */
		assert_int_equal(asked.said, SAID_REQUEST);
		assert_int_equal(answered.said, SAID_ANSWER);
	}
}

static void an_answer_to_something_else_fits_no_request(void **state)
{
	char foreign[160];

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		const struct pair *p = &pairs[i];
		struct message_info asked = read_one(p, p->request, p->request_length), other;
		memcpy(foreign, p->answer, p->answer_length);
		foreign[p->id_at] ^= 4;
		other = read_one(p, foreign, p->answer_length);
		if (exchange_fits(asked.exchange, other.exchange))
			print_error("%s: fits\n", p->name);
		assert_false(exchange_fits(asked.exchange, other.exchange));
	}
}

static void an_exchange_that_is_not_known_fits_nothing(void **state)
{
	(void)state;
	assert_false(exchange_fits(EXCHANGE_NONE, EXCHANGE_NONE));
	assert_false(exchange_fits(0x10001, EXCHANGE_NONE));
	assert_false(exchange_fits(EXCHANGE_NONE, 0x10001));
}

/* RFC 3413 3.3: a notification asks nobody for anything. */
static void a_trap_has_no_exchange(void **state)
{
	static const char trap[] =
		"\x30\x29\x02\x01\x00\x04\x06\x70\x75\x62\x6c\x69\x63\xa4\x1c\x06"
		"\x07\x2b\x06\x01\x04\x01\x09\x01\x40\x04\x0a\x14\x00\x01\x02\x01"
		"\x02\x02\x01\x00\x43\x03\x01\x5f\x90\x30\x00";
	struct message_info m;

	(void)state;
	assert_int_equal(read_spoken(validate_snmp, TRANSPORT_UDP, trap, 43, 1, &m), MATCH_YES);
	assert_int_equal(m.said, SAID_REQUEST);
	assert_int_equal(m.exchange, EXCHANGE_NONE);
}

/* RFC 5905 7.3: a client that does not tell its time cannot be answered with it. */
static void a_time_of_nought_is_no_exchange(void **state)
{
	static const char request[48] = "\x23";
	struct message_info m;

	(void)state;
	assert_int_equal(read_spoken(validate_ntp, TRANSPORT_UDP, request, 48, 1, &m), MATCH_YES);
	assert_int_equal(m.exchange, EXCHANGE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_fits_its_request_and_says_that_it_is_one),
		cmocka_unit_test(an_answer_to_something_else_fits_no_request),
		cmocka_unit_test(an_exchange_that_is_not_known_fits_nothing),
		cmocka_unit_test(a_trap_has_no_exchange),
		cmocka_unit_test(a_time_of_nought_is_no_exchange),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
