#include "dataplane/core/frame_fixture.h"

#include "core/protocol/tls_walk.h"

#define LEAF_BYTES 1200u

enum { CCS = 20, ALERT = 21, HANDSHAKE = 22, DATA = 23, HELLO = 2, CERTIFICATE = 11, DONE = 14 };

static void put_record(struct frame *f, unsigned type, const struct frame *body)
{
	put8(f, type);
	put16(f, 0x0303);
	put16(f, (unsigned)body->size);
	put_bytes(f, body->byte, body->size);
}

static void put24(struct frame *f, unsigned n)
{
	put8(f, n >> 16);
	put16(f, n & 0xffff);
}

static void put_message(struct frame *f, unsigned type, size_t bytes)
{
	put8(f, type);
	put24(f, (unsigned)bytes);
	put_fill(f, 0x33, bytes);
}

static uint8_t leaf_byte(uint32_t at)
{
	return (uint8_t)(at * 7 + at / 256);
}

/* A list of a leaf and an intermediate of 500 bytes. */
static void put_certificates(struct frame *f, unsigned leaf_bytes)
{
	put8(f, CERTIFICATE);
	put24(f, 3 + 3 + leaf_bytes + 3 + 500);
	put24(f, 3 + leaf_bytes + 3 + 500);
	put24(f, leaf_bytes);
	for (uint32_t i = 0; i < leaf_bytes; i++)
		put8(f, leaf_byte(i));
	put24(f, 500);
	put_fill(f, 0x44, 500);
}

/* What a server of TLS 1.2 says: each message in a record of its own, or all in records of `piece`
 * bytes. */
static struct frame server_flight(unsigned leaf_bytes, size_t piece)
{
	struct frame all = {0}, f = {0};

	put_message(&all, HELLO, 77);
	put_certificates(&all, leaf_bytes);
	put_message(&all, DONE, 0);
	for (size_t at = 0; at < all.size; at += piece) {
		struct frame body = {0};
		put_bytes(&body, all.byte + at, all.size - at < piece ? all.size - at : piece);
		put_record(&f, HANDSHAKE, &body);
	}
	return f;
}

static void put_alert(struct frame *f, unsigned level, unsigned description)
{
	struct frame body = {0};

	put8(&body, level);
	put8(&body, description);
	put_record(f, ALERT, &body);
}

static struct tls_walk walk_in(
	const struct frame *f, size_t first, uint8_t room[TLS_CERTIFICATE_BYTES])
{
	struct tls_walk w;

	tls_walk_init(&w);
	tls_walk_feed(&w, f->byte, (uint32_t)first, room);
	tls_walk_feed(&w, f->byte + first, (uint32_t)(f->size - first), room);
	return w;
}

static void check_leaf(const struct tls_walk *w, const uint8_t *room, uint32_t bytes)
{
	assert_int_equal(w->certificate, TLS_CERTIFICATE_WHOLE);
	assert_int_equal(w->leaf_bytes, bytes);
	for (uint32_t i = 0; i < bytes; i++)
		assert_int_equal(room[i], leaf_byte(i));
}

static void leaf_is_read_wherever_the_stream_is_split(void **state)
{
	uint8_t room[TLS_CERTIFICATE_BYTES];

	(void)state;
	for (size_t piece = 16000; piece > 3; piece = piece / 5 + 1) {
		struct frame f = server_flight(LEAF_BYTES, piece);
		for (size_t first = 0; first <= f.size; first++) {
			struct tls_walk w = walk_in(&f, first, room);
			check_leaf(&w, room, LEAF_BYTES);
			assert_int_equal(w.stage, TLS_WALK_CLEAR);
			assert_int_equal(f.byte[w.leaf_at], room[0]);
		}
	}
}

static void leaf_is_read_byte_by_byte(void **state)
{
	struct frame f = server_flight(LEAF_BYTES, 700);
	uint8_t room[TLS_CERTIFICATE_BYTES];
	struct tls_walk w;

	(void)state;
	tls_walk_init(&w);
	for (size_t i = 0; i < f.size; i++)
		tls_walk_feed(&w, f.byte + i, 1, room);
	check_leaf(&w, room, LEAF_BYTES);
}

static void stream_that_ends_within_leaf_has_no_certificate(void **state)
{
	struct frame f = server_flight(LEAF_BYTES, 16000);
	uint8_t room[TLS_CERTIFICATE_BYTES];
	struct tls_walk w;

	(void)state;
	for (size_t cut = 0; cut < 5 + 81 + 4 + 6 + LEAF_BYTES; cut++) {
		tls_walk_init(&w);
		tls_walk_feed(&w, f.byte, (uint32_t)cut, room);
		assert_int_not_equal(w.certificate, TLS_CERTIFICATE_WHOLE);
	}
}

static void alert_between_records_of_a_message_is_read_and_so_is_the_message(void **state)
{
	struct frame all = {0}, f = {0}, body = {0};
	uint8_t room[TLS_CERTIFICATE_BYTES];
	struct tls_walk w;

	(void)state;
	put_certificates(&all, LEAF_BYTES);
	put_bytes(&body, all.byte, 600);
	put_record(&f, HANDSHAKE, &body);
	put_alert(&f, 1, 112);
	put_alert(&f, 2, 48);
	body.size = 0;
	put_bytes(&body, all.byte + 600, all.size - 600);
	put_record(&f, HANDSHAKE, &body);
	w = walk_in(&f, 650, room);
	check_leaf(&w, room, LEAF_BYTES);
	assert_int_equal(w.alert, 48);
}

static void warning_is_no_alert_that_ends_a_connection(void **state)
{
	struct frame f = {0};
	struct tls_walk w;

	(void)state;
	put_alert(&f, 1, 112);
	w = walk_in(&f, 3, NULL);
	assert_int_equal(w.alert, TLS_ALERT_NONE);
	assert_int_equal(w.stage, TLS_WALK_CLEAR);
	put_alert(&f, 1, 0);
	w = walk_in(&f, 6, NULL);
	assert_int_equal(w.alert, 0);
}

static void first_fatal_alert_stands(void **state)
{
	struct frame f = {0};
	struct tls_walk w;

	(void)state;
	put_alert(&f, 2, 40);
	put_alert(&f, 2, 80);
	w = walk_in(&f, 8, NULL);
	assert_int_equal(w.alert, 40);
}

static void encrypted_alert_is_none(void **state)
{
	struct frame f = {0}, body = {0};
	struct tls_walk w;

	(void)state;
	put_fill(&body, 2, 26);
	put_record(&f, ALERT, &body);
	w = walk_in(&f, 3, NULL);
	assert_int_equal(w.alert, TLS_ALERT_NONE);
	assert_int_equal(w.stage, TLS_WALK_SEALED);
}

/* RFC 8446 D.4: behind the server's hello comes a change of cipher that means nothing. */
static void tls_1_3_shows_no_certificate(void **state)
{
	struct frame f = {0}, body = {0};
	uint8_t room[TLS_CERTIFICATE_BYTES];
	struct tls_walk w;

	(void)state;
	put_message(&body, HELLO, 118);
	put_record(&f, HANDSHAKE, &body);
	body.size = 0;
	put8(&body, 1);
	put_record(&f, CCS, &body);
	body.size = 0;
	put_certificates(&body, LEAF_BYTES);
	put_record(&f, DATA, &body);
	w = walk_in(&f, 20, room);
	assert_int_equal(w.stage, TLS_WALK_SEALED);
	assert_int_equal(w.certificate, TLS_CERTIFICATE_NONE);
}

static void what_is_no_tls_ends_the_walk(void **state)
{
	static const char *const garbage[] = {
		"\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10", /* SSL 2's hello */
		"GET / HTTP/1.1\r\n\r\n",
		"\x16\x03\x03\x00\x00\x16\x03\x03\x00\x00\x16", /* empty records */
		"\x16\x03\x03\x50\x00\x16\x03\x03\x00\x00\x16", /* too long a record */
		"\x16\x02\x03\x00\x10\x16\x03\x03\x00\x00\x16",
		"\x18\x03\x03\x00\x10\x16\x03\x03\x00\x00\x16",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
		struct tls_walk w;
		tls_walk_init(&w);
		tls_walk_feed(&w, (const uint8_t *)garbage[i], 11, NULL);
		assert_int_equal(w.stage, TLS_WALK_OVER);
		assert_int_equal(w.certificate, TLS_CERTIFICATE_NONE);
		assert_int_equal(w.alert, TLS_ALERT_NONE);
	}
}

static void lengths_that_do_not_fit_give_no_certificate(void **state)
{
	uint8_t room[TLS_CERTIFICATE_BYTES];

	(void)state;
	for (unsigned at = 4; at < 9;
		at++) { /* the list's length, and the leaf's but its last byte */
		struct frame body = {0}, f = {0};
		struct tls_walk w;
		put_certificates(&body, LEAF_BYTES);
		body.byte[at] ^= 0xff;
		put_record(&f, HANDSHAKE, &body);
		w = walk_in(&f, 17, room);
		assert_int_not_equal(w.certificate, TLS_CERTIFICATE_WHOLE);
	}
}

static void empty_list_says_that_there_is_none(void **state)
{
	struct frame body = {0}, f = {0};
	struct tls_walk w;

	(void)state;
	put8(&body, CERTIFICATE);
	put24(&body, 3);
	put24(&body, 0);
	put_record(&f, HANDSHAKE, &body);
	w = walk_in(&f, 8, NULL);
	assert_int_equal(w.certificate, TLS_CERTIFICATE_EMPTY);
}

static void leaf_longer_than_the_room_is_passed_over(void **state)
{
	uint8_t room[TLS_CERTIFICATE_BYTES + 1] = {0};
	struct frame f = server_flight(TLS_CERTIFICATE_BYTES + 1, 16000);
	struct tls_walk w = walk_in(&f, 400, room);

	(void)state;
	assert_int_equal(w.certificate, TLS_CERTIFICATE_LONG);
	assert_int_equal(room[TLS_CERTIFICATE_BYTES], 0);
	f = server_flight(TLS_CERTIFICATE_BYTES, 16000);
	w = walk_in(&f, 400, room);
	check_leaf(&w, room, TLS_CERTIFICATE_BYTES);
}

static void without_room_nothing_is_read(void **state)
{
	struct frame f = server_flight(LEAF_BYTES, 16000);
	struct tls_walk w = walk_in(&f, 400, NULL);

	(void)state;
	assert_int_equal(w.certificate, TLS_CERTIFICATE_NO_ROOM);
}

static void walk_ends_after_its_bytes(void **state)
{
	struct frame body = {0}, f = {0};
	struct tls_walk w;

	(void)state;
	put_message(&body, HELLO, 9000);
	put_record(&f, HANDSHAKE, &body);
	tls_walk_init(&w);
	tls_walk_feed(&w, f.byte, (uint32_t)f.size, NULL);
	assert_int_equal(w.stage, TLS_WALK_CLEAR);
	tls_walk_feed(&w, f.byte, (uint32_t)f.size, NULL);
	assert_int_equal(w.stage, TLS_WALK_OVER);
	assert_int_equal(w.walked, TLS_WALK_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaf_is_read_wherever_the_stream_is_split),
		cmocka_unit_test(leaf_is_read_byte_by_byte),
		cmocka_unit_test(stream_that_ends_within_leaf_has_no_certificate),
		cmocka_unit_test(alert_between_records_of_a_message_is_read_and_so_is_the_message),
		cmocka_unit_test(warning_is_no_alert_that_ends_a_connection),
		cmocka_unit_test(first_fatal_alert_stands),
		cmocka_unit_test(encrypted_alert_is_none),
		cmocka_unit_test(tls_1_3_shows_no_certificate),
		cmocka_unit_test(what_is_no_tls_ends_the_walk),
		cmocka_unit_test(lengths_that_do_not_fit_give_no_certificate),
		cmocka_unit_test(empty_list_says_that_there_is_none),
		cmocka_unit_test(leaf_longer_than_the_room_is_passed_over),
		cmocka_unit_test(without_room_nothing_is_read),
		cmocka_unit_test(walk_ends_after_its_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
