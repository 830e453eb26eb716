/* Inventory internals that the packet path needs for inline lookup.
 *
 * Only inventory.c writes it; everybody else goes through inventory.h.
 */
#ifndef PORTOLAN_INVENTORY_LOOKUP_H
#define PORTOLAN_INVENTORY_LOOKUP_H

#include "core/hash.h"
#include "inventory.h"

#define FILTER_WORDS (65536 / 64)

/* IPv4 addresses are looked up directly: by the upper half, then by the lower half in a page of its
 * own. Upper halves beyond so many pages have a block of 256 by the third byte, which has either an
 * appliance or a leaf of 256 by the fourth: two steps more and a hundredth of the memory. What
 * finds no room there either is hashed. */
#define PAGES_MAX 64
#define BLOCKS_MAX 16384
#define LEAVES_MAX 131072
#define HALF 65536u
#define PART 256u

/* Where in `cell` the appliances of an upper half stand: the number of one cell for all of it
 * (no appliance: the first), or of a page's first cell with this bit: add the lower half. Halves
 * are numbered as their two bytes lie in a packet. */
#define UPPER_PAGED 0x80000000u
#define CELL_UNMONITORED 0u

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
	uint64_t filter[FILTER_WORDS]; /* IPv6: by a hash of the first bytes */
	uint64_t filter_mask;	       /* IPv6: the bits of the first eight bytes that are hashed */
	uint64_t entry_filter[FILTER_WORDS]; /* by a hash of the whole entry: see entry_hash() */
	uint32_t widths;
	struct width width[129]; /* longest first */
};

enum { APPLIANCE_HASHED = 0xfffe }; /* in a cell: no page was left, look further */

/* In a block: the number of a leaf with this bit, or an appliance, or APPLIANCE_HASHED. */
#define BLOCK_LEAF 0x80000000u

struct inventory {
	struct family v4, v6;
	uint32_t upper[HALF];
	size_t pages, pages_max;
	size_t entries, entries_max, entry_mask;
	size_t macs, macs_max, mac_mask;
	size_t appliances, appliances_max;
	struct entry *entry;
	struct mac_entry *mac;
	uint8_t *class;
	const struct prefix *mirror;
	size_t mirrors;
	size_t blocks, blocks_max, leaves, leaves_max;
	uint32_t (*block)[PART]; /* [0]: all of it is hashed */
	uint16_t (*leaf)[PART];
	uint16_t block_of[HALF]; /* by upper half, for those without a page */
	/* No appliance, hashed, one for each upper half, then the pages. Here, not behind a
	 * pointer, which every packet would have to fetch twice. */
	_Alignas(8) uint16_t cell[];
};

/* The longest prefix by hashing, one length after the other: the slow way, which is always right.
 */
uint16_t inventory_longest_match(
	const struct inventory *, const struct family *, const struct address *, unsigned version);

static inline unsigned v6_filter_slot(const struct family *f, uint64_t first)
{
	return (unsigned)(hash_mix(first & f->filter_mask, MIX_SEED) & 0xffff);
}

static inline int filter_test(const struct family *f, unsigned slot)
{
	return (int)(f->filter[slot / 64] >> (slot % 64) & 1);
}

/* What the cell says of an IPv4 address, four bytes as they lie in a packet: an appliance,
 * APPLIANCE_NONE or APPLIANCE_HASHED. */
static inline uint16_t inventory_cell(const struct inventory *inv, const uint8_t *address)
{
	uint16_t upper, lower;
	uint32_t where, place;
	uint64_t first;

	memcpy(&upper, address, sizeof(upper));
	memcpy(&lower, address + sizeof(upper), sizeof(lower));
	where = inv->upper[upper];
	place = lower & (uint32_t)((int32_t)where >> 31);
	first = where & ~UPPER_PAGED;
	return inv->cell[first + place];
}

/* Of an upper half without a page. */
static inline uint16_t inventory_block_lookup(const struct inventory *inv, const struct address *a)
{
	const uint8_t *byte = a->byte + 12;
	uint16_t upper;
	uint32_t part;

	memcpy(&upper, byte, sizeof(upper));
	part = inv->block[inv->block_of[upper]][byte[2]];
	if (part & BLOCK_LEAF)
		return inv->leaf[part & ~BLOCK_LEAF][byte[3]];
	return part == APPLIANCE_HASHED ? inventory_longest_match(inv, &inv->v4, a, 4)
					: (uint16_t)part;
}

static inline uint16_t inventory_lookup_v4(const struct inventory *inv, const struct address *a)
{
	uint16_t appliance = inventory_cell(inv, a->byte + 12);

	return appliance == APPLIANCE_HASHED ? inventory_block_lookup(inv, a) : appliance;
}

/* `first` are the address's first eight bytes. */
static inline uint16_t inventory_lookup_v6(
	const struct inventory *inv, uint64_t first, const uint8_t *address)
{
	struct address a;

	if (!filter_test(&inv->v6, v6_filter_slot(&inv->v6, first)))
		return APPLIANCE_NONE;
	memcpy(a.byte, address, sizeof(a.byte));
	return inventory_longest_match(inv, &inv->v6, &a, 6);
}

static inline uint16_t inventory_lookup(
	const struct inventory *inv, const struct address *a, unsigned version)
{
	uint64_t first;

	if (version == 4)
		return inventory_lookup_v4(inv, a);
	memcpy(&first, a->byte, sizeof(first));
	return inventory_lookup_v6(inv, first, a->byte);
}

/* A linear search: there are few, and only tunnels are looked up. */
static inline int inventory_is_mirror(
	const struct inventory *inv, const struct address *a, unsigned version)
{
	for (size_t i = 0; i < inv->mirrors; i++)
		if (prefix_contains(&inv->mirror[i], a, version))
			return 1;
	return 0;
}

#endif
