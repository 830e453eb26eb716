/* What another policy would have said of what a store has seen.
 *
 * Judged are the sums by peer, of which there is one for each appliance, rule and peer, and the
 * findings, which have the ports that no rule has: so it does not depend on which flows are kept.
 * What was spoken is not judged again.
 */
#ifndef PORTOLAN_WHATIF_H
#define PORTOLAN_WHATIF_H

struct answer_table;
struct ruleset;
struct store_filter;
struct store_reader;

/* A row for each verdict that changes. 0 or a negative errno. */
int whatif_ask(struct store_reader *, const struct store_filter *, const struct ruleset *,
	struct answer_table *);

#endif
