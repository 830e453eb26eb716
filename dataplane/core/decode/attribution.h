/* Which appliances a packet belongs to: by its addresses, or, where a DHCP client has none
 * yet, by its MAC address (DESIGN 2). Fills decoded.appliance and decoded.by_mac.
 */
#ifndef PORTOLAN_ATTRIBUTION_H
#define PORTOLAN_ATTRIBUTION_H

#include <netinet/in.h>

#include "core/decode/decoded.h"
#include "core/policy/inventory_lookup.h"

enum { PORT_DHCP_SERVER = 67, PORT_DHCP_CLIENT = 68 };

/* The ends that have no address yet. Whether an appliance is at either end. */
int attribution_dhcp(const struct inventory *, struct decoded *);

/* Whether an appliance is at either end. */
static inline int attribute(const struct inventory *inv, struct decoded *v)
{
	uint16_t source = inventory_lookup(inv, &v->source, v->version);
	uint16_t destination = inventory_lookup(inv, &v->destination, v->version);
	unsigned ports_are_dhcp =
		(v->source_port == PORT_DHCP_CLIENT) | (v->destination_port == PORT_DHCP_CLIENT);

	v->appliance[0] = source;
	v->appliance[1] = destination;
	if (ports_are_dhcp && v->protocol == IPPROTO_UDP && v->version == 4)
		return attribution_dhcp(inv, v);
	return (source & destination) != APPLIANCE_NONE;
}

#endif
