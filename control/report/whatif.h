/* What another policy would have said of what a store has seen.
 *
 * Flows that lie in the window's segments (flagged ones, or all of them) are judged one by one,
 * with the service that was recognised. What has no rows (flows that belonged, where only flagged
 * ones are kept; segments that are gone) is judged by its sums, of which there is one for each
 * appliance, rule and peer, and by findings, which have the ports that no rule has: without what
 * was spoken.
 */
#ifndef PORTOLAN_WHATIF_H
#define PORTOLAN_WHATIF_H

struct answer_table;
struct ruleset;
struct store_filter;
struct store_reader;

/* A row for each appliance, port, peer and pair of verdicts that changes; it says which of both it
 * was judged by. 0 or a negative errno. */
int whatif_ask(struct store_reader *, const struct store_filter *, const struct ruleset *,
	struct answer_table *);

#endif
