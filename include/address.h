/* An IP address and a prefix of it, by value.
 *
 * IPv4 lies in the last four bytes, the twelve before them are zero; the version
 * stands beside it, never in it, so 0.0.0.1 and ::1 are different addresses.
 */
#ifndef PORTOLAN_ADDRESS_H
#define PORTOLAN_ADDRESS_H

#include <stdint.h>
#include <string.h>

struct address {
	uint8_t byte[16];
};

struct prefix {
	struct address address; /* host bits are zero */
	uint8_t version;	/* 4 or 6 */
	uint8_t length;		/* 0..32 or 0..128 */
};

static inline int address_equal(const struct address *a, const struct address *b)
{
	return memcmp(a->byte, b->byte, sizeof(a->byte)) == 0;
}

/* Bits of `address` below `length` (counted within the version's width) cleared. */
static inline struct address address_masked(struct address a, unsigned version, unsigned length)
{
	unsigned bits = version == 4 ? 96 + length : length;

	for (unsigned i = 0; i < 16; i++) {
		unsigned keep = bits > 8 * i ? bits - 8 * i : 0;
		if (keep < 8)
			a.byte[i] &= (uint8_t)(0xff00u >> keep);
	}
	return a;
}

static inline int prefix_contains(const struct prefix *p, const struct address *a, unsigned version)
{
	struct address masked;

	if (p->version != version)
		return 0;
	masked = address_masked(*a, version, p->length);
	return address_equal(&masked, &p->address);
}

#endif
