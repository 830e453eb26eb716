#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fuzz/packet_layout.h"
#include "fuzz/packet_mutator.h"
#include "fuzz/stream_mutator.h"
#include "fuzz/yaml_mutator.h"

#define SEEDS 20000
#define ROOM 1500

/* Stands in for libFuzzer's: the bytes turned, and one more where there is room. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size)
{
	for (size_t i = 0; i < size; i++)
		data[i] = (uint8_t)(data[i] + 1);
	if (size == max_size)
		return size;
	data[size] = 'x';
	return size + 1;
}

/* Ethernet, IPv4, UDP, four bytes: lengths and checksums are not set. */
static const uint8_t udp[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 0, 0, 1, 0, 0,
	64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x30, 0x39, 0, 53, 0, 0, 0, 0, 'a', 'b', 'c', 'd'};

static uint16_t sum(const uint8_t *b, size_t bytes, uint32_t sum)
{
	for (size_t i = 0; i < bytes; i += 2)
		sum += b[i] * 256u + (i + 1 < bytes ? b[i + 1] : 0);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void test_lengths_and_checksums_say_what_is_there(void **state)
{
	uint8_t byte[sizeof(udp)];
	struct mutation m = {1, byte, sizeof(byte), sizeof(byte)};

	(void)state;
	memcpy(byte, udp, sizeof(udp));
	packet_fix_up(&m);
	assert_int_equal(byte[16] * 256 + byte[17], 32);
	assert_int_equal(byte[38] * 256 + byte[39], 12);
	assert_int_equal(sum(byte + 14, 20, 0), 0xffff);
	assert_int_equal(sum(byte + 34, 12, sum(byte + 26, 8, 17 + 12)), 0xffff);
}

static void test_headers_are_found_behind_tags(void **state)
{
	static const uint8_t tag[] = {0x81, 0, 0, 10};
	uint8_t byte[ROOM];
	struct mutation m = {1, byte, sizeof(udp), sizeof(byte)};
	struct packet_layout l;

	(void)state;
	memcpy(byte, udp, sizeof(udp));
	assert_true(mutation_insert(&m, 12, tag, sizeof(tag)));
	assert_true(packet_layout_read(&l, &m, 0));
	assert_int_equal(l.ip, 18);
	assert_int_equal(l.transport, 38);
	assert_int_equal(l.payload, 46);
	assert_false(packet_layout_is_tunnel(&l, &m));
}

/* In memory of its own size, so that a sanitizer sees what is beyond. */
static size_t mutate(const char *what, const void *input, size_t size, unsigned seed, uint8_t *out)
{
	static struct yaml_words words;
	size_t room = size + seed % 200;
	uint8_t *byte = malloc(room ? room : 1);
	struct mutation m = {seed, byte, size, room};

	yaml_words_add(&words, "appliances");
	memcpy(byte, input, size);
	if (*what == 'y')
		m.length = yaml_mutate(byte, size, room, seed, &words);
	else if (*what == 's')
		stream_mutate(&m);
	else
		packet_mutate(&m);
	assert_true(m.length <= room);
	memcpy(out, byte, m.length);
	free(byte);
	return m.length;
}

/* Each input is what came of the one before, so that layers are put on layers. */
static void check_seeds(const char *what, const void *first, size_t first_size)
{
	uint8_t input[ROOM], out[2][ROOM];
	size_t size = first_size, made;

	memcpy(input, first, first_size);
	for (unsigned seed = 0; seed < SEEDS; seed++) {
		made = mutate(what, input, size, seed, out[0]);
		assert_int_equal(mutate(what, input, size, seed, out[1]), made);
		assert_memory_equal(out[0], out[1], made);
		size = made < ROOM - 200 && seed % 16 ? made : first_size;
		memcpy(input, size == made ? out[0] : first, size);
	}
}

static void test_a_frame_stays_in_its_room_and_follows_from_the_seed(void **state)
{
	(void)state;
	check_seeds("packet", udp, sizeof(udp));
}

static void test_a_stream_stays_in_its_room_and_follows_from_the_seed(void **state)
{
	uint8_t stream[2 + 2 * (8 + sizeof(udp))] = {0};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		uint8_t *at = stream + 1 + i * (8 + sizeof(udp));
		at[1] = sizeof(udp);
		memcpy(at + 8, udp, sizeof(udp));
	}
	stream[1 + 8 + 23] = 6; /* TCP, its header cut */
	check_seeds("stream", stream, sizeof(stream));
}

static void test_yaml_stays_in_its_room_and_follows_from_the_seed(void **state)
{
	static const char text[] = "profile: cloud-delivered\nappliances:\n"
				   "  - {name: a, role: managed-device, addresses: [10.0.0.0/8]}\n"
				   "  - name: b\n    role: x\nflow: {max: 1}\n\n#\nlast";

	(void)state;
	check_seeds("yaml", text, sizeof(text) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths_and_checksums_say_what_is_there),
		cmocka_unit_test(test_headers_are_found_behind_tags),
		cmocka_unit_test(test_a_frame_stays_in_its_room_and_follows_from_the_seed),
		cmocka_unit_test(test_a_stream_stays_in_its_room_and_follows_from_the_seed),
		cmocka_unit_test(test_yaml_stays_in_its_room_and_follows_from_the_seed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
