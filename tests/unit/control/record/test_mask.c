/* No credential is left in a payload, however it is cut; what is none stays, and so do lengths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "control/random.h"
#include "packet_evidence.h"
#include "record/mask.h"

#define SECRET "Xq7zMARK9w"
#define SEED 20260105
#define ROUNDS 20000

/* A dialogue: who sends, what, of which SECRET may not be left. */
struct said {
	unsigned sender;
	const char *text;
	size_t bytes; /* 0: a text */
};

struct stream {
	struct mask_state state;
	uint32_t sequence[2];
	uint16_t port;
	bool is_datagram;
};

static uint32_t mask_piece(struct stream *s, unsigned sender, uint8_t *payload, size_t bytes)
{
	struct mask_context c = {.state = &s->state,
		.sender = sender,
		.sender_port = sender ? s->port : 50000,
		.receiver_port = sender ? 50000 : s->port,
		.is_stream = !s->is_datagram,
		.sequence = s->sequence[sender]};
	uint32_t found = mask_payload(&c, payload, bytes);

	s->sequence[sender] += (uint32_t)bytes;
	return found;
}

/* What is left of it after it came in pieces of `piece` bytes. */
static uint32_t say(struct stream *s, const struct said *said, size_t piece, uint8_t *left)
{
	size_t bytes = said->bytes ? said->bytes : strlen(said->text);
	uint32_t found = 0;

	memcpy(left, said->text, bytes);
	for (size_t at = 0; at < bytes; at += piece)
		found |= mask_piece(
			s, said->sender, left + at, bytes - at < piece ? bytes - at : piece);
	return found;
}

/* No four bytes in a row of the secret: cut anywhere, nothing of it may be seen. */
static void check_nothing_is_left(const uint8_t *left, size_t bytes, const char *of)
{
	static const char secret[] = SECRET;

	for (size_t i = 0; i + 4 < sizeof(secret); i++)
		if (memmem(left, bytes, &secret[i], 4))
			fail_msg("%.4s is left of: %.60s", &secret[i], of);
}

static void check_is_masked(uint16_t port, const struct said *said, size_t count, unsigned kind)
{
	for (size_t piece = 1; piece < 200; piece++) {
		struct stream s = {.port = port};
		uint32_t found = 0;

		for (size_t i = 0; i < count; i++) {
			uint8_t left[512];
			size_t bytes = said[i].bytes ? said[i].bytes : strlen(said[i].text);
			found |= say(&s, &said[i], piece, left);
			check_nothing_is_left(left, bytes, said[i].text);
		}
		assert_true(found >> kind & 1);
	}
}

#define MASKED(port, kind, ...)                                                                    \
	check_is_masked(port, (const struct said[]){__VA_ARGS__},                                  \
		sizeof((const struct said[]){__VA_ARGS__}) / sizeof(struct said), kind)

#define BYTES(text) text, sizeof(text) - 1

static void mask_takes_what_http_carries_in_whatever_segments(void **state)
{
	(void)state;
	MASKED(80, MASK_HTTP,
		{0, "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic " SECRET "\r\n\r\n", 0});
	MASKED(8080, MASK_HTTP,
		{0, "GET / HTTP/1.1\r\nproxy-authorization: Bearer " SECRET "\r\n\r\n", 0});
	MASKED(80, MASK_HTTP,
		{0,
			"GET / HTTP/1.1\r\nAuthorization: Digest username=\"a\",\r\n "
			"response=\"" SECRET "\"\r\nHost: a\r\n\r\n",
			0});
	MASKED(80, MASK_COOKIE, {0, "GET / HTTP/1.1\r\nCookie: s=" SECRET "\r\n\r\n", 0},
		{1, "HTTP/1.1 200 OK\r\nSet-Cookie: s=" SECRET "; Path=/\r\n\r\n", 0});
	MASKED(4444, MASK_QUERY, {0, "GET /a/b?token=" SECRET " HTTP/1.1\r\n\r\n", 0});
	MASKED(4444, MASK_QUERY,
		{0, "GET / HTTP/1.1\r\nReferer: http://a/b?token=" SECRET "\r\n\r\n", 0});
	MASKED(3128, MASK_USERINFO, {0, "CONNECT u:" SECRET "@host:443 HTTP/1.1\r\n\r\n", 0});
	MASKED(3128, MASK_USERINFO,
		{0,
			"CONNECT u:" SECRET "@host:443 HTTP/1.1\r\nUser-Agent: a long one, so that "
			"it is more than the tail\r\n\r\n",
			0});
	MASKED(3128, MASK_USERINFO, {0, "GET http://u:" SECRET "@host/ HTTP/1.1\r\n\r\n", 0});
}

static void mask_takes_what_mail_and_files_ask_for(void **state)
{
	(void)state;
	MASKED(25, MASK_MAIL, {1, "220 a\r\n", 0}, {0, "EHLO b\r\nAUTH PLAIN " SECRET "\r\n", 0});
	MASKED(2525, MASK_MAIL, {0, "AUTH LOGIN\r\n", 0}, {1, "334 VXNlcm5hbWU6\r\n", 0},
		{0, SECRET "\r\n", 0}, {1, "334 UGFzc3dvcmQ6\r\n", 0}, {0, SECRET "\r\n", 0},
		{1, "235 yes\r\n", 0});
	MASKED(587, MASK_MAIL, {0, "auth login " SECRET "\r\n", 0}, {0, SECRET "\r\n", 0});
	MASKED(143, MASK_LOGIN, {0, "a1 LOGIN user " SECRET "\r\n", 0});
	MASKED(143, MASK_MAIL, {0, "a1 LOGIN {4}\r\n", 0}, {1, "+ go on\r\n", 0},
		{0, "user {10}\r\n" SECRET "\r\n", 0});
	MASKED(143, MASK_MAIL, {0, "a AUTHENTICATE PLAIN\r\n", 0}, {1, "+ \r\n", 0},
		{0, SECRET "\r\n", 0});
	MASKED(110, MASK_PASS, {0, "USER a\r\nPASS " SECRET "\r\n", 0});
	MASKED(2121, MASK_PASS, {1, "331 password\r\n", 0}, {0, "pass " SECRET "\r\n", 0});
}

static void mask_takes_all_that_is_typed_at_a_terminal(void **state)
{
	(void)state;
	MASKED(23, MASK_TERMINAL, {1, "login: ", 0}, {0, "admin\r\n", 0}, {0, SECRET "\r\n", 0});
}

static void mask_finds_a_terminal_on_any_port_by_its_options(void **state)
{
	struct stream s = {.port = 4444};
	struct said said[] = {
		{1, BYTES("\xff\xfd\x18\xff\xfd\x20")}, {0, BYTES("\xff\xfb\x18" SECRET "\r\n")}};
	uint8_t left[64];

	(void)state;
	say(&s, &said[0], 100, left);
	say(&s, &said[1], 100, left);
	assert_memory_equal(left, "\xff\xfb\x18XXXXXXXXXXXX", 15);
}

#define LDAP_BIND                                                                                  \
	"\x30\x1d\x02\x01\x01\x60\x18\x02\x01\x03\x04\x07"                                         \
	"cn=root"                                                                                  \
	"\x80\x0a" SECRET

static void mask_takes_the_password_of_a_simple_bind(void **state)
{
	(void)state;
	MASKED(389, MASK_LDAP, {0, BYTES(LDAP_BIND)});
	MASKED(5000, MASK_LDAP, {0, BYTES(LDAP_BIND LDAP_BIND)});
}

#define SNMP_GET                                                                                   \
	"\x30\x2b\x02\x01\x01\x04\x0a" SECRET                                                      \
	"\xa0\x1a\x02\x04\x00\x00\x00\x01\x02\x01\x00\x02\x01\x00\x30\x0c\x30\x0a\x06\x06\x2b\x06" \
	"\x01\x02\x01\x01\x05\x00"

static void mask_takes_a_community_at_any_offset_of_a_datagram(void **state)
{
	static const char quoted[] = "\x45\0\0\x48 quoted by an error" SNMP_GET;
	struct stream s = {.port = 161, .is_datagram = true};
	uint8_t left[128];
	struct said plain = {0, BYTES(SNMP_GET)}, deep = {0, BYTES(quoted)};

	(void)state;
	assert_int_equal(say(&s, &plain, 200, left), 1u << MASK_SNMP);
	assert_memory_equal(left, "\x30\x2b\x02\x01\x01\x04\x0aXXXXXXXXXX\xa0", 18);
	assert_int_equal(say(&s, &deep, 200, left), 1u << MASK_SNMP);
	check_nothing_is_left(left, sizeof(quoted) - 1, "a quoted packet");
}

static void mask_takes_radius_passwords_and_leaves_the_challenge(void **state)
{
	static const char request[] = "\x01\x07\x00\x2e"
				      "authenticator 16"
				      "\x01\x05"
				      "bob"
				      "\x02\x0c" SECRET "\x3c\x09"
				      "chall..";
	struct stream s = {.port = 1812, .is_datagram = true};
	struct said said = {0, BYTES(request)};
	uint8_t left[64];

	(void)state;
	assert_int_equal(sizeof(request) - 1, 46);
	assert_int_equal(say(&s, &said, 64, left), 1u << MASK_RADIUS);
	assert_memory_equal(left + 25,
		"\x02\x0cXXXXXXXXXX\x3c\x09"
		"chall..",
		21);
}

static void mask_leaves_what_is_no_credential(void **state)
{
	static const char *const text[] = {
		"GET /index.html HTTP/1.1\r\nHost: example.org\r\nUser-Agent: a\r\n\r\n",
		"SSH-2.0-OpenSSH_9.2\r\n", "220 mail.example.org ESMTP\r\n",
		"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"a\"\r\n\r\n",
		"USER anonymous\r\n", "<34>Oct 11 22:14:15 host su: failed for user\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		struct stream s = {.port = 4444};
		struct said said = {0, text[i], 0};
		uint8_t left[256];

		assert_int_equal(say(&s, &said, 256, left), 0);
		assert_memory_equal(left, text[i], strlen(text[i]));
	}
}

/* Sent again, the line that is a password must not be taken for the one after it. */
static void mask_takes_a_segment_that_comes_again_among_credentials_whole(void **state)
{
	struct stream s = {.port = 25};
	struct said begin = {0, "AUTH LOGIN\r\n", 0}, user = {0, "dXNlcg==\r\n", 0},
		    password = {0, SECRET "\r\n", 0};
	uint8_t left[64];

	(void)state;
	say(&s, &begin, 64, left);
	say(&s, &user, 64, left);
	s.sequence[0] -= 10;
	assert_int_equal(say(&s, &user, 64, left), 1u << MASK_DISORDER);
	say(&s, &password, 64, left);
	check_nothing_is_left(left, 12, "the password");
	s.sequence[0] += 1000;
	assert_int_equal(say(&s, &password, 64, left), 1u << MASK_DISORDER);
	check_nothing_is_left(left, 12, "behind a gap");
}

static void mask_describes_what_it_found(void **state)
{
	char text[MASK_TEXT_BYTES];

	(void)state;
	mask_describe(1u << MASK_SNMP | 1u << MASK_QUERY, text);
	assert_string_equal(text, "masked: snmp community, url query");
	mask_describe(UINT32_MAX, text);
	assert_true(strlen(text) < sizeof(text) - 1);
	mask_describe(0, text);
	assert_string_equal(text, "");
}

/* Anything at all: writes nothing but X, and only where it says so. */
static void mask_writes_nothing_but_x_on_random_bytes(void **state)
{
	static const char word[] =
		"Authorization: Basic x\r\nPASS \0\x30\x82\x01\x60\x02\x01\x03\x04?@://";
	uint64_t seed = SEED;
	struct stream s = {.port = 80};

	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint8_t payload[96], before[96];
		size_t bytes = random_below(&seed, sizeof(payload)) + 1;
		uint32_t found;

		for (size_t k = 0; k < bytes; k++)
			payload[k] = random_below(&seed, 3)
					     ? (uint8_t)word[random_below(&seed, sizeof(word))]
					     : (uint8_t)random_below(&seed, 256);
		memcpy(before, payload, bytes);
		s.sequence[0] += random_below(&seed, 20) == 0;
		found = mask_piece(&s, 0, payload, bytes);
		for (size_t k = 0; k < bytes; k++)
			assert_true(payload[k] == before[k] || (payload[k] == 'X' && found));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mask_takes_what_http_carries_in_whatever_segments),
		cmocka_unit_test(mask_takes_what_mail_and_files_ask_for),
		cmocka_unit_test(mask_takes_all_that_is_typed_at_a_terminal),
		cmocka_unit_test(mask_finds_a_terminal_on_any_port_by_its_options),
		cmocka_unit_test(mask_takes_the_password_of_a_simple_bind),
		cmocka_unit_test(mask_takes_a_community_at_any_offset_of_a_datagram),
		cmocka_unit_test(mask_takes_radius_passwords_and_leaves_the_challenge),
		cmocka_unit_test(mask_leaves_what_is_no_credential),
		cmocka_unit_test(mask_takes_a_segment_that_comes_again_among_credentials_whole),
		cmocka_unit_test(mask_describes_what_it_found),
		cmocka_unit_test(mask_writes_nothing_but_x_on_random_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
