#include "payload/dhcp_messages.h"

#include <string.h>

#include "packet/bytes.h"

static void option(struct bytes *b, unsigned code, const void *value, unsigned length)
{
	bytes_u8(b, code);
	bytes_u8(b, length);
	bytes_put(b, value, length);
}

static void address(struct bytes *b, const struct endpoint *e, bool is_set)
{
	static const uint8_t none[4];

	bytes_put(b, is_set ? endpoint_bytes(e) : none, 4);
}

static bool is_reply(const struct dhcp *d)
{
	return d->type == DHCP_OFFER || d->type == DHCP_ACK;
}

static void fixed_part(struct bytes *b, const struct dhcp *d)
{
	uint8_t mac[6];

	hosts_mac(d->hosts, &d->client, mac);
	bytes_u8(b, is_reply(d) ? 2 : 1);
	bytes_u8(b, 1);
	bytes_u8(b, 6);
	bytes_u8(b, 0);
	bytes_u8(b, 0x5e); /* transaction: the client's */
	bytes_put(b, mac + 3, 3);
	bytes_u16(b, 0);
	bytes_u16(b, d->is_renewal ? 0 : 0x8000);
	address(b, &d->client, d->is_renewal);
	address(b, &d->client, is_reply(d));
	address(b, &d->server, is_reply(d));
	address(b, &d->server, false);
	bytes_put(b, mac, 6);
	bytes_fill(b, 0, 10 + 64 + 128);
	bytes_u32(b, 0x63825363);
}

static void reply_options(struct bytes *b, const struct dhcp *d)
{
	static const uint8_t lease[4] = {0, 0, 0x0e, 0x10}, mask[4] = {255, 255, 255, 0};

	option(b, 54, endpoint_bytes(&d->server), 4);
	option(b, 51, lease, 4);
	option(b, 1, mask, 4);
	option(b, 3, endpoint_bytes(&d->server), 4);
}

static void request_options(struct bytes *b, const struct dhcp *d)
{
	static const uint8_t wanted[] = {1, 3, 6, 42};

	if (d->type == DHCP_REQUEST && !d->is_renewal) {
		option(b, 50, endpoint_bytes(&d->client), 4);
		option(b, 54, endpoint_bytes(&d->server), 4);
	}
	option(b, 55, wanted, sizeof(wanted));
}

size_t dhcp_write(const struct dhcp *d, uint8_t message[static DHCP_BYTES])
{
	struct bytes b = bytes_in(message, DHCP_BYTES);
	const uint8_t type = (uint8_t)d->type;

	fixed_part(&b, d);
	option(&b, 53, &type, 1);
	if (is_reply(d))
		reply_options(&b, d);
	else
		request_options(&b, d);
	bytes_u8(&b, 255);
	bytes_fill(&b, 0, DHCP_BYTES - b.length);
	return b.length;
}
