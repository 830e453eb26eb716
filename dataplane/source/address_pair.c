#include "source/address_pair.h"

#include <string.h>

#define TAGS_MAX 16

enum {
	TYPE_IPV4 = 0x0800,
	TYPE_IPV6 = 0x86dd,
	TYPE_VLAN = 0x8100,
	TYPE_QINQ = 0x88a8,
	TYPE_QINQ_OLD = 0x9100,
	TYPE_MPLS = 0x8847,
	TYPE_MPLS_MULTICAST = 0x8848,
	TYPE_PPPOE = 0x8864,
};

struct pair_cursor {
	const uint8_t *at, *end;
	unsigned type;
};

static unsigned load16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static int has(const struct pair_cursor *c, size_t bytes)
{
	return (size_t)(c->end - c->at) >= bytes;
}

static int is_tag(unsigned type)
{
	return type == TYPE_VLAN || type == TYPE_QINQ || type == TYPE_QINQ_OLD;
}

static void skip_tags(struct pair_cursor *c)
{
	for (int i = 0; i < TAGS_MAX && is_tag(c->type) && has(c, 4); i++) {
		c->type = load16(c->at + 2);
		c->at += 4;
	}
}

static void skip_labels(struct pair_cursor *c)
{
	int bottom = 0;

	for (int i = 0; i < TAGS_MAX && !bottom && has(c, 4); i++) {
		bottom = c->at[2] & 1;
		c->at += 4;
	}
	c->type = 0;
	if (bottom && has(c, 1))
		c->type = c->at[0] >> 4 == 4 ? TYPE_IPV4 : c->at[0] >> 4 == 6 ? TYPE_IPV6 : 0;
}

static void skip_pppoe(struct pair_cursor *c)
{
	unsigned protocol = has(c, 8) ? load16(c->at + 6) : 0;

	c->type = protocol == 0x21 ? TYPE_IPV4 : protocol == 0x57 ? TYPE_IPV6 : 0;
	if (c->type)
		c->at += 8;
}

const uint8_t *pair_find(const uint8_t *frame, size_t length, unsigned *bytes)
{
	struct pair_cursor c = {.at = frame + 14, .end = frame + length};

	if (length < 14)
		return NULL;
	c.type = load16(frame + 12);
	skip_tags(&c);
	if (c.type == TYPE_MPLS || c.type == TYPE_MPLS_MULTICAST)
		skip_labels(&c);
	if (c.type == TYPE_PPPOE)
		skip_pppoe(&c);
	*bytes = c.type == TYPE_IPV4 ? 4 : 16;
	if (c.type == TYPE_IPV4 && has(&c, 20))
		return c.at + 12;
	if (c.type == TYPE_IPV6 && has(&c, 40))
		return c.at + 8;
	return NULL;
}

/* Sum and XOR are the same for both directions, and where one of them is the same for all
 * pairs (a fixed distance between their numbers) the other is not. */
uint32_t pair_hash(const uint8_t *frame, size_t length)
{
	unsigned bytes;
	const uint8_t *a = pair_find(frame, length, &bytes);
	uint64_t hash = 0;

	for (unsigned i = 0; a && i < bytes; i += 4) {
		uint32_t one, other;

		memcpy(&one, a + i, 4);
		memcpy(&other, a + bytes + i, 4);
		hash ^= (uint64_t)(one ^ other) << 32 | (uint32_t)(one + other);
		hash *= 0x9e3779b97f4a7c15ull;
		hash ^= hash >> 32;
	}
	return (uint32_t)hash;
}
