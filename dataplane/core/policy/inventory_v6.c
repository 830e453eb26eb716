/* What an IPv6 lookup looks at before it hashes networks: a filter by the first bits that are
 * common to all lengths, and the sets of lengths (struct length_sets), without which an address
 * beside an appliance's would cost a hash for every prefix length in use.
 */
#include <string.h>

#include "core/policy/inventory_lookup.h"
#include "inventory.h"

/* A set's last bit is for all widths from this place on. */
#define LAST_PLACE 31u
#define LAST_PLACES (1u << LAST_PLACE)

static size_t set_slot(const struct length_sets *s, unsigned set, uint64_t first)
{
	return (size_t)hash_mix(first & s->bits[set], MIX_SEED + set) & s->slot_mask;
}

/* ---- lookup ---- */

/* Of so few lengths each is tried in the time in which the sets are asked. */
enum { WIDTHS_FEW = 4 };

static uint32_t lengths_of(const struct inventory *inv, uint64_t first)
{
	const struct length_sets *s = &inv->sets;
	uint32_t lengths = s->shortest;

	if (inv->v6.widths <= WIDTHS_FEW)
		return (1u << inv->v6.widths) - 1;
	for (unsigned i = 0; i < LENGTH_SETS; i++)
		lengths |= s->set[i][set_slot(s, i, first)];
	return lengths;
}

/* The lowest bit has the longest, the highest all beyond it. */
uint16_t inventory_longest_v6(const struct inventory *inv, const uint8_t *address)
{
	const struct family *f = &inv->v6;
	const struct entry *e;
	uint64_t word[2];
	uint32_t lengths;

	memcpy(word, address, sizeof(word));
	for (lengths = lengths_of(inv, word[0]); lengths & ~LAST_PLACES; lengths &= lengths - 1) {
		e = inventory_network_at(inv, f, word, (uint32_t)__builtin_ctz(lengths));
		if (e)
			return e->appliance;
	}
	for (uint32_t i = LAST_PLACE; lengths != 0 && i < f->widths; i++) {
		e = inventory_network_at(inv, f, word, i);
		if (e)
			return e->appliance;
	}
	return APPLIANCE_NONE;
}

/* ---- building ---- */

static uint32_t bit_of(const struct family *f, unsigned length)
{
	uint32_t place = 0;

	while (place < LAST_PLACE && f->width[place].length != length)
		place++;
	return 1u << place;
}

static void sets_add(struct inventory *inv, const struct entry *e)
{
	struct length_sets *s = &inv->sets;
	uint32_t length = bit_of(&inv->v6, e->length);
	unsigned set = e->length >= 64 ? 2 : e->length >= 48 ? 1 : 0;

	if (e->length < 32)
		s->shortest |= length;
	else
		s->set[set][set_slot(s, set, e->word[0])] |= length;
}

static void filter_add(struct family *f, const struct entry *e)
{
	unsigned slot = v6_filter_slot(f, e->word[0]);

	f->filter[slot / 64] |= (uint64_t)1 << (slot % 64);
}

/* Another length changes the places of the others, and maybe the bits that all of them have. */
static void rebuild(struct inventory *inv)
{
	struct length_sets *s = &inv->sets;
	struct family *f = &inv->v6;

	memset(f->filter, 0, sizeof(f->filter));
	f->filter_mask = f->width[f->widths - 1].mask[0];
	for (unsigned i = 0; i < LENGTH_SETS; i++)
		memset(s->set[i], 0, (s->slot_mask + 1) * sizeof(*s->set[i]));
	s->shortest = 0;
	for (size_t i = 0; i <= inv->entry_mask; i++)
		if (inv->entry[i].version == 6) {
			filter_add(f, &inv->entry[i]);
			sets_add(inv, &inv->entry[i]);
		}
}

void inventory_add_v6(struct inventory *inv, const struct entry *e, int is_new_width)
{
	if (is_new_width) {
		rebuild(inv);
		return;
	}
	filter_add(&inv->v6, e);
	sets_add(inv, e);
}
