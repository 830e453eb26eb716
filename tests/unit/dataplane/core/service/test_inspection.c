#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/service/inspection.h"

#define HEARINGS 2
#define FACTS 1

static const struct signature signatures[] = {
	{"^SSH-", SERVICE_SSH, TRANSPORT_TCP, SIDE_EITHER, VALIDATOR_SSH, 0, NULL},
	{"^[\\x15\\x16]\\x03", SERVICE_TLS, TRANSPORT_TCP, SIDE_EITHER, VALIDATOR_TLS, 0, NULL},
	{"^220[ -]", SERVICE_SMTP, TRANSPORT_TCP, SIDE_SERVER, VALIDATOR_SMTP, 0, NULL},
	{"^(EHLO|QUIT)", SERVICE_SMTP, TRANSPORT_TCP, SIDE_CLIENT, VALIDATOR_SMTP, 1, NULL},
	{"^220[ -]", SERVICE_FTP, TRANSPORT_TCP, SIDE_SERVER, VALIDATOR_FTP, 0, NULL},
	{"^USER ", SERVICE_FTP, TRANSPORT_TCP, SIDE_CLIENT, VALIDATOR_FTP, 1, NULL},
	{"^RFB \\d{3}", SERVICE_VNC, TRANSPORT_TCP, SIDE_SERVER, VALIDATOR_NONE, 0, NULL},
	{"^<\\d", SERVICE_SYSLOG, TRANSPORT_UDP, SIDE_EITHER, VALIDATOR_SYSLOG, 0, NULL},
	{"^.{4}\\x00[\\x00-\\x10]", SERVICE_DNS, TRANSPORT_UDP, SIDE_EITHER, VALIDATOR_DNS, 0,
		NULL},
	{"^[\\xc0-\\xff].{4}", SERVICE_QUIC, TRANSPORT_UDP, SIDE_EITHER, VALIDATOR_QUIC, 0, NULL},
	{NULL, SERVICE_ECHO, TRANSPORT_UDP, SIDE_EITHER, VALIDATOR_ECHO, 0, NULL},
	{NULL, SERVICE_ESP_IN_UDP, TRANSPORT_UDP, SIDE_EITHER, VALIDATOR_ESP_IN_UDP, 0, NULL},
};

struct room {
	struct inspection in;
	struct counters counters;
	void *memory;
};

static int setup(void **state)
{
	struct room *r = calloc(1, sizeof(*r));
	struct scanner *scanner = calloc(1, scanner_size());
	struct scanner_fault fault;
	size_t bytes = (inspection_size(HEARINGS, FACTS) + 63) & ~(size_t)63;

	assert_int_equal(scanner_init(scanner, signatures,
				 sizeof(signatures) / sizeof(signatures[0]), &fault),
		0);
	r->memory = aligned_alloc(64, bytes);
	memset(r->memory, 0, bytes);
	inspection_init(&r->in, r->memory, HEARINGS, FACTS);
	r->in.scanner = scanner;
	r->in.counters = &r->counters;
	assert_int_equal(scratch_init(&r->in.scratch, scanner), 0);
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	struct room *r = *state;
	struct scanner *scanner = (struct scanner *)r->in.scanner;

	scratch_fini(r->in.scratch);
	scanner_fini(scanner);
	free(scanner);
	free(r->memory);
	free(r);
	return 0;
}

/* A segment of a connection whose SYN had the number 99 and whose SYN+ACK was not seen. */
static struct payload segment(enum side side, uint32_t sequence, const char *text)
{
	return (struct payload){
		.bytes = (const uint8_t *)text,
		.length = (uint32_t)strlen(text),
		.sequence = sequence,
		.first = 100,
		.first_known = side == SIDE_CLIENT,
		.transport = TRANSPORT_TCP,
		.direction = side == SIDE_SERVER,
		.side = (uint8_t)side,
		.whole = 1,
		.expected = SERVICE_BIT(SERVICE_TLS),
	};
}

static struct payload datagram(
	unsigned direction, const char *bytes, uint32_t length, enum service expected)
{
	return (struct payload){
		.bytes = (const uint8_t *)bytes,
		.length = length,
		.transport = TRANSPORT_UDP,
		.direction = (uint8_t)direction,
		.whole = 1,
		.expected = SERVICE_BIT(expected),
	};
}

static int hear(struct room *r, struct service_state *s, struct payload p)
{
	return inspection_feed(&r->in, s, &p);
}

static void check_recognised(const struct service_state *s, enum service service)
{
	assert_int_equal(s->basis, SERVICE_RECOGNISED);
	assert_int_equal(s->service, service + 1);
}

static void inspection_recognises_a_whole_first_segment_without_a_buffer(void **state)
{
	struct room *r = *state;
	struct service_state s = {0};

	assert_true(hear(r, &s, segment(SIDE_CLIENT, 100, "SSH-2.0-x\r\n")));
	check_recognised(&s, SERVICE_SSH);
	assert_false(service_state_is_open(&s));
	assert_int_equal(r->in.slot_fresh, 0);
	assert_int_equal(inspection_facts(&r->in, &s)->length[0], 1);
	inspection_release(&r->in, &s);
}

static void inspection_puts_a_split_banner_together_and_gives_its_buffer_back(void **state)
{
	struct room *r = *state;
	struct service_state s = {0};

	assert_true(hear(r, &s, segment(SIDE_CLIENT, 100, "S"))); /* no TLS, whatever it is */
	assert_int_equal(s.basis, SERVICE_EXCLUDED);
	assert_false(hear(r, &s, segment(SIDE_CLIENT, 103, "-2.0-x\r\n")));
	assert_true(hear(r, &s, segment(SIDE_CLIENT, 101, "SH")));
	check_recognised(&s, SERVICE_SSH);
	assert_int_equal(r->in.slot_free, 0);
	inspection_release(&r->in, &s);
}

static void inspection_says_nothing_of_a_stream_whose_beginning_is_missing(void **state)
{
	struct room *r = *state;
	struct service_state s = {0};

	assert_false(hear(r, &s, segment(SIDE_CLIENT, 101, "SH-2.0-x\r\n")));
	assert_int_equal(s.basis, SERVICE_UNVERIFIED);
	assert_true(service_state_is_open(&s));
	inspection_release(&r->in, &s);
}

static void inspection_counts_a_flow_that_finds_no_buffer(void **state)
{
	struct room *r = *state;
	struct service_state s[HEARINGS + 1] = {0};

	for (unsigned i = 0; i <= HEARINGS; i++)
		hear(r, &s[i], segment(SIDE_CLIENT, 101, "SH-"));
	assert_int_equal(r->counters.reassembly_exhausted, 1);
	assert_false(service_state_is_open(&s[HEARINGS]));
	assert_int_equal(s[HEARINGS].basis, SERVICE_UNVERIFIED);
	inspection_release(&r->in, &s[0]);
	memset(&s[HEARINGS], 0, sizeof(s[HEARINGS]));
	hear(r, &s[HEARINGS], segment(SIDE_CLIENT, 101, "SH-"));
	assert_true(service_state_is_open(&s[HEARINGS]));
	assert_int_equal(r->counters.reassembly_exhausted, 1);
}

static void inspection_counts_facts_that_find_no_room(void **state)
{
	struct room *r = *state;
	struct service_state s[2] = {0};

	for (unsigned i = 0; i < 2; i++)
		hear(r, &s[i], segment(SIDE_CLIENT, 100, "SSH-2.0-x\r\n"));
	assert_non_null(inspection_facts(&r->in, &s[0]));
	assert_null(inspection_facts(&r->in, &s[1]));
	assert_int_equal(r->counters.facts_exhausted, 1);
}

static void inspection_lets_both_sides_agree_on_one_field_each(void **state)
{
	struct room *r = *state;
	struct service_state ftp = {0}, smtp = {0};

	hear(r, &ftp, segment(SIDE_SERVER, 500, "220 welcome\r\n"));
	assert_int_equal(ftp.service, 0);
	assert_true(hear(r, &ftp, segment(SIDE_CLIENT, 100, "USER anonymous\r\n")));
	check_recognised(&ftp, SERVICE_FTP);
	hear(r, &smtp, segment(SIDE_SERVER, 500, "220 welcome\r\n"));
	assert_true(hear(r, &smtp, segment(SIDE_CLIENT, 100, "QUIT\r\n")));
	check_recognised(&smtp, SERVICE_SMTP);
}

static void inspection_heeds_the_side_of_a_signature(void **state)
{
	struct room *r = *state;
	struct service_state client = {0}, server = {0};

	hear(r, &client, segment(SIDE_CLIENT, 100, "RFB 003.008\n"));
	assert_int_equal(client.service, 0);
	assert_true(hear(r, &server, segment(SIDE_SERVER, 500, "RFB 003.008\n")));
	check_recognised(&server, SERVICE_VNC);
}

static void inspection_knows_echo_by_the_answer_alone(void **state)
{
	struct room *r = *state;
	struct service_state s = {0};

	assert_false(hear(r, &s, datagram(0, "are you there?", 14, SERVICE_ECHO)));
	assert_false(hear(r, &s, datagram(1, "no", 2, SERVICE_ECHO)));
	assert_true(hear(r, &s, datagram(1, "are you there?", 14, SERVICE_ECHO)));
	check_recognised(&s, SERVICE_ECHO);
}

static void inspection_knows_esp_by_a_second_datagram(void **state)
{
	static const char first[] = "\x12\x34\x56\x78\0\0\0\x01"
				    "ciphertext..";
	static const char second[] = "\x12\x34\x56\x78\0\0\0\x02"
				     "ciphertext..";
	struct room *r = *state;
	struct service_state s = {0};

	assert_false(hear(r, &s, datagram(0, first, 20, SERVICE_ESP_IN_UDP)));
	assert_false(hear(r, &s, datagram(0, first, 20, SERVICE_ESP_IN_UDP))); /* again */
	assert_true(hear(r, &s, datagram(0, second, 20, SERVICE_ESP_IN_UDP)));
	check_recognised(&s, SERVICE_ESP_IN_UDP);
}

static void inspection_gives_datagrams_up_after_a_few(void **state)
{
	struct room *r = *state;
	struct service_state s = {0};

	for (unsigned i = 0; i < DATAGRAMS_MAX; i++) {
		assert_true(service_state_is_open(&s));
		hear(r, &s, datagram(0, "plain text", 10, SERVICE_SYSLOG));
	}
	assert_false(service_state_is_open(&s));
	assert_int_equal(s.basis, SERVICE_UNVERIFIED);
}

static void inspection_recognises_later_what_was_excluded_first(void **state)
{
	struct room *r = *state;
	struct service_state s = {0};

	assert_true(hear(r, &s, datagram(0, "<1", 2, SERVICE_ESP_IN_UDP)));
	assert_int_equal(s.basis, SERVICE_EXCLUDED);
	assert_true(hear(r, &s, datagram(0, "<13>1 - some text", 17, SERVICE_ESP_IN_UDP)));
	check_recognised(&s, SERVICE_SYSLOG);
}

static void inspection_does_not_take_back_what_the_same_side_excluded(void **state)
{
	static const char query[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\3www\7example\3com\0\0\1\0\1";
	static const char other[] = "\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff";
	struct room *r = *state;

	for (unsigned side = 0; side < 2; side++) {
		struct service_state s = {0};
		assert_true(hear(r, &s, datagram(0, other, sizeof(other) - 1, SERVICE_DNS)));
		assert_int_equal(s.basis, SERVICE_EXCLUDED);
		hear(r, &s, datagram(side, query, sizeof(query) - 1, SERVICE_DNS));
		assert_int_equal(s.basis, side ? SERVICE_RECOGNISED : SERVICE_EXCLUDED);
		inspection_release(&r->in, &s);
	}
}

/* The client's identification, and what the server with the number 500 says then. */
static void hear_server(
	struct room *r, struct service_state *s, uint32_t sequence, const char *text)
{
	struct payload client = segment(SIDE_CLIENT, 100, "SSH-2.0-x\r\n");
	struct payload server = segment(SIDE_SERVER, sequence, text);

	client.expected = server.expected = SERVICE_BIT(SERVICE_SSH);
	server.first = 500;
	server.first_known = 1;
	hear(r, s, client);
	check_recognised(s, SERVICE_SSH);
	inspection_again(&r->in, s, &server);
}

static void inspection_holds_the_other_side_to_the_service_too(void **state)
{
	struct room *r = *state;
	struct service_state fits = {0}, other = {0}, nothing = {0};

	hear_server(r, &fits, 500, "SSH-2.0-y\r\n");
	check_recognised(&fits, SERVICE_SSH);
	inspection_release(&r->in, &fits);
	hear_server(r, &other, 500, "RFB 003.008\n");
	check_recognised(&other, SERVICE_VNC);
	inspection_release(&r->in, &other);
	hear_server(r, &nothing, 500, "\x01\x02\x03\x04");
	assert_int_equal(nothing.basis, SERVICE_EXCLUDED);
	assert_int_equal(nothing.service, 0);
	inspection_release(&r->in, &nothing);
}

static void inspection_does_not_judge_a_segment_that_is_not_the_first(void **state)
{
	struct room *r = *state;
	struct service_state late = {0}, blank = {0};

	hear_server(r, &late, 1948, "\x01\x02\x03\x04");
	check_recognised(&late, SERVICE_SSH);
	inspection_release(&r->in, &late);
	hear_server(r, &blank, 500, "\r\n");
	check_recognised(&blank, SERVICE_SSH);
	inspection_release(&r->in, &blank);
}

static void inspection_waits_for_the_first_segment_of_the_other_side(void **state)
{
	struct room *r = *state;
	struct service_state s = {0};
	struct payload first = segment(SIDE_SERVER, 500, "\x01\x02\x03\x04");

	first.expected = SERVICE_BIT(SERVICE_SSH);
	first.first = 500;
	first.first_known = 1;
	hear_server(r, &s, 1948, "\x05\x06");
	check_recognised(&s, SERVICE_SSH);
	assert_true(service_state_looks_again(&s, 1));
	assert_false(service_state_looks_again(&s, 0));
	assert_true(inspection_again(&r->in, &s, &first));
	assert_int_equal(s.basis, SERVICE_EXCLUDED);
	assert_false(service_state_looks_again(&s, 1));
	inspection_release(&r->in, &s);
}

/* The server's hello, behind what the client with the number 100 has said. */
static void hear_hello(struct room *r, struct service_state *s, const char *client)
{
	static const char hello[] = "\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03"
				    "01234567890123456789012345678901\x00\x00\x2f\x00";
	struct payload p = segment(SIDE_SERVER, 500, "");

	p.bytes = (const uint8_t *)hello;
	p.length = sizeof(hello) - 1;
	p.first = 500;
	p.first_known = 1;
	hear(r, s, segment(SIDE_CLIENT, 100, client));
	hear(r, s, p);
}

static void inspection_does_not_let_an_answer_excuse_what_the_client_said(void **state)
{
	struct room *r = *state;
	struct service_state s = {0};

	hear_hello(r, &s, "id;ls\n");
	assert_int_equal(s.basis, SERVICE_EXCLUDED);
	inspection_release(&r->in, &s);
}

static void inspection_excludes_nothing_for_a_blank_line(void **state)
{
	struct room *r = *state;
	struct service_state s = {0};

	assert_false(hear(r, &s, segment(SIDE_CLIENT, 100, "\r\n")));
	assert_int_equal(s.basis, SERVICE_UNVERIFIED);
	assert_true(hear(r, &s, segment(SIDE_CLIENT, 102, "id\n")));
	assert_int_equal(s.basis, SERVICE_EXCLUDED);
	inspection_release(&r->in, &s);
	s = (struct service_state){0};
	hear_hello(r, &s, "\r\n");
	check_recognised(&s, SERVICE_TLS);
	inspection_release(&r->in, &s);
}

static void inspection_takes_no_hello_from_the_wrong_side(void **state)
{
	static const char hello[] = "\x16\x03\x01\x00\x2e\x01\x00\x00\x2a\x03\x03"
				    "01234567890123456789012345678901\x00\x00\x02\x00\x2f\x01\x00";
	struct room *r = *state;
	struct service_state s = {0};
	struct payload p = segment(SIDE_SERVER, 500, "");

	p.bytes = (const uint8_t *)hello;
	p.length = sizeof(hello) - 1;
	p.first = 500;
	p.first_known = 1;
	hear(r, &s, p);
	assert_true(s.reversed);
	assert_int_equal(s.basis, SERVICE_EXCLUDED);
	inspection_release(&r->in, &s);
}

static void inspection_takes_text_on_both_sides_for_no_syslog(void **state)
{
	struct room *r = *state;
	struct service_state s = {0};

	hear(r, &s, datagram(0, "id\n", 3, SERVICE_SYSLOG));
	assert_int_equal(s.basis, SERVICE_UNVERIFIED);
	hear(r, &s, datagram(1, "uid=0(root)\n", 12, SERVICE_SYSLOG));
	assert_int_equal(s.basis, SERVICE_EXCLUDED);
	inspection_release(&r->in, &s);
}

/* To QUIC its first bytes are a long header of version Q. */
#define QUERY                                                                                      \
	"\xc0\x51\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03"                                     \
	"abc\x00\x00\x01\x00\x01"
#define ANSWER                                                                                     \
	"\xc0\x51\x81\x80\x00\x01\x00\x00\x00\x00\x00\x00\x03"                                     \
	"abc\x00\x00\x01\x00\x01"

static void inspection_prefers_the_expected_service_of_a_datagram_that_was_cut(void **state)
{
	struct room *r = *state;
	struct service_state s = {0}, other = {0};
	struct payload p = datagram(0, QUERY, 16, SERVICE_DNS),
		       q = datagram(0, QUERY, 16, SERVICE_SYSLOG);

	p.whole = q.whole = 0;
	hear(r, &s, p);
	assert_int_equal(s.basis, SERVICE_UNVERIFIED);
	inspection_release(&r->in, &s);
	hear(r, &other, q);
	assert_int_not_equal(other.basis, SERVICE_UNVERIFIED);
	inspection_release(&r->in, &other);
}

/* The beginning of a DNS query, then syslog: of the same flow uncut it is DNS. */
static void inspection_withholds_a_name_that_an_earlier_cut_datagram_does_not_fit(void **state)
{
	static const char text[] = "<13>Jan  1 00:00:00 host text";
	struct room *r = *state;
	struct service_state s = {0}, other = {0};
	struct payload cut = datagram(0, "\x00\x51\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03", 13,
			       SERVICE_DNS),
		       next = datagram(1, text, sizeof(text) - 1, SERVICE_DNS);

	cut.expected = next.expected = 0;
	cut.whole = 0;
	cut.size = 21;
	hear(r, &s, cut);
	hear(r, &s, next);
	assert_int_not_equal(s.basis, SERVICE_RECOGNISED);
	inspection_release(&r->in, &s);
	hear(r, &other, next);
	check_recognised(&other, SERVICE_SYSLOG);
	inspection_release(&r->in, &other);
}

/* RADIUS' head and one attribute that was cut, asked and answered with the same id. */
static void inspection_takes_two_cut_halves_for_no_exchange(void **state)
{
	static const char ask[] = "\x01\x07\x00\x40"
				  "0123456789abcdef"
				  "\x01\x10u";
	static const char answer[] = "\x02\x07\x00\x40"
				     "0123456789abcdef"
				     "\x12\x10u";
	struct room *r = *state;
	struct service_state s = {0};

	for (unsigned i = 0; i < 4; i++) {
		struct payload p =
			datagram(i & 1, i & 1 ? answer : ask, sizeof(ask) - 1, SERVICE_RADIUS);
		p.whole = 0;
		p.size = 64;
		hear(r, &s, p);
		assert_int_equal(s.basis, SERVICE_UNVERIFIED);
	}
	inspection_release(&r->in, &s);
}

static void inspection_excludes_nothing_that_a_cut_datagram_may_have_been(void **state)
{
	struct room *r = *state;
	struct service_state s = {0}, other = {0};
	struct payload cut = datagram(0, QUERY, 14, SERVICE_DNS);

	cut.whole = 0;
	cut.size = 21;
	hear(r, &s, cut);
	hear(r, &s, datagram(1, "\x7f\xff\xff\xff\xff\xff 34567890123456", 20, SERVICE_DNS));
	assert_int_equal(s.basis, SERVICE_UNVERIFIED);
	inspection_release(&r->in, &s);
	cut.direction = 1;
	hear(r, &other, datagram(0, "\x7f\xff\xff\xff\xff\xff 34567890123456", 20, SERVICE_DNS));
	assert_int_equal(other.basis, SERVICE_EXCLUDED);
	hear(r, &other, cut);
	assert_int_equal(other.basis, SERVICE_UNVERIFIED);
	inspection_release(&r->in, &other);
}

/* One side's line was cut, and what the other one says does not go with it. */
static void inspection_withholds_a_name_that_the_other_sides_cut_segment_does_not_fit(void **state)
{
	struct room *r = *state;
	struct service_state s = {0}, other = {0};
	struct payload cut = segment(SIDE_CLIENT, 100, "EHLO mail.exampl"),
		       answer = segment(SIDE_SERVER, 500, "220 an FTP server\r\n");

	cut.whole = 0;
	cut.expected = answer.expected = 0;
	hear(r, &s, cut);
	hear(r, &s, answer);
	assert_int_not_equal(s.basis, SERVICE_RECOGNISED);
	inspection_release(&r->in, &s);
	hear(r, &other, answer);
	check_recognised(&other, SERVICE_FTP);
	inspection_release(&r->in, &other);
}

static void inspection_judges_an_echo_by_its_answer(void **state)
{
	struct room *r = *state;
	struct service_state s = {0}, other = {0};

	hear(r, &s, datagram(0, QUERY, 21, SERVICE_ECHO));
	assert_int_equal(s.basis, SERVICE_UNVERIFIED);
	hear(r, &s, datagram(1, QUERY, 21, SERVICE_ECHO));
	check_recognised(&s, SERVICE_ECHO);
	inspection_release(&r->in, &s);
	hear(r, &other, datagram(0, QUERY, 21, SERVICE_ECHO));
	hear(r, &other,
		datagram(1,
			"\xc1\x51\x81\x80\x00\x01\x00\x00\x00\x00\x00\x00\x01z\x00\x00\x01\x00\x01",
			19, SERVICE_ECHO));
	check_recognised(&other, SERVICE_DNS);
	inspection_release(&r->in, &other);
}

static void inspection_excludes_esp_by_several_datagrams_that_contradict(void **state)
{
	struct room *r = *state;
	struct service_state s = {0};
	char bytes[16] = "\x50\x86\x8b\x62\x93\xe0\x6d\xaa";

	hear(r, &s, datagram(0, bytes, 16, SERVICE_ESP_IN_UDP));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(s.basis, SERVICE_UNVERIFIED);
		bytes[0] = (char)(0x20 + i);
		hear(r, &s, datagram(0, bytes, 16, SERVICE_ESP_IN_UDP));
	}
	assert_int_equal(s.basis, SERVICE_EXCLUDED);
	inspection_release(&r->in, &s);
}

/* Two associations that both began long ago: RFC 4303 3.3.3. */
static void inspection_knows_esp_of_two_associations_by_turns(void **state)
{
	struct room *r = *state;
	struct service_state s = {0};

	hear(r, &s,
		datagram(0, "\x01\x02\x03\x04\x00\x01\x00\x00\x00\x00\x00\x00", 12,
			SERVICE_ESP_IN_UDP));
	hear(r, &s,
		datagram(0, "\x0a\x0b\x0c\x0d\x07\x01\x00\x00\x00\x00\x00\x00", 12,
			SERVICE_ESP_IN_UDP));
	assert_int_equal(s.basis, SERVICE_UNVERIFIED);
	hear(r, &s,
		datagram(0, "\x01\x02\x03\x04\x00\x01\x00\x02\x00\x00\x00\x00", 12,
			SERVICE_ESP_IN_UDP));
	check_recognised(&s, SERVICE_ESP_IN_UDP);
	inspection_release(&r->in, &s);
}

static void send_later(
	struct room *r, struct service_state *s, unsigned count, const char *bytes, uint32_t length)
{
	struct payload p = datagram(0, bytes, length, SERVICE_DNS);

	for (unsigned i = 0; i < count; i++)
		inspection_again(&r->in, s, &p);
}

static void inspection_looks_again_at_the_4th_16th_and_64th_datagram(void **state)
{
	struct room *r = *state;
	struct service_state s = {0};

	hear(r, &s, datagram(0, QUERY, 21, SERVICE_DNS));
	check_recognised(&s, SERVICE_DNS);
	send_later(r, &s, 3, "\x01\x02\x03", 3); /* to the 4th */
	assert_int_equal(s.basis, SERVICE_RECOGNISED);
	send_later(r, &s, 11, QUERY, 21);
	assert_false(s.changed);
	send_later(r, &s, 1, "\x01\x02\x03", 3); /* the 16th */
	assert_true(s.changed);
	assert_int_equal(s.basis, SERVICE_EXCLUDED);
	assert_false(service_state_looks_again(&s, 0));
	inspection_release(&r->in, &s);
}

static void inspection_looks_no_further_than_at_the_64th_datagram(void **state)
{
	struct room *r = *state;
	struct service_state s = {0};

	hear(r, &s, datagram(0, QUERY, 21, SERVICE_DNS));
	send_later(r, &s, 62, QUERY, 21);
	assert_true(service_state_looks_again(&s, 0));
	send_later(r, &s, 1, QUERY, 21);
	assert_false(service_state_looks_again(&s, 0));
	assert_true(service_state_looks_again(&s, 1));
	assert_false(s.changed);
	inspection_release(&r->in, &s);
}

static void inspection_gives_the_exchange_of_a_request_and_of_its_answer(void **state)
{
	struct room *r = *state;
	struct service_state s = {0};
	struct payload p = datagram(1, ANSWER, 21, SERVICE_DNS);
	uint32_t asked;

	hear(r, &s, datagram(0, QUERY, 21, SERVICE_DNS));
	asked = r->in.match_result.info.exchange;
	inspection_again(&r->in, &s, &p);
	assert_int_equal(r->in.match_result.service, SERVICE_DNS);
	assert_int_equal(r->in.match_result.info.said, SAID_ANSWER);
	assert_true(exchange_fits(asked, r->in.match_result.info.exchange));
	inspection_release(&r->in, &s);
}

static void inspection_says_that_segments_contradict_but_not_of_keepalives(void **state)
{
	struct room *r = *state;
	struct service_state s = {0}, probed = {0};

	hear(r, &s, segment(SIDE_CLIENT, 100, "SS"));
	hear(r, &s, segment(SIDE_CLIENT, 100, "\x16\x03\x01"));
	assert_true(s.contradicting);
	inspection_release(&r->in, &s);
	hear(r, &probed, segment(SIDE_CLIENT, 100, "SSH"));
	hear(r, &probed, segment(SIDE_CLIENT, 102, "x"));
	assert_false(probed.contradicting);
	inspection_release(&r->in, &probed);
}

/* A client's hello of 1700 bytes: a key share of 1500, and behind it the server's name. */
static uint32_t write_hello(uint8_t *at)
{
	static const uint8_t head[] = {0x16, 3, 1, 0x06, 0x9f, 1, 0, 0x06, 0x9b, 3, 3};
	static const uint8_t choices[] = {0, 0, 2, 0x13, 1, 1, 0};
	static const uint8_t name[] = {0, 0, 0, 16, 0, 14, 0, 0, 11, 'e', 'x', 'a', 'm', 'p', 'l',
		'e', '.', 'o', 'r', 'g'};
	uint32_t n = 0, size = 5 + 0x69f, extensions;

	memset(at, 0, size);
	memcpy(at, head, sizeof(head));
	n = sizeof(head) + 32;
	memcpy(at + n, choices, sizeof(choices));
	n += sizeof(choices);
	extensions = size - n - 2;
	at[n++] = (uint8_t)(extensions >> 8);
	at[n++] = (uint8_t)extensions;
	extensions -= (uint32_t)(4 + sizeof(name));
	at[n++] = 0;
	at[n++] = 51;
	at[n++] = (uint8_t)(extensions >> 8);
	at[n++] = (uint8_t)extensions;
	memcpy(at + n + extensions, name, sizeof(name));
	return size;
}

static struct payload piece(const uint8_t *bytes, uint32_t from, uint32_t to)
{
	struct payload p = segment(SIDE_CLIENT, 100 + from, "");

	p.bytes = bytes + from;
	p.length = to - from;
	return p;
}

static void check_name(const struct room *r, const struct service_state *s)
{
	const struct facts *f = inspection_facts(&r->in, s);

	assert_non_null(f);
	assert_int_equal(f->length[0], 11);
	assert_memory_equal(facts_text(f, 0), "example.org", 11);
}

static void inspection_reads_the_name_of_a_long_hello_in_any_pieces(void **state)
{
	struct room *r = *state;
	uint8_t bytes[1800];
	uint32_t size = write_hello(bytes);

	for (uint32_t cut = 1; cut < size; cut += 61) {
		struct service_state s = {0};
		hear(r, &s, piece(bytes, 0, cut));
		hear(r, &s, piece(bytes, cut, size));
		check_recognised(&s, SERVICE_TLS);
		assert_false(service_state_is_open(&s));
		check_name(r, &s);
		inspection_release(&r->in, &s);
	}
	assert_int_equal(r->counters.reassembly_exhausted, 0);
}

static void inspection_reads_the_name_of_a_long_hello_in_one_segment_without_a_buffer(void **state)
{
	struct room *r = *state;
	uint8_t bytes[1800];
	struct service_state s = {0};

	hear(r, &s, piece(bytes, 0, write_hello(bytes)));
	check_name(r, &s);
	assert_int_equal(r->in.slot_fresh, 0);
	inspection_release(&r->in, &s);
}

static void inspection_keeps_what_a_hello_told_when_its_rest_never_comes(void **state)
{
	struct room *r = *state;
	uint8_t bytes[1800];
	struct service_state s = {0};
	struct payload answer = segment(SIDE_SERVER, 500, "");

	write_hello(bytes);
	answer.first = 500;
	answer.first_known = 1;
	assert_true(hear(r, &s, piece(bytes, 0, 1400)));
	check_recognised(&s, SERVICE_TLS);
	assert_true(service_state_is_open(&s));
	answer.bytes = (const uint8_t *)"\x15\x03\x03\x00\x02\x02\x28";
	answer.length = 7;
	hear(r, &s, answer);
	check_recognised(&s, SERVICE_TLS);
	assert_false(service_state_is_open(&s));
	inspection_release(&r->in, &s);
}

static void inspection_reads_on_where_no_long_buffer_is_left(void **state)
{
	struct room *r = *state;
	uint8_t bytes[1800];
	struct service_state s = {0}, other = {0};

	write_hello(bytes);
	hear(r, &s, piece(bytes, 0, 1400));
	hear(r, &other, piece(bytes, 0, 1400));
	assert_true(service_state_is_open(&s));
	assert_false(service_state_is_open(&other));
	check_recognised(&other, SERVICE_TLS);
	inspection_release(&r->in, &s);
	inspection_release(&r->in, &other);
	assert_int_equal(r->in.opening_free, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(inspection_recognises_a_whole_first_segment_without_a_buffer),
		CASE(inspection_puts_a_split_banner_together_and_gives_its_buffer_back),
		CASE(inspection_says_nothing_of_a_stream_whose_beginning_is_missing),
		CASE(inspection_counts_a_flow_that_finds_no_buffer),
		CASE(inspection_counts_facts_that_find_no_room),
		CASE(inspection_lets_both_sides_agree_on_one_field_each),
		CASE(inspection_heeds_the_side_of_a_signature),
		CASE(inspection_knows_echo_by_the_answer_alone),
		CASE(inspection_knows_esp_by_a_second_datagram),
		CASE(inspection_gives_datagrams_up_after_a_few),
		CASE(inspection_recognises_later_what_was_excluded_first),
		CASE(inspection_does_not_take_back_what_the_same_side_excluded),
		CASE(inspection_holds_the_other_side_to_the_service_too),
		CASE(inspection_does_not_judge_a_segment_that_is_not_the_first),
		CASE(inspection_waits_for_the_first_segment_of_the_other_side),
		CASE(inspection_does_not_let_an_answer_excuse_what_the_client_said),
		CASE(inspection_excludes_nothing_for_a_blank_line),
		CASE(inspection_takes_no_hello_from_the_wrong_side),
		CASE(inspection_takes_text_on_both_sides_for_no_syslog),
		CASE(inspection_prefers_the_expected_service_of_a_datagram_that_was_cut),
		CASE(inspection_withholds_a_name_that_an_earlier_cut_datagram_does_not_fit),
		CASE(inspection_takes_two_cut_halves_for_no_exchange),
		CASE(inspection_excludes_nothing_that_a_cut_datagram_may_have_been),
		CASE(inspection_withholds_a_name_that_the_other_sides_cut_segment_does_not_fit),
		CASE(inspection_judges_an_echo_by_its_answer),
		CASE(inspection_excludes_esp_by_several_datagrams_that_contradict),
		CASE(inspection_knows_esp_of_two_associations_by_turns),
		CASE(inspection_looks_again_at_the_4th_16th_and_64th_datagram),
		CASE(inspection_looks_no_further_than_at_the_64th_datagram),
		CASE(inspection_gives_the_exchange_of_a_request_and_of_its_answer),
		CASE(inspection_says_that_segments_contradict_but_not_of_keepalives),
		CASE(inspection_reads_the_name_of_a_long_hello_in_any_pieces),
		CASE(inspection_reads_the_name_of_a_long_hello_in_one_segment_without_a_buffer),
		CASE(inspection_keeps_what_a_hello_told_when_its_rest_never_comes),
		CASE(inspection_reads_on_where_no_long_buffer_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
