/* Rows of a profile and of a site become the rules of a policy.
 *
 * Moves ports, binds peers, switches features off, and refuses what does not fit together:
 * a port moved onto another rule's, a row moved that is not configurable, a rule twice.
 */
#ifndef PORTOLAN_RULES_H
#define PORTOLAN_RULES_H

struct arena;
struct chart;
struct complaint;
struct profile;
struct site;

/* Fills the chart's features and rules, and its policy's rules, sets, peers and tables, all
 * in the arena. 0, or -EINVAL with every mistake told. */
int rulebook_write(struct chart *, const struct profile *, const struct site *, struct arena *,
	struct complaint *);

#endif
