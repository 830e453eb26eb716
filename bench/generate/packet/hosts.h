/* The hosts a script knows by name, with their addresses, MAC address and role.
 *
 * An address that no host claims has a MAC address all the same: made of the
 * address, locally administered, or the multicast mapping (RFC 1112, RFC 2464).
 */
#ifndef GENERATE_HOSTS_H
#define GENERATE_HOSTS_H

#include "address.h"
#include "packet/endpoint.h"
#include "verdict.h"

#define HOSTS_MAX 512
#define HOST_NAME_MAX_BYTES 48
#define HOST_ADDRESSES_MAX 4

struct host {
	char name[HOST_NAME_MAX_BYTES]; /* "" where it has none */
	struct prefix prefix[HOST_ADDRESSES_MAX];
	uint8_t prefixes;
	uint8_t mac[6];
	bool has_mac;
	enum role role; /* ROLE_COUNT: no appliance */
};

struct hosts {
	struct host host[HOSTS_MAX];
	size_t count;
};

const struct host *hosts_find(const struct hosts *, const char *name, size_t length);

/* The host's first address of that version (0: of any). 0, or -ENOENT. */
int host_endpoint(const struct host *, unsigned version, struct endpoint *);

void hosts_mac(const struct hosts *, const struct endpoint *, uint8_t mac[static 6]);

#endif
