#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "payload/payload.h"
#include "script/script.h"

#define FILE_BYTES (1u << 20)

static uint8_t file[FILE_BYTES];

static struct script *read_lines(const char *text)
{
	struct script *s = script_new("t.script", 1);
	char line[4096];

	assert_non_null(s);
	while (*text) {
		size_t length = strcspn(text, "\n");
		assert_true(length < sizeof(line));
		memcpy(line, text, length);
		line[length] = '\0';
		if (script_line(s, line) < 0)
			return s;
		text += length + (text[length] == '\n');
	}
	script_end(s);
	return s;
}

static void assert_error(const char *text, const char *error)
{
	struct script *s = read_lines(text);

	if (!strstr(script_error(s), error))
		fail_msg("%s: '%s' should have '%s'", text, script_error(s), error);
	script_free(s);
}

/* How many packets the script makes; it must be right. */
static size_t packets(const char *text)
{
	struct script *s = read_lines(text);
	size_t count = script_packets(s);

	assert_string_equal(script_error(s), "");
	script_free(s);
	return count;
}

/* The capture that the script makes, as pcap, into `file`. */
static size_t captured(const char *text)
{
	char path[] = "/tmp/test_generate_script.XXXXXX";
	int fd = mkstemp(path);
	struct script *s = read_lines(text);
	ssize_t size;

	assert_true(fd >= 0);
	assert_string_equal(script_error(s), "");
	assert_int_equal(script_write(s, path, (struct capture_format){0}), 0);
	script_free(s);
	size = read(fd, file, sizeof(file));
	close(fd);
	unlink(path);
	assert_true(size >= 24);
	return (size_t)size;
}

/* Where the n-th packet's record header lies. */
static const uint8_t *record(size_t n)
{
	const uint8_t *at = file + 24;

	while (n-- > 0)
		at += 16 + (at[8] | at[9] << 8);
	return at;
}

static unsigned u16_at(size_t n, size_t offset)
{
	const uint8_t *at = record(n) + 16 + offset;

	return (unsigned)at[0] << 8 | at[1];
}

static uint32_t seq_at(size_t n)
{
	return (uint32_t)u16_at(n, 38) << 16 | u16_at(n, 40);
}

static void an_error_names_file_and_line(void **state)
{
	(void)state;
	assert_error("# nothing\n\nlink token-ring\n",
		"t.script:3: found 'token-ring'; want ethernet, sll");
}

static void a_continued_line_has_the_number_of_its_first(void **state)
{
	(void)state;
	assert_error("\nudp 10.0.0.1:1 > 10.0.0.2:2 \\\n  send nonsense\n",
		"t.script:2: found 'nonsense'; want a payload");
}

static void errors_say_what_was_wanted(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{"sctp a > b", "found 'sctp'; want tcp, udp, icmp"},
		{"tcp 10.0.0.1 > 10.0.0.2:3 handshake", "found '10.0.0.1'; want a port as well"},
		{"tcp 10.0.0.1:70000 > 10.0.0.2:3 handshake", "want a host's name or address"},
		{"tcp 10.0.0.1:1 10.0.0.2:3 handshake", "found '10.0.0.2:3'; want > between"},
		{"tcp 10.0.0.1:1 > [2001:db8::1]:3 handshake", "want two addresses of one version"},
		{"icmp 10.0.0.1:1 > 10.0.0.2 echo", "want an address without port"},
		{"udp 10.0.0.1:1 > 10.0.0.2:2", "found the end of the line; want send, request"},
		{"udp 10.0.0.1:1 > 10.0.0.2:2 handshake", "found 'handshake'; want send"},
		{"udp 10.0.0.1:1 > 10.0.0.2:2 send", "found the end of the line; want a payload"},
		{"udp 10.0.0.1:1 > 10.0.0.2:2 send \"x", "want a closing quote"},
		{"udp 10.0.0.1:1 > 10.0.0.2:2 send 0x123", "want pairs of hexadecimal digits"},
		{"udp 10.0.0.1:1 > 10.0.0.2:2 send tls-data(x)", "want a number as argument"},
		{"udp 10.0.0.1:1 > 10.0.0.2:2 send 1 ttl 256", "found '256'; want a number up to"},
		{"udp 10.0.0.1:1 > 10.0.0.2:2 send 1 via gre(7)", "want the tunnel's ends first"},
		{"udp 10.0.0.1:1 > 10.0.0.2:2 send 1 lose 0", "want packet numbers from 1"},
		{"1.x udp 10.0.0.1:1 > 10.0.0.2:2 send 1", "found '1.x'; want a time"},
		{"host a 10.0.0.1/8", "want an address, `mac` or `role`"},
		{"host a", "found the end of the line; want the host's address"},
		{"host a 10.0.0.1\nhost a 10.0.0.2", "found 'a'; want a name not yet taken"},
		{"host 10.0.0.1 role router", "want management-center or managed-device"},
		{"start monday", "want a date such as"},
		{"seed 1 2", "found '2'; want the end of the line"},
		{"default handshake", "found 'handshake'; want an option"},
		{"link raw\narp 10.0.0.1 > 10.0.0.2 ask", "want one that this link type can carry"},
		{"udp 10.0.0.1:1 > 10.0.0.2:2 send 1\nlink raw", "before the first packet"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_error(cases[i].text, cases[i].error);
}

static void exchanges_have_as_many_packets_as_they_should(void **state)
{
	(void)state;
	assert_int_equal(packets("tcp 10.0.0.1:1 > 10.0.0.2:2 handshake close"), 6);
	assert_int_equal(packets("tcp 10.0.0.1:1 > 10.0.0.2:2 data 3000 1"), 3 + 1 + 2);
	assert_int_equal(packets("tcp 10.0.0.1:1 > 10.0.0.2:2 send \"abc\" mss 1"), 4);
	assert_int_equal(packets("tcp 10.0.0.1:1 > 10.0.0.2:2 refused repeat 200"), 400);
	assert_int_equal(packets("udp 10.0.0.1:1 > 10.0.0.2:2 send 1 times 5 repeat 2"), 10);
	assert_int_equal(packets("udp 10.0.0.1:1 > 10.0.0.2:2 send 100 fragments 4"), 4);
	assert_int_equal(packets("udp 10.0.0.1:1 > 10.0.0.2:2 data 1 1 only back double 1ms"), 2);
	assert_int_equal(packets("host a 10.0.0.1\ndefine x data 1 1\ndefine y x x\n"
				 "udp a:1 > 10.0.0.2:2 y x"),
		6);
	assert_int_equal(packets("dhcp 10.0.0.1 > 10.0.0.2 lease renew"), 6);
}

static void packets_are_written_in_the_order_of_their_times(void **state)
{
	(void)state;
	captured("start 1000\n"
		 "10 udp 10.0.0.1:10 > 10.0.0.2:2 send 1\n"
		 "+1 udp 10.0.0.1:11 > 10.0.0.2:2 send 1 stamp -5\n"
		 "2 udp 10.0.0.1:2 > 10.0.0.2:2 send 1\n");
	assert_int_equal(u16_at(0, 34), 2);
	assert_int_equal(u16_at(1, 34), 10);
	assert_int_equal(u16_at(2, 34), 11);
	assert_int_equal(record(0)[0] | record(0)[1] << 8, 1002);
	assert_int_equal(record(2)[0] | record(2)[1] << 8, 1006);
}

static void sequence_numbers_go_on_over_statements_of_a_connection(void **state)
{
	(void)state;
	captured("tcp 10.0.0.1:1 > 10.0.0.2:2 syn seq 100 ack 500\n"
		 "tcp 10.0.0.2:2 > 10.0.0.1:1 flags SA\n"
		 "tcp 10.0.0.1:1 > 10.0.0.2:2 ack-there\n"
		 "tcp 10.0.0.1:1 > 10.0.0.2:2 flags PA payload \"abc\"\n"
		 "tcp 10.0.0.1:1 > 10.0.0.2:2 reset\n");
	assert_int_equal(seq_at(0), 100);
	assert_int_equal(seq_at(1), 500);
	assert_int_equal(seq_at(2), 101);
	assert_int_equal(seq_at(3), 101);
	assert_int_equal(seq_at(4), 104);
}

static void order_and_loss_are_the_mirrors(void **state)
{
	(void)state;
	captured("tcp 10.0.0.1:1 > 10.0.0.2:2 handshake lose 3 order 2 1");
	assert_int_equal(u16_at(0, 34), 2);
	assert_int_equal(u16_at(1, 34), 1);
	assert_int_equal(packets("udp 10.0.0.1:1 > 10.0.0.2:2 send 1"), 1);
}

static void fragments_cover_the_datagram(void **state)
{
	(void)state;
	captured("udp 10.0.0.1:1 > 10.0.0.2:2 send 100 fragments 3 tiny");
	assert_int_equal(u16_at(0, 20), 0x2000);
	assert_int_equal(u16_at(0, 16), 20 + 8);
	assert_int_equal(u16_at(1, 20), 0x2000 | 8 / 8);
	assert_int_equal(u16_at(2, 20), (8 + 56) / 8);
	assert_int_equal(u16_at(2, 16), 20 + 108 - 64);
}

static void tags_differ_by_direction(void **state)
{
	(void)state;
	captured("udp 10.0.0.1:1 > 10.0.0.2:2 data 1 1 vlan-there 100 vlan-back 200,7");
	assert_int_equal(u16_at(0, 12), 0x8100);
	assert_int_equal(u16_at(0, 14), 100);
	assert_int_equal(u16_at(0, 16), 0x0800);
	assert_int_equal(u16_at(1, 14), 200);
	assert_int_equal(u16_at(1, 18), 7);
}

static void the_same_seed_gives_the_same_file(void **state)
{
	static const char text[] = "udp 10.0.0.1:1 > 10.0.0.2:2 send 300 reply tls-client-hello";
	static uint8_t before[4096];
	size_t size = captured(text);

	(void)state;
	assert_true(size < sizeof(before));
	memcpy(before, file, size);
	assert_int_equal(captured(text), size);
	assert_memory_equal(before, file, size);
	captured("seed 2\nudp 10.0.0.1:1 > 10.0.0.2:2 send 300 reply tls-client-hello");
	assert_memory_not_equal(before, file, size);
}

static void every_payload_of_the_library_can_be_written(void **state)
{
	static uint8_t memory[PAYLOAD_MAX];

	(void)state;
	for (size_t i = 0; payload_name(i); i++) {
		struct bytes b = bytes_in(memory, sizeof(memory));
		struct random_state dice = {i};
		assert_null(payload_write(&b, payload_name(i), &dice));
		assert_true(b.length > 0);
	}
}

static void payloads_join_and_escape(void **state)
{
	uint8_t memory[64];
	struct bytes b = bytes_in(memory, sizeof(memory));
	struct random_state dice = {1};

	(void)state;
	assert_null(payload_write(&b, "\"a+\\x00\\\"\"+0x0aff+fill(0x41,3)", &dice));
	assert_int_equal(b.length, 9);
	assert_memory_equal(memory,
		"a+\0\"\n\xff"
		"AAA",
		9);
	assert_non_null(payload_write(&b, "65", &dice));
}

static void garbage_is_an_error_and_nothing_else(void **state)
{
	static const char history_bits[] =
		"tcp udp 10.0.0.1:1 > via gre( ) \" \\ 0x # times + , @ [ ]";
	struct script *s = script_new("garbage", 1);
	struct random_state d = {7};
	char line[200];

	(void)state;
	assert_non_null(s);
	for (unsigned i = 0; i < 20000; i++) {
		size_t length = random_below(&d, sizeof(line) - 1);
		for (size_t j = 0; j < length; j++)
			line[j] = history_bits[random_below(&d, sizeof(history_bits) - 1)];
		line[length] = '\0';
		script_line(s, line);
	}
	script_end(s);
	script_free(s);
}

static void lines_for_the_site_are_kept_word_for_word(void **state)
{
	struct script *s = script_new("t.script", 1);
	char line[3000] = "site ";

	(void)state;
	assert_string_equal(script_site(s), "");
	assert_int_equal(script_line(s, "site outputs:   {silence: 2h} # and no more"), 0);
	assert_int_equal(script_line(s, "site ports: [\"2001:db8::1\", \\"), 0);
	assert_int_equal(script_line(s, "	10.0.0.1]"), 0);
	assert_string_equal(
		script_site(s), "outputs: {silence: 2h}\nports: [\"2001:db8::1\", 10.0.0.1]\n");
	memset(line + 5, 'x', 2500);
	assert_int_equal(script_line(s, line), -1);
	script_free(s);
	assert_error("site", "want a line for the site file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_names_file_and_line),
		cmocka_unit_test(a_continued_line_has_the_number_of_its_first),
		cmocka_unit_test(errors_say_what_was_wanted),
		cmocka_unit_test(exchanges_have_as_many_packets_as_they_should),
		cmocka_unit_test(packets_are_written_in_the_order_of_their_times),
		cmocka_unit_test(sequence_numbers_go_on_over_statements_of_a_connection),
		cmocka_unit_test(order_and_loss_are_the_mirrors),
		cmocka_unit_test(fragments_cover_the_datagram),
		cmocka_unit_test(tags_differ_by_direction),
		cmocka_unit_test(the_same_seed_gives_the_same_file),
		cmocka_unit_test(every_payload_of_the_library_can_be_written),
		cmocka_unit_test(payloads_join_and_escape),
		cmocka_unit_test(lines_for_the_site_are_kept_word_for_word),
		cmocka_unit_test(garbage_is_an_error_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
