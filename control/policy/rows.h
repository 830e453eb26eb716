/* The rows of a policy: the places that its rules have, by the id of a set's first rule.
 *
 * Appliances of different classes have different sets for the same place; what is counted and
 * shown by place (the matrix, counters, the store) goes by rows. What only data interfaces have is
 * a row of its own, beside that of the same place where appliances are managed. DHCP's exchange is
 * the row of its first port. Row 0 is none.
 */
#ifndef PORTOLAN_ROWS_H
#define PORTOLAN_ROWS_H

struct arena;
struct ruleset;

/* Fills the ruleset's rows from its policy and rules. */
void rows_build(struct ruleset *, struct arena *);

#endif
