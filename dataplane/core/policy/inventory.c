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

/* The cells of upper halves, by their number, come after nobody's and the hashed ones'. */
enum { CELL_HASHED = 1, CELL_WHOLE = 2, CELL_PAGES = CELL_WHOLE + HALF };

static size_t cells_bytes(size_t prefixes)
{
	size_t cells = CELL_PAGES + pages_for(prefixes) * HALF;

	return (cells * sizeof(uint16_t) + 63) & ~(size_t)63;
}

/* Prefixes beyond the pages have an upper half of their own each, at most, and a leaf. */
static size_t blocks_for(size_t prefixes)
{
	if (prefixes <= PAGES_MAX)
		return 1;
	return prefixes - PAGES_MAX < BLOCKS_MAX - 1 ? prefixes - PAGES_MAX + 1 : BLOCKS_MAX;
}

static size_t leaves_for(size_t prefixes)
{
	if (prefixes <= PAGES_MAX)
		return 0;
	return prefixes < LEAVES_MAX ? prefixes : LEAVES_MAX;
}

/* Blocks and leaves lie behind the cells, and are filled when they are taken, like these. */
static size_t deep_bytes(size_t prefixes)
{
	return blocks_for(prefixes) * PART * sizeof(uint32_t) +
	       leaves_for(prefixes) * PART * sizeof(uint16_t);
}

/* Behind them: entries, MAC addresses, classes. */
static size_t rest_bytes(size_t appliances, size_t prefixes, size_t macs)
{
	return slots_for(prefixes) * sizeof(struct entry) +
	       slots_for(macs) * sizeof(struct mac_entry) + ((appliances + 63) & ~(size_t)63);
}

size_t inventory_size(size_t appliances, size_t prefixes, size_t macs)
{
	return sizeof(struct inventory) + cells_bytes(prefixes) + deep_bytes(prefixes) +
	       rest_bytes(appliances, prefixes, macs);
}

struct inventory *inventory_init(void *memory, size_t appliances, size_t prefixes, size_t macs)
{
	struct inventory *inv = memory;
	uint8_t *deep = (uint8_t *)(inv + 1) + cells_bytes(prefixes);
	uint8_t *rest = deep + deep_bytes(prefixes);

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
	inv->class = (uint8_t *)(inv->mac + inv->mac_mask + 1);
	inv->cell[CELL_UNMONITORED] = APPLIANCE_NONE;
	inv->cell[CELL_HASHED] = APPLIANCE_HASHED;
	inv->v6.filter_mask = UINT64_MAX;
	inv->blocks_max = blocks_for(prefixes);
	inv->leaves_max = leaves_for(prefixes);
	inv->block = (uint32_t(*)[PART])(void *)deep;
	inv->leaf = (uint16_t(*)[PART])(void *)(inv->block + inv->blocks_max);
	for (unsigned i = 0; i < PART; i++)
		inv->block[0][i] = APPLIANCE_HASHED;
	inv->blocks = 1;
	return inv;
}

int inventory_add(struct inventory *inv, uint8_t class)
{
	if (inv->appliances == inv->appliances_max || inv->appliances == APPLIANCES_MAX)
		return -ENOSPC;
	inv->class[inv->appliances] = class;
	return (int)inv->appliances++;
}

static void words_of(const struct address *a, uint64_t word[2])
{
	memcpy(word, a->byte, 16);
}

static size_t entry_hash(const uint64_t word[2], unsigned length)
{
	return (size_t)hash_mix(word[0] ^ length, word[1] ^ MIX_SEED);
}

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

static void width_add(struct family *f, unsigned version, unsigned length)
{
	struct address ones;
	struct width w = {.length = (uint8_t)length};
	uint32_t i;

	memset(ones.byte, 0xff, sizeof(ones.byte));
	ones = address_masked(ones, version, length);
	words_of(&ones, w.mask);
	for (i = 0; i < f->widths && f->width[i].length >= length; i++)
		if (f->width[i].length == length)
			return;
	memmove(&f->width[i + 1], &f->width[i], (f->widths - i) * sizeof(w));
	f->width[i] = w;
	f->widths++;
}

static void filter_set(struct family *f, unsigned slot)
{
	f->filter[slot / 64] |= (uint64_t)1 << (slot % 64);
}

/* The filter hashes as many leading bits as the shortest prefix has, so a shorter one
 * means that all of it is made anew. */
static void v6_filter_rebuild(struct inventory *inv)
{
	struct family *f = &inv->v6;

	memset(f->filter, 0, sizeof(f->filter));
	f->filter_mask = f->width[f->widths - 1].mask[0];
	for (size_t i = 0; i <= inv->entry_mask; i++)
		if (inv->entry[i].version == 6)
			filter_set(f, v6_filter_slot(f, inv->entry[i].word[0]));
}

uint16_t inventory_longest_match(const struct inventory *inv, const struct family *f,
	const struct address *a, unsigned version)
{
	uint64_t word[2], masked[2];

	words_of(a, word);
	for (uint32_t i = 0; i < f->widths; i++) {
		const struct width *w = &f->width[i];
		const struct entry *e;
		size_t hash;

		masked[0] = word[0] & w->mask[0];
		masked[1] = word[1] & w->mask[1];
		hash = entry_hash(masked, w->length);
		if (!entry_filter_test(f, hash))
			continue;
		e = entry_find(inv, masked, version, w->length, hash);
		if (e->version != 0)
			return e->appliance;
	}
	return APPLIANCE_NONE;
}

static struct address v4_address(uint32_t host_order)
{
	struct address a = {{0}};

	host_order = __builtin_bswap32(host_order);
	memcpy(a.byte + 12, &host_order, sizeof(host_order));
	return a;
}

static uint16_t half_as_it_lies(uint32_t half)
{
	return __builtin_bswap16((uint16_t)half);
}

/* Fills a part of an upper half's page, longest matches first as ever. */
static void page_fill(struct inventory *inv, uint32_t upper, uint32_t first, uint32_t count)
{
	uint16_t *page = &inv->cell[inv->upper[half_as_it_lies(upper)] & ~UPPER_PAGED];

	for (uint32_t i = first; i < first + count; i++) {
		struct address a = v4_address(upper << 16 | i);
		page[half_as_it_lies(i)] = inventory_longest_match(inv, &inv->v4, &a, 4);
	}
}

/* ---- upper halves without a page ---- */

static uint32_t *block_part(struct inventory *inv, uint32_t upper, uint32_t part)
{
	return &inv->block[inv->block_of[half_as_it_lies(upper)]][part];
}

static uint16_t match_at(const struct inventory *inv, uint32_t address)
{
	struct address a = v4_address(address);

	return inventory_longest_match(inv, &inv->v4, &a, 4);
}

static void leaf_fill(struct inventory *inv, uint32_t leaf, uint32_t first)
{
	for (uint32_t i = 0; i < PART; i++)
		inv->leaf[leaf][i] = match_at(inv, first + i);
}

/* 256 addresses: a leaf where a network is smaller than they are, which never goes again. */
static void part_fill(struct inventory *inv, uint32_t upper, uint32_t part, int is_split)
{
	uint32_t *where = block_part(inv, upper, part), first = upper << 16 | part << 8;

	if (*where & BLOCK_LEAF) {
		leaf_fill(inv, *where & ~BLOCK_LEAF, first);
	} else if (*where == APPLIANCE_HASHED) {
		return; /* no leaf was left for a smaller network in there */
	} else if (!is_split) {
		*where = match_at(inv, first);
	} else if (inv->leaves == inv->leaves_max) {
		*where = APPLIANCE_HASHED;
	} else {
		*where = BLOCK_LEAF | (uint32_t)inv->leaves;
		leaf_fill(inv, (uint32_t)inv->leaves++, first);
	}
}

/* A network of some of an upper half's addresses. Block 0 is hashed and stays so. */
static void block_fill(struct inventory *inv, uint32_t upper, uint32_t first, uint32_t count)
{
	uint32_t parts = count < PART ? 1 : count / PART;

	if (inv->block_of[half_as_it_lies(upper)] == 0)
		return;
	for (uint32_t i = 0; i < parts; i++)
		part_fill(inv, upper, first / PART + i, count < PART);
}

static void block_take(struct inventory *inv, uint32_t upper)
{
	inv->upper[half_as_it_lies(upper)] = CELL_HASHED;
	if (inv->blocks == inv->blocks_max)
		return;
	inv->block_of[half_as_it_lies(upper)] = (uint16_t)inv->blocks++;
	for (uint32_t i = 0; i < PART; i++) {
		*block_part(inv, upper, i) = APPLIANCE_NONE;
		part_fill(inv, upper, i, 0);
	}
}

/* ---- upper halves with a page ---- */

static void page_take(struct inventory *inv, uint32_t upper)
{
	uint32_t *where = &inv->upper[half_as_it_lies(upper)];

	*where = UPPER_PAGED | (CELL_PAGES + (uint32_t)inv->pages++ * HALF);
	page_fill(inv, upper, 0, HALF);
}

/* A network of one upper half, or of all of it. */
static void upper_add(struct inventory *inv, uint32_t upper, uint32_t first, uint32_t count)
{
	uint32_t *where = &inv->upper[half_as_it_lies(upper)];
	struct address a = v4_address(upper << 16);

	if (*where & UPPER_PAGED) {
		page_fill(inv, upper, first, count);
	} else if (*where == CELL_HASHED) {
		block_fill(inv, upper, first, count);
	} else if (count == HALF) {
		*where = CELL_WHOLE + upper;
		inv->cell[*where] = inventory_longest_match(inv, &inv->v4, &a, 4);
	} else if (inv->pages < inv->pages_max) {
		page_take(inv, upper);
	} else {
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
	width_add(f, p->version, p->length);
	f->entry_filter[entry_filter_slot(hash) / 64] |= (uint64_t)1
							 << (entry_filter_slot(hash) % 64);
	if (p->version == 4)
		v4_add(inv, p);
	else if (f->filter_mask != f->width[f->widths - 1].mask[0])
		v6_filter_rebuild(inv);
	else
		filter_set(f, v6_filter_slot(f, word[0]));
	return 0;
}

uint16_t inventory_find(const struct inventory *inv, const struct address *a, unsigned version)
{
	return inventory_lookup(inv, a, version);
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
