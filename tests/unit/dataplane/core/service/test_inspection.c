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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
