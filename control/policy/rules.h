/* Rows of a profile and of a site become the rules of a policy.
 *
 * Moves ports, binds peers, switches features off, and refuses what does not fit together:
 * a port moved onto another rule's, a row moved that is not configurable, a rule twice.
 */
#ifndef PORTOLAN_RULES_H
#define PORTOLAN_RULES_H

struct arena;
struct ruleset;
struct errors;
struct profile;
struct site;

/* Fills the ruleset's features and rules, and its policy's rules, sets, peers and tables, all
 * in the arena. 0, or -EINVAL with every mistake told. */
int rules_build(struct ruleset *, const struct profile *, const struct site *, struct arena *,
	struct errors *);

#endif
