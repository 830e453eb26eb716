/* A reader of messages: a cursor over the bytes at hand that knows how many more there may be.
 *
 * Its error is sticky and tells two things apart: SHORT, the message goes on behind what is at
 * hand (a stream that has not come yet, a datagram that was captured cut), and BROKEN, the
 * message itself ends too early. After either every read gives 0 or NULL and moves nothing, so
 * a validator reads straight through and asks once.
 */
#ifndef PORTOLAN_MESSAGE_READER_H
#define PORTOLAN_MESSAGE_READER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum reader_state { READER_GOOD, READER_SHORT, READER_BROKEN };

#define READER_ENDLESS UINT32_MAX /* nobody knows how much follows */

struct reader {
	const uint8_t *at, *end;
	uint32_t beyond; /* bytes that follow `end`, or READER_ENDLESS */
	enum reader_state state;
};

static inline size_t reader_left(const struct reader *r)
{
	return (size_t)(r->end - r->at);
}

static inline int reader_fail(struct reader *r)
{
	if (r->state == READER_GOOD)
		r->state = READER_BROKEN;
	return 0;
}

/* Whether `count` bytes are at hand; says why if not. */
static inline int reader_has(struct reader *r, size_t count)
{
	size_t left = reader_left(r);

	if (r->state != READER_GOOD)
		return 0;
	if (count <= left)
		return 1;
	r->state = count - left <= r->beyond ? READER_SHORT : READER_BROKEN;
	return 0;
}

static inline const uint8_t *reader_bytes(struct reader *r, size_t count)
{
	const uint8_t *at = r->at;

	if (!reader_has(r, count))
		return NULL;
	r->at += count;
	return at;
}

static inline uint8_t reader_u8(struct reader *r)
{
	const uint8_t *p = reader_bytes(r, 1);

	return p ? p[0] : 0;
}

static inline uint16_t reader_u16(struct reader *r)
{
	const uint8_t *p = reader_bytes(r, 2);

	return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

static inline uint32_t reader_u24(struct reader *r)
{
	const uint8_t *p = reader_bytes(r, 3);

	return p ? (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2] : 0;
}

static inline uint32_t reader_u32(struct reader *r)
{
	const uint8_t *p = reader_bytes(r, 4);

	return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}

/* The next byte without moving, or -1 where there is none; no error. */
static inline int reader_peek(const struct reader *r)
{
	return r->state == READER_GOOD && r->at < r->end ? *r->at : -1;
}

/* A part of `count` bytes as a reader of its own; this one goes on behind it. The part may lie
 * partly or wholly behind what is at hand: then it is short, and so is this one from there on. */
static inline struct reader reader_part(struct reader *r, size_t count)
{
	struct reader part = *r;
	size_t left = reader_left(r);

	if (r->state != READER_GOOD)
		return part;
	part.beyond = 0;
	if (count <= left) {
		r->at += count;
		part.end = r->at;
		return part;
	}
	if (count - left > r->beyond) {
		part.state = r->state = READER_BROKEN;
		return part;
	}
	part.beyond = (uint32_t)(count - left);
	if (r->beyond != READER_ENDLESS)
		r->beyond -= part.beyond;
	r->at = r->end;
	r->state = READER_SHORT;
	return part;
}

/* Nothing is left, and nothing follows: the message ends exactly here. */
static inline int reader_is_spent(const struct reader *r)
{
	return r->state == READER_GOOD && r->at == r->end && r->beyond == 0;
}

#endif
