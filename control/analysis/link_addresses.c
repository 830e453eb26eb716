#include "analysis/link_addresses.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash_table.h"
#include "base/heap.h"
#include "base/literal.h"
#include "policy/ruleset.h"

struct link_address {
	uint8_t mac[6];
	uint16_t appliance; /* APPLIANCE_NONE: of several */
	bool is_declared;
	UT_hash_handle hh;
};

static struct link_address *find(const struct link_addresses *l, const uint8_t mac[6])
{
	struct link_address *a;

	HASH_FIND(hh, l->first, mac, 6, a);
	return a;
}

static struct link_address *add(
	struct link_addresses *l, const uint8_t mac[6], uint16_t appliance, bool is_declared)
{
	struct link_address *a = heap_calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	memcpy(a->mac, mac, sizeof(a->mac));
	a->appliance = appliance;
	a->is_declared = is_declared;
	HASH_ADD(hh, l->first, mac, sizeof(a->mac), a);
	return a;
}

static bool read_mac(const char *text, uint8_t mac[6])
{
	uint64_t number;

	if (literal_mac(text, &number))
		return false;
	for (int i = 0; i < 6; i++)
		mac[i] = (uint8_t)(number >> (40 - 8 * i));
	return true;
}

int link_addresses_init(struct link_addresses *l, const struct ruleset *c)
{
	uint8_t mac[6];

	*l = (struct link_addresses){.first = NULL};
	for (size_t i = 0; i < c->appliances; i++)
		for (size_t k = 0; k < c->appliance[i].macs; k++)
			if (read_mac(c->appliance[i].mac[k], mac) && !find(l, mac) &&
				!add(l, mac, (uint16_t)i, true)) {
				link_addresses_fini(l);
				return -ENOMEM;
			}
	return 0;
}

void link_addresses_fini(struct link_addresses *l)
{
	struct link_address *a, *next;

	HASH_ITER(hh, l->first, a, next)
	{
		HASH_DEL(l->first, a);
		free(a);
	}
}

void link_addresses_see(struct link_addresses *l, const uint8_t mac[6], uint16_t appliance)
{
	struct link_address *a = find(l, mac);

	if (!a && HASH_COUNT(l->first) < LINK_ADDRESSES_MAX)
		add(l, mac, appliance, false);
	else if (a && !a->is_declared && a->appliance != appliance)
		a->appliance = APPLIANCE_NONE;
}

uint16_t link_addresses_whose(
	const struct link_addresses *l, const uint8_t mac[6], bool *is_declared)
{
	const struct link_address *a = find(l, mac);

	*is_declared = a && a->is_declared;
	return a ? a->appliance : APPLIANCE_NONE;
}
