/* Whose a link layer address (MAC) is: the inventory's, and as connections of appliance
 * communications have shown it.
 *
 * A router's address is seen of many appliances: an address that was seen of two is nobody's. The
 * inventory's word counts before what was seen. Bounded; used on the control thread only.
 */
#ifndef PORTOLAN_LINK_ADDRESSES_H
#define PORTOLAN_LINK_ADDRESSES_H

#include <stdbool.h>
#include <stdint.h>

struct ruleset;
struct link_address;

#define LINK_ADDRESSES_MAX 16384

struct link_addresses {
	struct link_address *first;
};

/* With the inventory's. 0 or -ENOMEM. */
int link_addresses_init(struct link_addresses *, const struct ruleset *);
void link_addresses_fini(struct link_addresses *);

/* Was seen as the sender of an appliance's packets. */
void link_addresses_see(struct link_addresses *, const uint8_t mac[6], uint16_t appliance);

/* The appliance, or APPLIANCE_NONE. `is_declared`: the inventory says so. */
uint16_t link_addresses_whose(
	const struct link_addresses *, const uint8_t mac[6], bool *is_declared);

#endif
