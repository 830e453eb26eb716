/* Builds the rules of a policy, class by class (policy/classes.h), from rows of profiles and a
 * site.
 *
 * Moves ports, binds peers, switches features off, and refuses contradictions: a port moved onto
 * another rule's, a moved row that is not configurable, a duplicate rule, a binding of a port that
 * no rule has. The rules of the roles' own classes come first.
 */
#ifndef PORTOLAN_RULES_H
#define PORTOLAN_RULES_H

struct arena;
struct ruleset;
struct errors;
struct site;

/* Fills the ruleset's features, classes and rules, and its policy's rules, sets, peers and tables,
 * all in the arena. 0, or -EINVAL with every mistake in the errors. */
int rules_build(struct ruleset *, const struct site *, struct arena *, struct errors *);

#endif
