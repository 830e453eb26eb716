/* Any bytes as one frame of any link type, with tunnels looked into: an outcome, nothing read
 * beyond, and what the decoded packet says lies inside the frame. The short ways of plain packets
 * say the same as the layers.
 *
 * The first byte selects the link type, the second one who is monitored: nobody, everybody, or
 * those whose address begins with a 0, and then whether the others are a mirror's ends; and how
 * many bytes were not captured.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/decode/decode.h"
#include "core/flow/fast_path.h"
#include "holds.h"
#include "packet_mutator.h"
#include "pair_hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

enum land { NOBODY, EVERYBODY, SOME, MIRRORS, LANDS };

static struct inventory *inventory_of(enum land land)
{
	static const struct prefix mirror[2] = {{{{[12] = 0x80}}, 4, 1}, {{{0x80}}, 6, 1}};
	const uint8_t length = land == EVERYBODY ? 0 : 1;
	const struct prefix all4 = {{{0}}, 4, length}, all6 = {{{0}}, 6, length};
	size_t bytes = (inventory_size(1, 2, 1) + 63) & ~(size_t)63;
	struct inventory *inv = inventory_init(aligned_alloc(64, bytes), 1, 2, 1);

	HOLDS(inventory_add(inv, ROLE_MANAGEMENT_CENTER) == 0);
	if (land == NOBODY)
		return inv;
	HOLDS(inventory_add_prefix(inv, &all4, 0) == 0);
	HOLDS(inventory_add_prefix(inv, &all6, 0) == 0);
	if (land == MIRRORS)
		inventory_set_mirrors(inv, mirror, 2);
	return inv;
}

static const struct inventory *inventory_for(uint8_t settings)
{
	static struct inventory *inventory[LANDS];
	enum land land = (enum land)(settings & 3);

	if (!inventory[land])
		inventory[land] = inventory_of(land);
	return inventory[land];
}

static int is_within(const struct packet *p, const uint8_t *at, size_t bytes)
{
	return at >= p->data && bytes <= p->caplen && (size_t)(at - p->data) <= p->caplen - bytes;
}

static int is_monitored(const struct decoded *v)
{
	return v->appliance[0] != APPLIANCE_NONE || v->appliance[1] != APPLIANCE_NONE;
}

static void check_view(const struct packet *p, const struct decoded *v)
{
	HOLDS(v->outcome <= OUTCOME_UNSUPPORTED);
	HOLDS(v->encap.tunnel < TUNNEL_COUNT && v->encap.is_known);
	HOLDS(v->encap.vlan[0] < 4096 && v->encap.vlan[1] < 4096);
	if (v->outcome != OUTCOME_IP)
		return;
	HOLDS(v->version == 4 || v->version == 6);
	HOLDS(is_within(p, v->ip, v->version == 4 ? 20 : 40));
	HOLDS(v->bytes >= 20);
	if (!is_monitored(v))
		return;
	HOLDS(v->payload_captured == 0 || is_within(p, v->payload, v->payload_captured));
	HOLDS(!v->mac || is_within(p, v->mac, 6));
	HOLDS(v->fragment == FRAGMENT_NONE || v->fragment_begin <= v->fragment_end);
}

/* Whether the inventory is asked first makes no difference but for what is nobody's. */
static void check_same(enum fast_found asked, enum fast_found flows_first)
{
	HOLDS(asked == flows_first || (asked == FAST_UNMONITORED && flows_first == FAST_MONITORED));
}

static void check_found(enum fast_found found, const struct fast_packet *g, const struct decoded *v)
{
	HOLDS(found == FAST_NEEDS_DECODE || v->outcome == OUTCOME_IP);
	HOLDS(found != FAST_UNMONITORED || !is_monitored(v));
	HOLDS(found != FAST_MONITORED || is_monitored(v));
	HOLDS(found != FAST_MONITORED || (g->history_bits & HISTORY_BITS) == v->history_bits);
}

/* The fast path leaves it to the layers, or says what they say. */
static void check_glance(
	const struct packet *p, const struct inventory *inv, const struct decoded *v)
{
	enum fast_found found;
	struct fast_packet g, again;
	union flow_key k;

	found = fast_parse(p, inv, 0, &g);
	check_found(found, &g, v);
	check_same(found, fast_parse(p, inv, 1, &again));
	found = fast_ipv6(p, inv, 0, &g, &k);
	check_found(found, &g, v);
	check_same(found, fast_ipv6(p, inv, 1, &again, &k));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct inventory *inventory;
	struct packet p = {0};
	struct decoded layers, either;
	uint8_t *bytes;

	if (size < 2)
		return 0;
	inventory = inventory_for(data[1]);
	p.link = (uint16_t)(data[0] % (LINK_UNSUPPORTED + 1));
	p.caplen = (uint32_t)(size - 2);
	p.wirelen = p.caplen + data[1] / 4u;
	bytes = malloc(p.caplen); /* of its own size, so that a sanitizer sees what is beyond */
	if (p.caplen > 0)
		memcpy(bytes, data + 2, p.caplen);
	p.data = bytes;
	memset(&layers, 0xa5, sizeof(layers));
	decode_layers(&p, inventory, &layers);
	check_view(&p, &layers);
	memset(&either, 0x5a, sizeof(either));
	decode(&p, inventory, &either);
	check_view(&p, &either);
	HOLDS(layers.outcome == either.outcome);
	HOLDS(layers.outcome != OUTCOME_IP ||
		memcmp(layers.appliance, either.appliance, sizeof(layers.appliance)) == 0);
	if (p.caplen >= 4)
		check_glance(&p, inventory, &layers);
	HOLDS(pair_hash_of(&p, inventory) == pair_hash_of(&p, inventory));
	free(bytes);
	return 0;
}

/* One in eight is any change of the bytes, the two of the settings with them. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	struct mutation m = {seed, data + 2, size - 2, max_size - 2};

	if (size < 2 || mutation_one_in(&m, 8))
		return LLVMFuzzerMutate(data, size, max_size);
	packet_mutate(&m);
	return m.length + 2;
}
