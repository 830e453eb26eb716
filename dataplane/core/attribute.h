/* Which appliances a packet belongs to: by its addresses, or, where a DHCP client has none
 * yet, by its MAC address (DESIGN 2). Fills view.appliance and view.by_mac.
 */
#ifndef PORTOLAN_ATTRIBUTE_H
#define PORTOLAN_ATTRIBUTE_H

#include "inventory.h"
#include "view.h"

/* Whether an appliance is at either end. */
int attribute(const struct inventory *, struct view *);

#endif
