#include "inventory.h"

#include <assert.h>
#include <errno.h>

#include "core/hash.h"
#include "core/policy/inventory_lookup.h"

static size_t slots_for(size_t n)
{
	size_t slots = 8;

	while (slots < 2 * n)
		slots *= 2;
	return slots;
}

static size_t pages_for(size_t prefixes)
{
	return prefixes < PAGES_MAX ? prefixes : PAGES_MAX;
}

/* Cells: nobody's and the hashed ones'; of whole upper halves, by their number; of pages; and where
 * there may be blocks, of leaves and of each appliance. */
enum { CELL_HASHED = 1, CELL_WHOLE = 2, CELL_PAGES = CELL_WHOLE + HALF };

/* Blocks by number: of upper halves that have none, and of those for which none was left. */
enum { BLOCK_NONE, BLOCK_HASHED, BLOCKS_FIXED };

/* Prefixes beyond the pages have an upper half of their own each, at most. */
static size_t blocks_for(size_t prefixes)
{
	size_t blocks = prefixes <= PAGES_MAX ? 0 : prefixes;

	return BLOCKS_FIXED + (blocks < BLOCKS_MAX ? blocks : BLOCKS_MAX);
}

/* And a leaf each, at most. */
static size_t leaves_for(size_t prefixes)
{
	if (prefixes <= PAGES_MAX)
		return 0;
	return prefixes < LEAVES_MAX ? prefixes : LEAVES_MAX;
}

static size_t singles_for(size_t appliances, size_t prefixes)
{
	return prefixes <= PAGES_MAX ? 0 : appliances;
}

static size_t cells_bytes(size_t appliances, size_t prefixes)
{
	size_t cells = CELL_PAGES + pages_for(prefixes) * HALF + leaves_for(prefixes) * PART +
		       singles_for(appliances, prefixes);

	return (cells * sizeof(uint16_t) + 63) & ~(size_t)63;
}

/* Blocks lie behind the cells, and are filled when they are taken, like these. */
static size_t blocks_bytes(size_t prefixes)
{
	return blocks_for(prefixes) * PART * sizeof(uint32_t);
}

static size_t set_slots_for(size_t prefixes)
{
	size_t slots = slots_for(2 * prefixes);

	return slots < HALF ? slots : HALF;
}

/* Behind them: entries, MAC addresses, sets of prefix lengths, classes. */
static size_t rest_bytes(size_t appliances, size_t prefixes, size_t macs)
{
	return slots_for(prefixes) * sizeof(struct entry) +
	       LENGTH_SETS * set_slots_for(prefixes) * sizeof(uint32_t) +
	       slots_for(macs) * sizeof(struct mac_entry) + ((appliances + 63) & ~(size_t)63);
}

size_t inventory_size(size_t appliances, size_t prefixes, size_t macs)
{
	return sizeof(struct inventory) + cells_bytes(appliances, prefixes) +
	       blocks_bytes(prefixes) + rest_bytes(appliances, prefixes, macs);
}

static void sets_init(struct length_sets *s, uint32_t *memory, size_t slots)
{
	static const uint8_t bytes[LENGTH_SETS] = {4, 6, 8};

	s->slot_mask = slots - 1;
	for (unsigned i = 0; i < LENGTH_SETS; i++) {
		s->set[i] = memory + i * slots;
		memset(&s->bits[i], 0xff, bytes[i]);
	}
}

/* All parts of a block are alike. */
static void block_set(struct inventory *inv, size_t block, uint32_t cell)
{
	for (unsigned i = 0; i < PART; i++)
		inv->block[block][i] = cell;
}

static void blocks_init(struct inventory *inv, void *memory, size_t prefixes)
{
	size_t leaf_first = CELL_PAGES + inv->pages_max * HALF;

	inv->block = memory;
	inv->blocks_max = blocks_for(prefixes);
	inv->leaves_max = leaves_for(prefixes);
	inv->leaf_first = (uint32_t)leaf_first;
	inv->single_first = (uint32_t)(leaf_first + inv->leaves_max * PART);
	block_set(inv, BLOCK_NONE, CELL_UNMONITORED);
	block_set(inv, BLOCK_HASHED, CELL_HASHED);
	inv->blocks = BLOCKS_FIXED;
}

struct inventory *inventory_init(void *memory, size_t appliances, size_t prefixes, size_t macs)
{
	struct inventory *inv = memory;
	uint8_t *blocks = (uint8_t *)(inv + 1) + cells_bytes(appliances, prefixes);
	uint8_t *rest = blocks + blocks_bytes(prefixes);

	/* Cells are filled when they are taken: most of them never are. */
	memset(inv, 0, sizeof(*inv));
	memset(rest, 0, rest_bytes(appliances, prefixes, macs));
	inv->pages_max = pages_for(prefixes);
	inv->entries_max = prefixes;
	inv->entry_mask = slots_for(prefixes) - 1;
	inv->macs_max = macs;
	inv->mac_mask = slots_for(macs) - 1;
	inv->appliances_max = appliances;
	inv->entry = (struct entry *)(void *)rest;
	inv->mac = (struct mac_entry *)(inv->entry + inv->entry_mask + 1);
	sets_init(&inv->sets, (uint32_t *)(void *)(inv->mac + inv->mac_mask + 1),
		set_slots_for(prefixes));
	inv->class = (uint8_t *)(inv->sets.set[LENGTH_SETS - 1] + inv->sets.slot_mask + 1);
	inv->cell[CELL_UNMONITORED] = APPLIANCE_NONE;
	inv->cell[CELL_HASHED] = APPLIANCE_HASHED;
	inv->v6.filter_mask = UINT64_MAX;
	blocks_init(inv, blocks, prefixes);
	return inv;
}

int inventory_add(struct inventory *inv, uint8_t class)
{
	if (inv->appliances == inv->appliances_max || inv->appliances == APPLIANCES_MAX)
		return -ENOSPC;
	inv->class[inv->appliances] = class;
	if (inv->blocks_max > BLOCKS_FIXED)
		inv->cell[inv->single_first + inv->appliances] = (uint16_t)inv->appliances;
	return (int)inv->appliances++;
}

static size_t entry_hash(const uint64_t word[2], unsigned length)
{
	return (size_t)hash_mix(word[0] ^ length, word[1] ^ MIX_SEED);
}

/* The network's entry, or the empty one that it may have. */
static struct entry *entry_find(const struct inventory *inv, const uint64_t word[2],
	unsigned version, unsigned length, size_t hash)
{
	size_t i = hash & inv->entry_mask;

	for (;; i = (i + 1) & inv->entry_mask) {
		struct entry *e = &inv->entry[i];
		if (e->version == 0)
			return e;
		if (e->word[0] == word[0] && e->word[1] == word[1] && e->version == version &&
			e->length == length)
			return e;
	}
}

static void words_of(const struct address *a, uint64_t word[2])
{
	memcpy(word, a->byte, 16);
}

/* Other bits of the hash than those that choose the entry: most networks that are not there are
 * told by a bit. */
static unsigned entry_filter_slot(size_t hash)
{
	return (unsigned)(hash >> 40) & 0xffff;
}

static int entry_filter_test(const struct family *f, size_t hash)
{
	unsigned slot = entry_filter_slot(hash);

	return (int)(f->entry_filter[slot / 64] >> (slot % 64) & 1);
}

/* 1 if no network was so long. */
static int width_add(struct family *f, unsigned version, unsigned length)
{
	struct address ones;
	struct width w = {.length = (uint8_t)length};
	uint32_t i;

	memset(ones.byte, 0xff, sizeof(ones.byte));
	ones = address_masked(ones, version, length);
	words_of(&ones, w.mask);
	for (i = 0; i < f->widths && f->width[i].length >= length; i++)
		if (f->width[i].length == length)
			return 0;
	memmove(&f->width[i + 1], &f->width[i], (f->widths - i) * sizeof(w));
	f->width[i] = w;
	f->widths++;
	return 1;
}

const struct entry *inventory_network_at(
	const struct inventory *inv, const struct family *f, const uint64_t word[2], uint32_t place)
{
	const struct width *w = &f->width[place];
	uint64_t masked[2] = {word[0] & w->mask[0], word[1] & w->mask[1]};
	size_t hash = entry_hash(masked, w->length);
	const struct entry *e;

	if (!entry_filter_test(f, hash))
		return NULL;
	e = entry_find(inv, masked, f == &inv->v4 ? 4 : 6, w->length, hash);
	return e->version != 0 ? e : NULL;
}

uint16_t inventory_longest_v4(const struct inventory *inv, const uint8_t *address)
{
	struct address a = {{0}};
	uint64_t word[2];

	memcpy(a.byte + 12, address, 4);
	words_of(&a, word);
	for (uint32_t i = 0; i < inv->v4.widths; i++) {
		const struct entry *e = inventory_network_at(inv, &inv->v4, word, i);
		if (e)
			return e->appliance;
	}
	return APPLIANCE_NONE;
}

/* The longest match of an address in host byte order. */
static uint16_t match_at(const struct inventory *inv, uint32_t address)
{
	uint8_t byte[4];

	address = __builtin_bswap32(address);
	memcpy(byte, &address, sizeof(byte));
	return inventory_longest_v4(inv, byte);
}

static uint16_t half_as_it_lies(uint32_t half)
{
	return __builtin_bswap16((uint16_t)half);
}

/* Fills a part of an upper half's page, longest matches first as ever. */
static void page_fill(struct inventory *inv, uint32_t upper, uint32_t first, uint32_t count)
{
	uint16_t *page = &inv->cell[inv->upper[half_as_it_lies(upper)] & ~UPPER_PAGED];

	for (uint32_t i = first; i < first + count; i++)
		page[half_as_it_lies(i)] = match_at(inv, upper << 16 | i);
}

static void page_take(struct inventory *inv, uint32_t upper)
{
	uint32_t *where = &inv->upper[half_as_it_lies(upper)];

	*where = UPPER_PAGED | (CELL_PAGES + (uint32_t)inv->pages++ * HALF);
	page_fill(inv, upper, 0, HALF);
}

/* ---- upper halves without a page ---- */

static uint32_t *block_part(struct inventory *inv, uint32_t upper, uint32_t part)
{
	return &inv->block[inv->block_of[half_as_it_lies(upper)]][part];
}

/* The cell that has what is found for all of a part. */
static uint32_t single_of(const struct inventory *inv, uint16_t appliance)
{
	return appliance == APPLIANCE_NONE ? CELL_UNMONITORED : inv->single_first + appliance;
}

static void leaf_fill(struct inventory *inv, uint32_t leaf, uint32_t first)
{
	for (uint32_t i = 0; i < PART; i++)
		inv->cell[leaf + i] = match_at(inv, first + i);
}

/* 256 addresses: a leaf where a network is smaller than they are, which never goes again. */
static void part_fill(struct inventory *inv, uint32_t upper, uint32_t part, int is_split)
{
	uint32_t *where = block_part(inv, upper, part), first = upper << 16 | part << 8;

	if (*where & UPPER_PAGED) {
		leaf_fill(inv, *where & ~UPPER_PAGED, first);
	} else if (*where == CELL_HASHED) {
		return; /* no leaf was left for a smaller network in there */
	} else if (!is_split) {
		*where = single_of(inv, match_at(inv, first));
	} else if (inv->leaves == inv->leaves_max) {
		*where = CELL_HASHED;
	} else {
		*where = inv->leaf_first + (uint32_t)inv->leaves++ * PART;
		leaf_fill(inv, *where, first);
		*where |= UPPER_PAGED;
	}
}

/* A network of some of an upper half's addresses. What is hashed stays so. */
static void block_fill(struct inventory *inv, uint32_t upper, uint32_t first, uint32_t count)
{
	uint32_t parts = count < PART ? 1 : count / PART;

	for (uint32_t i = 0; i < parts; i++)
		part_fill(inv, upper, first / PART + i, count < PART);
}

static void block_take(struct inventory *inv, uint32_t upper)
{
	int is_left = inv->blocks < inv->blocks_max;

	inv->upper[half_as_it_lies(upper)] = CELL_HASHED;
	inv->block_of[half_as_it_lies(upper)] = is_left ? (uint16_t)inv->blocks++ : BLOCK_HASHED;
	if (!is_left)
		return;
	block_set(inv, inv->blocks - 1, CELL_UNMONITORED);
	for (uint32_t i = 0; i < PART; i++)
		part_fill(inv, upper, i, 0);
}

static int is_alike(const uint16_t *page, uint32_t part)
{
	for (uint32_t i = 1; i < PART; i++)
		if (page[half_as_it_lies(part << 8 | i)] != page[half_as_it_lies(part << 8)])
			return 0;
	return 1;
}

static void page_to_block(struct inventory *inv, uint32_t upper)
{
	const uint16_t *page = &inv->cell[inv->upper[half_as_it_lies(upper)] & ~UPPER_PAGED];

	block_take(inv, upper);
	for (uint32_t i = 0; i < PART; i++)
		if (!is_alike(page, i))
			part_fill(inv, upper, i, 1);
}

/* Some upper halves with a page and some without would be a jump for every packet that cannot be
 * foreseen: with the first one for which no page is left, all have blocks. */
static void pages_to_blocks(struct inventory *inv)
{
	for (uint32_t upper = 0; inv->pages > 0 && upper < HALF; upper++)
		if (inv->upper[half_as_it_lies(upper)] & UPPER_PAGED)
			page_to_block(inv, upper);
	inv->pages = inv->pages_max = 0;
}

/* A network of one upper half, or of all of it. */
static void upper_add(struct inventory *inv, uint32_t upper, uint32_t first, uint32_t count)
{
	uint32_t *where = &inv->upper[half_as_it_lies(upper)];

	if (*where & UPPER_PAGED) {
		page_fill(inv, upper, first, count);
	} else if (*where == CELL_HASHED) {
		block_fill(inv, upper, first, count);
	} else if (count == HALF) {
		*where = CELL_WHOLE + upper;
		inv->cell[*where] = match_at(inv, upper << 16);
	} else if (inv->pages < inv->pages_max) {
		page_take(inv, upper);
	} else {
		pages_to_blocks(inv);
		block_take(inv, upper);
		block_fill(inv, upper, first, count);
	}
}

static void v4_add(struct inventory *inv, const struct prefix *p)
{
	uint32_t upper = (uint32_t)p->address.byte[12] << 8 | p->address.byte[13];
	uint32_t lower = (uint32_t)p->address.byte[14] << 8 | p->address.byte[15];
	uint32_t uppers = p->length < 16 ? 1u << (16 - p->length) : 1;
	uint32_t lowers = p->length <= 16 ? HALF : 1u << (32 - p->length);

	for (uint32_t i = 0; i < uppers; i++)
		upper_add(inv, upper + i, lower, lowers);
}

int inventory_add_prefix(struct inventory *inv, const struct prefix *p, uint16_t appliance)
{
	struct family *f = p->version == 4 ? &inv->v4 : &inv->v6;
	struct entry *e;
	uint64_t word[2];
	size_t hash;
	int is_new_width;

	assert(appliance < inv->appliances || appliance == APPLIANCE_NONE);
	words_of(&p->address, word);
	hash = entry_hash(word, p->length);
	e = entry_find(inv, word, p->version, p->length, hash);
	if (e->version != 0)
		return -EEXIST;
	if (inv->entries == inv->entries_max)
		return -ENOSPC;
	inv->entries++;
	*e = (struct entry){{word[0], word[1]}, appliance, p->version, p->length};
	is_new_width = width_add(f, p->version, p->length);
	f->entry_filter[entry_filter_slot(hash) / 64] |= (uint64_t)1
							 << (entry_filter_slot(hash) % 64);
	if (p->version == 4)
		v4_add(inv, p);
	else
		inventory_add_v6(inv, e, is_new_width);
	return 0;
}

uint16_t inventory_find(const struct inventory *inv, const struct address *a, unsigned version)
{
	return inventory_lookup(inv, a, version);
}

/* Whether an upper half has a block is no jump: of two addresses it is often one. Not inline, for
 * the sake of those that have none. */
__attribute__((noinline)) int inventory_are_unmonitored(
	const struct inventory *inv, const uint8_t *source, const uint8_t *destination)
{
	unsigned from = inventory_cell(inv, source), to = inventory_cell(inv, destination);
	unsigned from_hashed = (unsigned)-(from == APPLIANCE_HASHED);
	unsigned to_hashed = (unsigned)-(to == APPLIANCE_HASHED);

	from ^= (from ^ inventory_block_cell(inv, source)) & from_hashed;
	to ^= (to ^ inventory_block_cell(inv, destination)) & to_hashed;
	if ((from & to) != APPLIANCE_HASHED)
		return (from & to) == APPLIANCE_NONE;
	return (inventory_lookup_v4(inv, source) & inventory_lookup_v4(inv, destination)) ==
	       APPLIANCE_NONE;
}

static struct mac_entry *mac_find(const struct inventory *inv, uint64_t mac)
{
	size_t i = (size_t)hash_mix(mac, MIX_SEED) & inv->mac_mask;

	while (inv->mac[i].used && inv->mac[i].mac != mac)
		i = (i + 1) & inv->mac_mask;
	return &inv->mac[i];
}

int inventory_add_mac(struct inventory *inv, uint64_t mac, uint16_t appliance)
{
	struct mac_entry *m = mac_find(inv, mac);

	assert(appliance < inv->appliances);
	if (m->used)
		return -EEXIST;
	if (inv->macs == inv->macs_max)
		return -ENOSPC;
	inv->macs++;
	*m = (struct mac_entry){mac, appliance, 1};
	return 0;
}

uint16_t inventory_find_mac(const struct inventory *inv, uint64_t mac)
{
	const struct mac_entry *m = mac_find(inv, mac);

	return m->used ? m->appliance : APPLIANCE_NONE;
}

uint8_t inventory_class(const struct inventory *inv, uint16_t appliance)
{
	assert(appliance < inv->appliances);
	return inv->class[appliance];
}

size_t inventory_count(const struct inventory *inv)
{
	return inv->appliances;
}

void inventory_set_mirrors(struct inventory *inv, const struct prefix *mirror, size_t count)
{
	inv->mirror = mirror;
	inv->mirrors = count;
}
