/* Blocks of pcapng, byte by byte as the draft has them, and read back by a reader that knows only
 * the draft. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "record/pcapng_writer.h"

static uint32_t u32(const struct buffer *b, size_t at)
{
	uint32_t x;

	assert_true(at + sizeof(x) <= b->length);
	memcpy(&x, b->text + at, sizeof(x));
	return x;
}

static uint16_t u16(const struct buffer *b, size_t at)
{
	uint16_t x;

	assert_true(at + sizeof(x) <= b->length);
	memcpy(&x, b->text + at, sizeof(x));
	return x;
}

/* The block that begins here has its length at both ends. Returns where the next one begins. */
static size_t check_block(const struct buffer *b, size_t at, uint32_t type)
{
	uint32_t length = u32(b, at + 4);

	assert_int_equal(u32(b, at), type);
	assert_int_equal(length % 4, 0);
	assert_int_equal(u32(b, at + length - 4), length);
	return at + length;
}

/* Options from here on, in this order. */
static void check_option(const struct buffer *b, size_t *at, uint16_t code, const char *text)
{
	assert_int_equal(u16(b, *at), code);
	assert_int_equal(u16(b, *at + 2), strlen(text));
	assert_memory_equal(b->text + *at + 4, text, strlen(text));
	*at += 4 + ((strlen(text) + 3) & ~(size_t)3);
}

static void pcapng_section_has_the_magic_no_length_and_who_wrote_it(void **state)
{
	struct buffer b = {.text = NULL};
	size_t at = 24;

	(void)state;
	pcapng_section(&b, &(struct pcapng_section){"a switch", "Linux", "portolan 1"});
	assert_int_equal(check_block(&b, 0, 0x0a0d0d0a), b.length);
	assert_int_equal(u32(&b, 8), 0x1a2b3c4d);
	assert_int_equal(u32(&b, 16), UINT32_MAX);
	check_option(&b, &at, 2, "a switch");
	check_option(&b, &at, 3, "Linux");
	check_option(&b, &at, 4, "portolan 1");
	assert_int_equal(u32(&b, at), 0);
	buffer_fini(&b);
}

static void pcapng_interface_has_its_name_and_counts_nanoseconds(void **state)
{
	struct buffer b = {.text = NULL};
	size_t at = 16;

	(void)state;
	pcapng_interface(&b, 276, 9216, "eth1");
	assert_int_equal(check_block(&b, 0, 1), b.length);
	assert_int_equal(u16(&b, 8), 276);
	assert_int_equal(u32(&b, 12), 9216);
	check_option(&b, &at, 2, "eth1");
	check_option(&b, &at, 9, "\x09");
	buffer_fini(&b);
}

static void pcapng_packet_is_padded_and_has_comments_and_an_id(void **state)
{
	static const uint8_t data[5] = {1, 2, 3, 4, 5};
	struct buffer b = {.text = NULL};
	struct pcapng_packet p = {.data = data,
		.caplen = 5,
		.wirelen = 1500,
		.time_ns = 0x0123456789abcdef,
		.interface = 7,
		.id = 0xfedcba9876543210,
		.comment = {"why", NULL, "masked"}};
	size_t at = 36;

	(void)state;
	pcapng_packet(&b, &p);
	assert_int_equal(check_block(&b, 0, 6), b.length);
	assert_int_equal(u32(&b, 8), 7);
	assert_int_equal(u32(&b, 12), 0x01234567);
	assert_int_equal(u32(&b, 16), 0x89abcdef);
	assert_int_equal(u32(&b, 20), 5);
	assert_int_equal(u32(&b, 24), 1500);
	assert_memory_equal(b.text + 28, "\1\2\3\4\5\0\0\0", 8);
	check_option(&b, &at, 1, "why");
	check_option(&b, &at, 1, "masked");
	assert_int_equal(u16(&b, at), 5);
	assert_int_equal(u16(&b, at + 2), 8);
	assert_int_equal(u32(&b, at + 4), 0x76543210);
	assert_int_equal(u32(&b, at + 8), 0xfedcba98);
	buffer_fini(&b);
}

static void pcapng_statistics_leave_out_what_is_not_known(void **state)
{
	struct buffer b = {.text = NULL};
	struct pcapng_loss loss = {1000, UINT64_MAX, 3};

	(void)state;
	pcapng_statistics(&b, 0, 1, &loss);
	assert_int_equal(check_block(&b, 0, 5), b.length);
	assert_int_equal(u16(&b, 20), 4);
	assert_int_equal(u32(&b, 24), 1000);
	assert_int_equal(u16(&b, 32), 7);
	assert_int_equal(u32(&b, 36), 3);
	assert_int_equal(u32(&b, 44), 0);
	buffer_fini(&b);
}

static void pcapng_comment_is_cut_between_two_characters(void **state)
{
	char text[PCAPNG_COMMENT_BYTES + 8];
	struct buffer b = {.text = NULL};
	struct pcapng_packet p = {.data = (const uint8_t *)"", .comment = {text}};

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text + PCAPNG_COMMENT_BYTES - 1, "\xc3\xa9", 2);
	text[sizeof(text) - 1] = '\0';
	pcapng_packet(&b, &p);
	assert_int_equal(u16(&b, 30), PCAPNG_COMMENT_BYTES - 1);
	assert_int_equal(check_block(&b, 0, 6), b.length);
	buffer_fini(&b);
}

static void pcapng_block_without_memory_is_left_out_whole(void **state)
{
	struct buffer b = {.text = NULL};

	(void)state;
	pcapng_interface(&b, 1, 1, NULL);
	size_t before = b.length;
	b.error = -1;
	pcapng_interface(&b, 1, 1, NULL);
	assert_int_equal(b.length, before);
	buffer_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pcapng_section_has_the_magic_no_length_and_who_wrote_it),
		cmocka_unit_test(pcapng_interface_has_its_name_and_counts_nanoseconds),
		cmocka_unit_test(pcapng_packet_is_padded_and_has_comments_and_an_id),
		cmocka_unit_test(pcapng_statistics_leave_out_what_is_not_known),
		cmocka_unit_test(pcapng_comment_is_cut_between_two_characters),
		cmocka_unit_test(pcapng_block_without_memory_is_left_out_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
