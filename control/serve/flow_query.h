/* An inquiry: a question that takes a look at every live flow.
 *
 * Two kinds: which flows (those that fit a filter, the first so many in an order), and which flows
 * another ruleset would judge otherwise. It is shown each flow of a dump and then answers. Bounded:
 * keeps no more records than it was asked for. Control's thread.
 */
#ifndef PORTOLAN_FLOW_QUERY_H
#define PORTOLAN_FLOW_QUERY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "record.h"

struct ruleset;
struct control_client;
struct ecs;
struct flow_query;

/* Of the flows; NULL with the reason in `why`. */
#define FLOW_QUERY_WHY_BYTES 256
struct flow_query *flow_query_of_flows(
	const json_t *arguments, const struct ecs *, char why[FLOW_QUERY_WHY_BYTES]);

/* Of the flows whose verdict would change; takes the ruleset over, unless there was no memory:
 * NULL.
 */
struct flow_query *flow_query_of_ruleset(struct ruleset *, const struct ecs *);

void flow_query_free(struct flow_query *);

/* One live flow, in the numbers of the ruleset in force. */
void flow_query_add(struct flow_query *, const struct record *);

/* All were seen. */
void flow_query_answer(struct flow_query *, struct control_client *);

#endif
