/* How a flow stands: connection, timeout, and what it is worth when the table is full. */
#ifndef PORTOLAN_CONNECTION_H
#define PORTOLAN_CONNECTION_H

#include "core/decode/decoded.h"
#include "core/flow/flow.h"
#include "core/flow/table.h"

/* Connection and timeout, made anew from what was seen. */
void connection_update(struct flow *f);

/* What is evicted first where a bucket is full. */
enum eviction_class connection_eviction_class(const struct flow *f);

/* Adds what the packet shows that its side has not shown yet. */
void connection_add_history(struct flow *f, const struct decoded *v);

/* Keeps the sequence number of the initiator's SYN; of other protocols what decoded.sequence is. */
void connection_add_syn(struct flow *f, const struct decoded *v);

/* Who answers whom is known. A probe that nobody answered proves nothing, and a flood of them
 * would drive out what does. */
int connection_direction_is_known(const struct flow *f);

#endif
