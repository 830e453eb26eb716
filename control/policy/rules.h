/* Builds the rules of a policy from rows of a profile and a site.
 *
 * Moves ports, binds peers, switches features off, and refuses contradictions: a port moved onto
 * another rule's, a moved row that is not configurable, a duplicate rule.
 */
#ifndef PORTOLAN_RULES_H
#define PORTOLAN_RULES_H

struct arena;
struct ruleset;
struct errors;
struct profile;
struct site;

/* Fills the ruleset's features and rules, and its policy's rules, sets, peers and tables, all in
 * the arena. 0, or -EINVAL with every mistake in the errors. */
int rules_build(struct ruleset *, const struct profile *, const struct site *, struct arena *,
	struct errors *);

#endif
