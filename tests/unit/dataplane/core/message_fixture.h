/* Utterances for the tests of validators: each is copied into memory of exactly its size, so
 * that a read behind it is seen by the address sanitizer.
 */
#ifndef PORTOLAN_MESSAGE_FIXTURE_H
#define PORTOLAN_MESSAGE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/protocol/validator.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

struct spoken {
	uint32_t length;
	uint8_t said; /* enum sender */
	const char *bytes;
};

/* `whole`: nothing follows, as of a datagram; else as of a stream. */
static inline enum match read_spoken(validator_function *validate, enum transport transport,
	const char *bytes, uint32_t length, int whole, struct message_info *m)
{
	uint8_t *copy = malloc(length ? length : 1);
	struct message u = {.bytes = copy,
		.length = length,
		.size = whole ? length : 0,
		.transport = (uint8_t)transport};
	enum match reading;

	assert_non_null(copy);
	memcpy(copy, bytes, length);
	message_info_init(m);
	reading = validate(&u, m);
	free(copy);
	return reading;
}

static inline void check_all(validator_function *validate, enum transport transport,
	const struct spoken *s, size_t count, enum match wanted)
{
	struct message_info m;

	for (size_t i = 0; i < count; i++) {
		enum match r = read_spoken(validate, transport, s[i].bytes, s[i].length,
			transport == TRANSPORT_UDP, &m);
		if (r != wanted)
			print_error("message %zu: reading %d\n", i, (int)r);
		assert_int_equal(r, wanted);
		if (wanted == MATCH_YES)
			assert_int_equal(m.said, s[i].said);
	}
}

/* NO is definite: no bytes that follow may make a message of what was refused. */
static inline void check_beginnings(validator_function *validate, enum transport transport,
	const struct spoken *s, size_t count)
{
	struct message_info m;

	for (size_t i = 0; i < count; i++) {
		for (uint32_t n = 1; n < s[i].length; n++) {
			enum match r = read_spoken(validate, transport, s[i].bytes, n, 0, &m);
			if (r == MATCH_NO)
				print_error("message %zu: refused after %u bytes\n", i, n);
			assert_int_not_equal(r, MATCH_NO);
		}
	}
}

#endif
