/* DHCP messages (RFC 2131, RFC 2132) between a client and a server. */
#ifndef GENERATE_DHCP_MESSAGES_H
#define GENERATE_DHCP_MESSAGES_H

#include "packet/hosts.h"

#define DHCP_BYTES 300

enum dhcp_type { DHCP_DISCOVER = 1, DHCP_OFFER = 2, DHCP_REQUEST = 3, DHCP_ACK = 5 };

struct dhcp {
	enum dhcp_type type;
	bool is_renewal; /* the client has its address: ciaddr, and no broadcasts */
	struct endpoint client, server;
	const struct hosts *hosts;
};

/* Bytes written. */
size_t dhcp_write(const struct dhcp *, uint8_t message[static DHCP_BYTES]);

#endif
