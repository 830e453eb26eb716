/* Policies without services. Monitored is everybody, so that every packet that decodes becomes a
 * flow, or half of all hosts, so that tunnels are looked into; then the other half may be a
 * mirror's ends.
 */
#include <stdlib.h>
#include <string.h>

#include "core_policy.h"

#define RULES 6
#define SECOND 1000000000ull

static const struct rule rule[RULES] = {
	{.port = 443, .direction = DIRECTION_INBOUND, .transport = TRANSPORT_TCP, .enabled = 1},
	{.port = 8305,
		.direction = DIRECTION_INBOUND,
		.transport = TRANSPORT_TCP,
		.enabled = 1,
		.peers = PEERS_INVENTORY},
	{.port = 53, .direction = DIRECTION_OUTBOUND, .transport = TRANSPORT_UDP, .enabled = 0},
	{.port = 67, .direction = DIRECTION_OUTBOUND, .transport = TRANSPORT_UDP, .enabled = 1},
	{.port = 68, .direction = DIRECTION_OUTBOUND, .transport = TRANSPORT_UDP, .enabled = 1},
	{.port = 514,
		.direction = DIRECTION_OUTBOUND,
		.transport = TRANSPORT_UDP,
		.enabled = 1,
		.peers = PEERS_LISTED,
		.peer_count = 1},
};

static const struct rule_set set[RULES + 2] = {{0, 0, 0, 0}, {0, 1, 443, 0}, {1, 1, 8305, 1},
	{2, 1, 53, 0}, {3, 1, 67, 0}, {4, 1, 68, 0}, {5, 1, 514, 0}, {3, 2, 67, 0}};

static const uint32_t member[RULES] = {0, 1, 2, 3, 4, 5};

/* Of the management center's class; every port of the rules, table by table. */
static struct port_table table[DIRECTION_COUNT][TRANSPORT_COUNT];
static uint16_t port_set[RULES];
static struct policy_class class[ROLE_COUNT];

static const struct prefix listed = {{{0}}, 4, 1};

/* Who is monitored: everybody, or those whose address begins with a 0; then the others may be a
 * mirror's ends. */
enum land { EVERYBODY, SOME, MIRRORS, LANDS };

static struct inventory *inventory_of(enum land land)
{
	static const struct prefix mirror[2] = {
		{{{[12] = 0x80}}, 4, 1},
		{{{0x80}}, 6, 1},
	};
	const uint8_t length = land == EVERYBODY ? 0 : 1;
	const struct prefix all4 = {{{0}}, 4, length}, all6 = {{{0}}, 6, length};
	size_t bytes = (inventory_size(1, 2, 1) + 63) & ~(size_t)63;
	struct inventory *inv = inventory_init(aligned_alloc(64, bytes), 1, 2, 1);

	if (inventory_add(inv, ROLE_MANAGEMENT_CENTER) != 0 ||
		inventory_add_prefix(inv, &all4, 0) != 0 ||
		inventory_add_prefix(inv, &all6, 0) != 0 || inventory_add_mac(inv, 1, 0) != 0)
		abort();
	if (land == MIRRORS)
		inventory_set_mirrors(inv, mirror, 2);
	return inv;
}

static void make_tables(void)
{
	uint32_t used = 0;

	for (unsigned i = 0; i < RULES; i++)
		policy_table_put(&table[rule[i].direction][rule[i].transport], port_set, &used,
			rule[i].port, (uint16_t)(i + 1));
	for (unsigned c = 0; c < ROLE_COUNT; c++) {
		class[c] = (struct policy_class){.role = (uint8_t)c, .data_class = (uint16_t)c};
		for (unsigned d = 0; d < DIRECTION_COUNT; d++)
			for (unsigned t = 0; t < TRANSPORT_COUNT; t++)
				class[c].table[d][t] = &table[d][t];
		class[c].dhcp_set = RULES + 1;
	}
}

static void make_policy(struct policy *p, enum land land)
{
	p->rules = RULES;
	p->sets = RULES + 2;
	p->peers = 1;
	p->rule = rule;
	p->set = set;
	p->peer = &listed;
	p->inventory = inventory_of(land);
	p->member = member;
	p->port_set = port_set;
	p->class = class;
	p->classes = ROLE_COUNT;
	memset(p->protocol, VERDICT_UNEXPECTED_PROTOCOL, sizeof(p->protocol));
	p->protocol[1] = VERDICT_NOT_COVERED;
}

void core_configure(struct worker_config *config, uint8_t settings)
{
	static struct policy policy[LANDS];

	if (!class[0].dhcp_set)
		make_tables();
	for (enum land land = 0; !policy[LANDS - 1].inventory && land < LANDS; land++)
		make_policy(&policy[land], land);
	config->policy = &policy[(settings & 3) % LANDS];
	config->timeouts = (struct flow_timeouts){30 * SECOND, 3600 * SECOND, 5 * SECOND,
		60 * SECOND, 180 * SECOND, 3600 * SECOND, 60 * SECOND};
}
