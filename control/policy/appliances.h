/* Builds the inventory, which the packet path looks addresses up in, from a site's appliances.
 *
 * Refuses what would make an address ambiguous: duplicate names, addresses or MAC addresses, and
 * addresses of one role within those of the other. Networks of one role may overlap; the longest
 * prefix wins.
 */
#ifndef PORTOLAN_APPLIANCES_H
#define PORTOLAN_APPLIANCES_H

struct arena;
struct ruleset;
struct errors;
struct site;

/* Fills the ruleset's appliances and its policy's inventory, after rules_build(); where that
 * failed, only looks for mistakes. 0, or -EINVAL with the errors. */
int appliances_build(struct ruleset *, const struct site *, struct arena *, struct errors *);

#endif
