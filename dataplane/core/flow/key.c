#include "core/flow/key.h"

#include <string.h>

static uint32_t v4_of(const struct address *a)
{
	uint32_t bytes;

	memcpy(&bytes, a->byte + 12, sizeof(bytes));
	return bytes;
}

/* One end, as union flow_key has it. Any order of them will do that both directions agree on. */
static uint64_t v4_end(uint32_t address, uint8_t protocol, uint16_t port)
{
	return (uint64_t)address << 32 | (uint64_t)protocol << 16 | port;
}

/* A DHCP client without an address is known by its MAC address: its number takes the place
 * of address bytes that IPv4 leaves zero, so that two clients are two flows. Above it what is
 * inside of a tunnel has the tunnel's hash. */
static uint64_t mark_of(const struct decoded *v, unsigned end)
{
	uint64_t client = v->by_mac[end] ? v->appliance[end] + 1u : 0;

	return client | (uint64_t)v->foreign_tunnel << 32;
}

static uint64_t last_word(const struct decoded *v, unsigned source)
{
	uint64_t lower = source ? v->destination_port : v->source_port;
	uint64_t upper = source ? v->source_port : v->destination_port;

	return lower | upper << 16 | (uint64_t)v->protocol << 32;
}

/* Written word by word: what is stored in pieces and loaded whole waits for the cache. */
static void key_v4(struct decoded *v, union flow_key *k)
{
	uint64_t from = v4_end(v4_of(&v->source), v->protocol, v->source_port);
	uint64_t to = v4_end(v4_of(&v->destination), v->protocol, v->destination_port);
	unsigned source = from > to;

	v->direction = (uint8_t)source;
	k->word[0] = mark_of(v, source);
	k->word[1] = source ? to : from;
	k->word[2] = mark_of(v, 1 - source);
	k->word[3] = source ? from : to;
	k->word[4] = last_word(v, source);
}

void flow_key_of(struct decoded *v, union flow_key *k)
{
	if (v->version == 4)
		key_v4(v, k);
	else
		v->direction = flow_key_ipv6(k, v->source.byte, v->destination.byte,
			(uint32_t)v->source_port << 16 | v->destination_port, v->protocol);
}
