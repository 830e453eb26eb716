/* Appliances of a site become the inventory that the packet path asks.
 *
 * Refuses what would make an address ambiguous: a name, an address or a MAC address twice,
 * and addresses of one role within those of the other. Within one role networks may overlap;
 * the longest prefix wins.
 */
#ifndef PORTOLAN_APPLIANCES_H
#define PORTOLAN_APPLIANCES_H

struct arena;
struct ruleset;
struct errors;
struct site;

/* Fills the ruleset's appliances and its policy's inventory. 0, or -EINVAL, told. */
int appliances_build(struct ruleset *, const struct site *, struct arena *, struct errors *);

#endif
