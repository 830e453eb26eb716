/* A frame as decode reads it, with a sanitizer watching every byte.
 */
#ifndef PORTOLAN_MATCH_ASSERT_H
#define PORTOLAN_MATCH_ASSERT_H

#include "dataplane/core/policy_fixture.h"

#include "core/decode/decode.h"

/* What decode said, with the payload as an offset into the frame, or -1. */
struct reading {
	struct decoded view;
	ptrdiff_t payload_at;
};

/* The first `caplen` bytes lie at the end of memory of exactly that size, so that a sanitizer
 * sees every byte that is read beyond them. */
static inline struct reading read_as(
	const struct inventory *inv, const struct frame *f, enum link link, size_t caplen)
{
	uint8_t *bytes = malloc(caplen);
	struct packet p = {
		.data = bytes,
		.caplen = (uint32_t)caplen,
		.wirelen = (uint32_t)f->size,
		.link = (uint16_t)link,
	};
	struct reading r = {.payload_at = -1};

	assert_true(bytes || caplen == 0);
	if (caplen > 0)
		memcpy(bytes, f->byte, caplen);
	memset(&r.view, 0xa5, sizeof(r.view)); /* scratch is used again and again */
	decode(&p, inv, &r.view);
	if (r.view.outcome == OUTCOME_IP && r.view.payload_captured > 0) {
		r.payload_at = r.view.payload - bytes;
		assert_true(r.payload_at >= 0);
		assert_true((size_t)r.payload_at + r.view.payload_captured <= caplen);
	}
	free(bytes);
	return r;
}

/* With an inventory of nobody. */
static inline struct reading read_cut(const struct frame *f, enum link link, size_t caplen)
{
	return read_as(nobody(), f, link, caplen);
}

static inline struct reading read_whole(const struct frame *f, enum link link)
{
	return read_cut(f, link, f->size);
}

static inline void check_address(const struct address *found, const char *text)
{
	struct address want = address_at(text, NULL);

	assert_memory_equal(found, &want, sizeof(want));
}

static inline void check_ends(const struct decoded *v, const char *source, unsigned source_port,
	const char *destination, unsigned destination_port)
{
	assert_int_equal(v->outcome, OUTCOME_IP);
	check_address(&v->source, source);
	check_address(&v->destination, destination);
	assert_int_equal(v->source_port, source_port);
	assert_int_equal(v->destination_port, destination_port);
}

#endif
