#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "packet/checksum.h"
#include "packet/ip.h"
#include "packet/transport.h"
#include "random.h"

static struct frame frame;

/* RFC 1071 section 3 */
static void checksum_of_the_rfcs_example(void **state)
{
	static const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	(void)state;
	assert_int_equal(checksum_fold(checksum_add(0, bytes, sizeof(bytes))), 0xffff & ~0xddf2);
}

static uint16_t naive(const uint8_t *b, size_t length)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < length; i++)
		sum += i % 2 ? b[i] : (uint32_t)b[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void checksum_equals_its_naive_twin(void **state)
{
	struct random_state d = {42};
	uint8_t bytes[100];

	(void)state;
	for (size_t length = 0; length <= sizeof(bytes); length++) {
		for (size_t i = 0; i < length; i++)
			bytes[i] = (uint8_t)random_next(&d);
		assert_int_equal(
			checksum_fold(checksum_add(0, bytes, length)), naive(bytes, length));
	}
}

/* A header with its right checksum sums to zero. */
static void ipv4_header_sums_to_zero(void **state)
{
	static const struct ip_shape plain = IP_SHAPE_PLAIN;
	struct endpoint from = endpoint_v4(0x0a140007, 1), to = endpoint_v4(0x0a0a0005, 2);

	(void)state;
	assert_true(frame_start(&frame, "abc", 3));
	ip_prepend(&frame, &from, &to, PROTOCOL_UDP, &plain, 7);
	assert_int_equal(frame.length, 23);
	assert_int_equal(checksum_fold(checksum_add(0, frame.head, 20)), 0);
}

static void udp_and_tcp_sum_to_zero_with_their_pseudo_header(void **state)
{
	static const struct tcp_fields fields = {.seq = 1, .flags = TCP_SYN, .data_offset = -1};
	struct endpoint from = endpoint_v4(0x0a140007, 514), to = endpoint_v4(0x0a0a0005, 514);

	(void)state;
	frame_start(&frame, "odd", 3);
	udp_prepend(&frame, &from, &to, -1, CHECKSUM_RIGHT);
	assert_int_equal(checksum_fold(checksum_add(ip_pseudo_sum(&from, &to, PROTOCOL_UDP, 11),
				 frame.head, frame.length)),
		0);
	frame_start(&frame, "even", 4);
	tcp_prepend(&frame, &from, &to, &fields, CHECKSUM_RIGHT);
	assert_int_equal(checksum_fold(checksum_add(ip_pseudo_sum(&from, &to, PROTOCOL_TCP, 24),
				 frame.head, frame.length)),
		0);
	frame_start(&frame, "even", 4);
	tcp_prepend(&frame, &from, &to, &fields, CHECKSUM_WRONG);
	assert_int_not_equal(checksum_fold(checksum_add(ip_pseudo_sum(&from, &to, PROTOCOL_TCP, 24),
				     frame.head, frame.length)),
		0);
}

static void length_that_does_not_fit_is_zero(void **state)
{
	static const struct ip_shape plain = IP_SHAPE_PLAIN;
	static uint8_t much[70000];
	struct endpoint from = endpoint_v4(1, 1), to = endpoint_v4(2, 2);

	(void)state;
	assert_true(frame_start(&frame, much, sizeof(much)));
	ip_prepend(&frame, &from, &to, PROTOCOL_TCP, &plain, 1);
	assert_int_equal(frame.head[2] << 8 | frame.head[3], 0);
	assert_false(frame_start(&frame, much, FRAME_PAYLOAD_MAX + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksum_of_the_rfcs_example),
		cmocka_unit_test(checksum_equals_its_naive_twin),
		cmocka_unit_test(ipv4_header_sums_to_zero),
		cmocka_unit_test(udp_and_tcp_sum_to_zero_with_their_pseudo_header),
		cmocka_unit_test(length_that_does_not_fit_is_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
