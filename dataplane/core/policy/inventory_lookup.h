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
 * own. Where more upper halves need one than there may be pages, each has a block instead, of 256
 * parts by the third byte, and a part has either one cell or a leaf of 256 by the fourth: a step
 * more and a hundredth of the memory. What finds no room there either is hashed. */
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

/* Which prefix lengths the networks have that begin as an IPv6 address does: of the networks of 64
 * bits and more by a hash of their first 64, of shorter ones by their first 48 or 32. Each is a set
 * of the family's widths, a bit for each place. It may have lengths too many, where hashes collide,
 * and never one too few. */
enum { LENGTH_SETS = 3 };

struct length_sets {
	uint32_t *set[LENGTH_SETS];
	uint64_t bits[LENGTH_SETS]; /* of an address's first eight bytes, that are hashed */
	size_t slot_mask;
	uint32_t shortest; /* of networks shorter than that */
};

enum { APPLIANCE_HASHED = 0xfffe }; /* in a cell: look in the block, and then further */

struct inventory {
	struct family v4, v6;
	struct length_sets sets;
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
	uint32_t leaf_first, single_first; /* cells */
	uint32_t (*block)[PART]; /* of each part its cell, or a leaf's first, as `upper` */
	uint16_t block_of[HALF]; /* by upper half, for those without a page */
	/* No appliance, hashed, one for each upper half, then the pages, the leaves, and one for
	 * each appliance. Here, not behind a pointer, which every packet would have to fetch
	 * twice. */
	_Alignas(8) uint16_t cell[];
};

/* The slow ways, which are always right: by hashing, one prefix length after the other, longest
 * first, of IPv6 those only that length_sets has. */
uint16_t inventory_longest_v4(const struct inventory *, const uint8_t *address);
uint16_t inventory_longest_v6(const struct inventory *, const uint8_t *address);

/* The network with the address's first bits, as long as the width at that place; or NULL. */
const struct entry *inventory_network_at(
	const struct inventory *, const struct family *, const uint64_t word[2], uint32_t place);

/* What is looked at before the networks of IPv6: after a network was added to its entries. */
void inventory_add_v6(struct inventory *, const struct entry *, int is_new_width);

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

/* The same of an upper half's block; of one that has no block APPLIANCE_NONE. */
static inline uint16_t inventory_block_cell(const struct inventory *inv, const uint8_t *address)
{
	uint16_t upper;
	uint32_t where, place;
	uint64_t first;

	memcpy(&upper, address, sizeof(upper));
	where = inv->block[inv->block_of[upper]][address[2]];
	place = address[3] & (uint32_t)((int32_t)where >> 31);
	first = where & ~UPPER_PAGED;
	return inv->cell[first + place];
}

static inline uint16_t inventory_lookup_v4(const struct inventory *inv, const uint8_t *address)
{
	uint16_t appliance = inventory_cell(inv, address);

	if (appliance == APPLIANCE_HASHED)
		appliance = inventory_block_cell(inv, address);
	return appliance == APPLIANCE_HASHED ? inventory_longest_v4(inv, address) : appliance;
}

/* The same of two addresses of which at least one is hashed and the other none or nobody's. */
int inventory_are_unmonitored(
	const struct inventory *, const uint8_t *source, const uint8_t *destination);

/* No appliance at either end. */
static inline int inventory_is_unmonitored(
	const struct inventory *inv, const uint8_t *source, const uint8_t *destination)
{
	unsigned both = inventory_cell(inv, source) & inventory_cell(inv, destination);

	if (both == APPLIANCE_NONE)
		return 1;
	return __builtin_expect(both == APPLIANCE_HASHED, 0) &&
	       inventory_are_unmonitored(inv, source, destination);
}

/* `first` are the address's first eight bytes. */
static inline uint16_t inventory_lookup_v6(
	const struct inventory *inv, uint64_t first, const uint8_t *address)
{
	return filter_test(&inv->v6, v6_filter_slot(&inv->v6, first))
		       ? inventory_longest_v6(inv, address)
		       : APPLIANCE_NONE;
}

static inline uint16_t inventory_lookup(
	const struct inventory *inv, const struct address *a, unsigned version)
{
	uint64_t first;

	if (version == 4)
		return inventory_lookup_v4(inv, a->byte + 12);
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
