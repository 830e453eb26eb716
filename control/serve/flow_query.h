/* A flow query: a request that is answered from every live flow.
 *
 * Two kinds: flows that match a filter (the first so many in an order), and flows that another
 * ruleset would judge differently. Fed with the flows of a dump, then answers. Bounded: keeps at
 * most the requested number of records. Used on the control thread only.
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

/* A query for flows; NULL with the reason in `why`. */
#define FLOW_QUERY_WHY_BYTES 320
struct flow_query *flow_query_of_flows(const json_t *arguments, const struct ecs *, uint64_t now_ns,
	char why[FLOW_QUERY_WHY_BYTES]);

/* A query for flows whose verdict would change; takes ownership of the ruleset, unless it returns
 * NULL: out of memory.
 */
struct flow_query *flow_query_of_ruleset(struct ruleset *, const struct ecs *, uint64_t now_ns);

void flow_query_free(struct flow_query *);

/* Adds a live flow, in the numbers of the current ruleset. */
void flow_query_add(struct flow_query *, const struct record *);

/* Bytes that it keeps at most. */
size_t flow_query_bytes(const struct flow_query *);

/* Sends the next items of the answer, once all flows were added, and its end at the end; false
 * then. A reload in between ends it: numbers of flows are those of their policy. */
bool flow_query_continue(struct flow_query *, struct control_client *);

#endif
