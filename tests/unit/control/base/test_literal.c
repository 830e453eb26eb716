#include "control/config_fixture.h"

#include <errno.h>

#include "base/literal.h"
#include "protocol.h"

static void literal_reads_ports_from_1_to_65535(void **state)
{
	uint16_t port = 7;

	(void)state;
	assert_int_equal(literal_port("1", &port), 0);
	assert_int_equal(port, 1);
	assert_int_equal(literal_port("65535", &port), 0);
	assert_int_equal(port, 65535);
	assert_int_equal(literal_port("0", &port), -ERANGE);
	assert_int_equal(literal_port("65536", &port), -ERANGE);
	assert_int_equal(literal_port("99999999999999999999999999", &port), -ERANGE);
	assert_int_equal(port, 65535);
}

static void literal_refuses_numbers_that_c_would_take(void **state)
{
	static const char *const bad[] = {"", " 1", "1 ", "+1", "-1", "0x10", "010", "1e3", "1.0"};
	uint64_t value;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(literal_number(bad[i], UINT64_MAX, &value), -EINVAL);
	assert_int_equal(literal_number("18446744073709551615", UINT64_MAX, &value), 0);
	assert_true(value == UINT64_MAX);
	assert_int_equal(literal_number("18446744073709551616", UINT64_MAX, &value), -ERANGE);
}

static void literal_reads_a_port_and_its_transport_in_either_case(void **state)
{
	enum transport transport;
	uint16_t port;

	(void)state;
	assert_int_equal(literal_port_transport("8514/UDP", &port, &transport), 0);
	assert_int_equal(port, 8514);
	assert_int_equal(transport, TRANSPORT_UDP);
	assert_int_equal(literal_port_transport("8514", &port, &transport), -EINVAL);
	assert_int_equal(literal_port_transport("/tcp", &port, &transport), -EINVAL);
	assert_int_equal(literal_port_transport("1/sctp", &port, &transport), -EINVAL);
	assert_int_equal(literal_port_transport("0/tcp", &port, &transport), -ERANGE);
}

static void literal_reads_durations(void **state)
{
	uint64_t ns;

	(void)state;
	assert_int_equal(literal_duration_ns("500ms", &ns), 0);
	assert_int_equal(ns, 500000000);
	assert_int_equal(literal_duration_ns("60s", &ns), 0);
	assert_int_equal(ns, 60000000000);
	assert_int_equal(literal_duration_ns("5m", &ns), 0);
	assert_int_equal(literal_duration_ns("1h", &ns), 0);
	assert_int_equal(literal_duration_ns("2d", &ns), 0);
	assert_int_equal(ns, 172800000000000);
	assert_int_equal(literal_duration_ns("0", &ns), 0);
	assert_int_equal(literal_duration_ns("60", &ns), -EINVAL);
	assert_int_equal(literal_duration_ns("s", &ns), -EINVAL);
	assert_int_equal(literal_duration_ns("1w", &ns), -EINVAL);
	assert_int_equal(literal_duration_ns("3651d", &ns), -ERANGE);
	assert_int_equal(literal_duration_ns("99999999999999999999s", &ns), -ERANGE);
}

static void literal_reads_prefixes_and_names_the_network(void **state)
{
	static const char *const bad[] = {"", "/8", "10.0.0.1/", "10.0.0.1/33", "10.0.0.1/-1",
		"10.0.0", "::1/129", "fe80::1%eth0", "10.0.0.1/8/8", "1.2.3.4 "};
	char text[PREFIX_TEXT_BYTES];
	struct prefix p;

	(void)state;
	assert_int_equal(literal_prefix("10.20.0.0/16", &p), 0);
	assert_int_equal(p.version, 4);
	assert_int_equal(p.length, 16);
	assert_int_equal(literal_prefix("0.0.0.0/0", &p), 0);
	assert_int_equal(literal_prefix("2001:db8::5", &p), 0);
	assert_int_equal(p.length, 128);
	assert_int_equal(literal_prefix("10.20.1.7/16", &p), -EDOM);
	format_prefix(&p, text);
	assert_string_equal(text, "10.20.0.0/16");
	assert_int_equal(literal_prefix("::ffff:10.20.0.0/112", &p), 0);
	format_prefix(&p, text);
	assert_string_equal(text, "10.20.0.0/16");
	assert_int_equal(literal_prefix("::ffff:10.20.1.7", &p), 0);
	format_prefix(&p, text);
	assert_string_equal(text, "10.20.1.7");
	assert_int_equal(literal_prefix("::/8", &p), 0);
	assert_int_equal(p.version, 6);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(literal_prefix(bad[i], &p), -EINVAL);
}

static void literal_reads_macs_in_three_spellings(void **state)
{
	static const char *const good[] = {
		"02:00:00:00:00:0a", "02-00-00-00-00-0A", "0200.0000.000a"};
	static const char *const bad[] = {"", "02:00:00:00:00",
		"02:00:00:00:00:0a:", "02:00:00:00:00:0g", "02:00-00:00:00:0a", "02000000000a",
		"2:0:0:0:0:a"};
	uint64_t mac;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(literal_mac(good[i], &mac), 0);
		assert_true(mac == 0x02000000000a);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(literal_mac(bad[i], &mac), -EINVAL);
}

static void literal_words_are_lower_case_with_single_hyphens(void **state)
{
	(void)state;
	assert_true(literal_is_word("remote-access-vpn-ikev2"));
	assert_false(literal_is_word(""));
	assert_false(literal_is_word("-a"));
	assert_false(literal_is_word("a-"));
	assert_false(literal_is_word("a--b"));
	assert_false(literal_is_word("A"));
	assert_false(literal_is_word("../x"));
}

static void literal_durations_are_written_in_the_largest_unit(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} want[] = {{0, "0ms"}, {500000000, "500ms"}, {90000000000, "90s"}, {60000000000, "1m"},
		{3600000000000, "1h"}, {172800000000000, "2d"}};
	char text[DURATION_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		format_duration(want[i].ns, text);
		assert_string_equal(text, want[i].text);
	}
}

static void protocol_has_a_name_for_each_number_and_back(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 256; n++) {
		if (protocol_name(n))
			assert_int_equal(protocol_number(protocol_name(n)), n);
	}
	assert_string_equal(protocol_name(58), "ipv6-icmp");
	assert_int_equal(protocol_number("icmpv6"), 58);
	assert_int_equal(protocol_number("IPIP"), 4);
	assert_int_equal(protocol_number("nonsense"), -1);
	assert_null(protocol_name(253));
	assert_null(protocol_name(256));
}

static void literal_reads_sizes(void **state)
{
	static const struct {
		const char *text;
		int status;
		uint64_t bytes;
	} size[] = {{"0", 0, 0}, {"500", 0, 500}, {"10kB", 0, 10000}, {"2MiB", 0, 2 << 20},
		{"1GB", 0, 1000000000}, {"", -EINVAL, 7}, {"MB", -EINVAL, 7}, {"1 MB", -EINVAL, 7},
		{"1mb", -EINVAL, 7}, {"01MB", -EINVAL, 7}, {"9007199254740993", -ERANGE, 7},
		{"9007199254740992GB", -ERANGE, 7}, {"99999999999999999999", -EINVAL, 7}};

	(void)state;
	for (size_t i = 0; i < sizeof(size) / sizeof(size[0]); i++) {
		uint64_t bytes = 7;
		assert_int_equal(literal_size_bytes(size[i].text, &bytes), size[i].status);
		assert_true(bytes == size[i].bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(literal_reads_ports_from_1_to_65535),
		cmocka_unit_test(literal_refuses_numbers_that_c_would_take),
		cmocka_unit_test(literal_reads_a_port_and_its_transport_in_either_case),
		cmocka_unit_test(literal_reads_durations),
		cmocka_unit_test(literal_reads_prefixes_and_names_the_network),
		cmocka_unit_test(literal_reads_macs_in_three_spellings),
		cmocka_unit_test(literal_words_are_lower_case_with_single_hyphens),
		cmocka_unit_test(literal_durations_are_written_in_the_largest_unit),
		cmocka_unit_test(protocol_has_a_name_for_each_number_and_back),
		cmocka_unit_test(literal_reads_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
