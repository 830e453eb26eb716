/* Which address belongs to which appliance.
 *
 * Built once by control in memory that control gives, then read by every worker and never written
 * again. An IPv4 address is looked up in two steps, by its upper and its lower half, and in three
 * more where more upper halves are divided than may have pages. IPv6 is a bit test for nearly every
 * address of nearly every mirror; what may be an appliance's is hashed, for each prefix length that
 * networks with the same first bits have, longest first.
 */
#ifndef PORTOLAN_INVENTORY_H
#define PORTOLAN_INVENTORY_H

#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "verdict.h"

#define APPLIANCE_NONE 0xffffu
#define APPLIANCES_MAX 0xfff0u

struct inventory;

/* Bytes for an inventory of so many appliances, prefixes and MAC addresses. */
size_t inventory_size(size_t appliances, size_t prefixes, size_t macs);

/* An empty inventory in `memory` (inventory_size() bytes, aligned to 64). */
struct inventory *inventory_init(void *memory, size_t appliances, size_t prefixes, size_t macs);

/* The new appliance's number, 0, 1, 2 …; -ENOSPC. `class` is its rules' (struct policy_class). */
int inventory_add(struct inventory *, uint8_t class);

/* APPLIANCE_NONE: hosts of a larger prefix that are no appliances. 0; -EEXIST if exactly this
 * prefix is there already; -ENOSPC. */
int inventory_add_prefix(struct inventory *, const struct prefix *, uint16_t appliance);

/* `mac` is 48 bits, the first octet in the highest of them. 0; -EEXIST; -ENOSPC. */
int inventory_add_mac(struct inventory *, uint64_t mac, uint16_t appliance);

/* Networks that a mirror sends to (the site's mirror_endpoints): a tunnel to one of them is no
 * traffic but its transport. The list is lent. */
void inventory_set_mirrors(struct inventory *, const struct prefix *, size_t count);

/* The appliance whose longest prefix holds the address, or APPLIANCE_NONE. */
uint16_t inventory_find(const struct inventory *, const struct address *, unsigned version);

/* The appliance with this MAC address, or APPLIANCE_NONE. */
uint16_t inventory_find_mac(const struct inventory *, uint64_t mac);

uint8_t inventory_class(const struct inventory *, uint16_t appliance);
size_t inventory_count(const struct inventory *);

#endif
