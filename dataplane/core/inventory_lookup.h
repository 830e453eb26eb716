/* The inventory's secret, as far as the packet path has to see it to look up in line.
 *
 * Only inventory.c writes it; everybody else goes through inventory.h.
 */
#ifndef PORTOLAN_INVENTORY_LOOKUP_H
#define PORTOLAN_INVENTORY_LOOKUP_H

#include "inventory.h"
#include "mix.h"

#define FILTER_WORDS (65536 / 64)

/* IPv4 addresses are looked up directly: by the upper half, then by the lower half in a page
 * of its own. Networks beyond so many pages are hashed like IPv6. */
#define PAGES_MAX 64
#define HALF 65536u

struct entry {
	uint64_t word[2]; /* the masked address, as its bytes lie in memory */
	uint16_t appliance;
	uint8_t version; /* 0: empty */
	uint8_t length;
};

struct mac_entry {
	uint64_t mac;
	uint16_t appliance;
	uint16_t used;
};

/* One prefix length that is in use. */
struct width {
	uint64_t mask[2];
	uint8_t length;
};

struct family {
	uint64_t filter[FILTER_WORDS]; /* by the first 16 bits (IPv4), or a hash (IPv6) */
	uint64_t filter_mask;	       /* IPv6: the bits of the first eight bytes that are hashed */
	uint32_t widths;
	struct width width[129]; /* longest first */
};

struct page {
	uint16_t appliance[HALF];
};

enum { UPPER_HASHED = 0xffff }; /* in `upper`: no page was left */

struct inventory {
	struct family v4, v6;
	uint16_t upper[HALF]; /* the page's number, from 1; 0: */
	uint16_t whole[HALF]; /* the appliance of all addresses with this upper half */
	size_t pages, pages_max;
	struct page *page;
	size_t entries, entries_max, entry_mask;
	size_t macs, macs_max, mac_mask;
	size_t appliances, appliances_max;
	struct entry *entry;
	struct mac_entry *mac;
	uint8_t *role;
};

/* The longest prefix by hashing, one length after the other: the slow way, which is always right.
 */
uint16_t inventory_longest_match(
	const struct inventory *, const struct family *, const struct address *, unsigned version);

static inline unsigned v6_filter_slot(const struct family *f, uint64_t first)
{
	return (unsigned)(mix(first & f->filter_mask, MIX_SEED) & 0xffff);
}

static inline int filter_test(const struct family *f, unsigned slot)
{
	return (int)(f->filter[slot / 64] >> (slot % 64) & 1);
}

static inline uint16_t inventory_lookup_v4(const struct inventory *inv, const struct address *a)
{
	unsigned upper = (unsigned)a->byte[12] << 8 | a->byte[13];
	unsigned lower = (unsigned)a->byte[14] << 8 | a->byte[15];

	if (!filter_test(&inv->v4, upper))
		return APPLIANCE_NONE;
	if (inv->upper[upper] == 0)
		return inv->whole[upper];
	if (inv->upper[upper] == UPPER_HASHED)
		return inventory_longest_match(inv, &inv->v4, a, 4);
	return inv->page[inv->upper[upper] - 1].appliance[lower];
}

static inline uint16_t inventory_lookup(
	const struct inventory *inv, const struct address *a, unsigned version)
{
	uint64_t first;

	if (version == 4)
		return inventory_lookup_v4(inv, a);
	memcpy(&first, a->byte, sizeof(first));
	if (!filter_test(&inv->v6, v6_filter_slot(&inv->v6, first)))
		return APPLIANCE_NONE;
	return inventory_longest_match(inv, &inv->v6, a, version);
}

#endif
