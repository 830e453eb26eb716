/* One end of a packet: an IP address and, where the protocol has one, a port. */
#ifndef GENERATE_ENDPOINT_H
#define GENERATE_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"

struct endpoint {
	struct address address;
	uint16_t port;
	uint8_t version; /* 4 or 6; 0: none given */
};

static inline struct endpoint endpoint_v4(uint32_t address, uint16_t port)
{
	struct endpoint e = {.port = port, .version = 4};

	for (unsigned i = 0; i < 4; i++)
		e.address.byte[12 + i] = (uint8_t)(address >> (24 - 8 * i));
	return e;
}

/* The address' bytes as they stand in an IP header, and how many they are. */
static inline const uint8_t *endpoint_bytes(const struct endpoint *e)
{
	return e->version == 4 ? e->address.byte + 12 : e->address.byte;
}

static inline size_t endpoint_size(const struct endpoint *e)
{
	return e->version == 4 ? 4 : 16;
}

static inline bool endpoint_same_address(const struct endpoint *a, const struct endpoint *b)
{
	return a->version == b->version && address_equal(&a->address, &b->address);
}

/* The address `steps` further, the port as it was. */
static inline struct endpoint endpoint_advanced(struct endpoint e, uint64_t steps)
{
	for (size_t i = 16; i-- > 0; steps >>= 8) {
		steps += e.address.byte[i];
		e.address.byte[i] = (uint8_t)steps;
		if (i == 12 && e.version == 4)
			break;
	}
	return e;
}

#endif
