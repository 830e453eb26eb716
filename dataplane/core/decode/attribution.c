#include "core/decode/attribution.h"

static uint64_t mac_of(const uint8_t *p)
{
	uint64_t mac = 0;

	for (unsigned i = 0; i < 6; i++)
		mac = mac << 8 | p[i];
	return mac;
}

/* RFC 2131 figure 1: htype at 1, hlen at 2, chaddr at 28. A relay's frame has its own MAC
 * address, so the message is asked before the frame. */
static const uint8_t *client_mac(const struct decoded *v, int from_client)
{
	if (v->payload_captured >= 34 && v->payload[1] == 1 && v->payload[2] == 6)
		return v->payload + 28;
	return from_client ? v->mac : NULL;
}

static int is_any_or_broadcast(const struct address *a)
{
	uint32_t v4;

	memcpy(&v4, a->byte + 12, sizeof(v4));
	return v4 == 0 || v4 == UINT32_MAX;
}

static void attribution_client(const struct inventory *inv, struct decoded *v, unsigned end)
{
	const uint8_t *mac = client_mac(v, end == 0);

	if (!mac || v->appliance[end] != APPLIANCE_NONE)
		return;
	v->appliance[end] = inventory_find_mac(inv, mac_of(mac));
	v->by_mac[end] = v->appliance[end] != APPLIANCE_NONE;
}

int attribution_dhcp(const struct inventory *inv, struct decoded *v)
{
	if (v->source_port == PORT_DHCP_CLIENT && v->destination_port == PORT_DHCP_SERVER &&
		is_any_or_broadcast(&v->source))
		attribution_client(inv, v, 0);
	if (v->destination_port == PORT_DHCP_CLIENT && v->source_port == PORT_DHCP_SERVER &&
		is_any_or_broadcast(&v->destination))
		attribution_client(inv, v, 1);
	return v->appliance[0] != APPLIANCE_NONE || v->appliance[1] != APPLIANCE_NONE;
}
