/* A flow's connection state, its timeout, and its eviction class. */
#ifndef PORTOLAN_CONNECTION_H
#define PORTOLAN_CONNECTION_H

#include "core/decode/decoded.h"
#include "core/flow/flow.h"
#include "core/flow/table.h"

/* Computes connection and timeout from the history bits of both sides. */
void connection_update(struct flow *, const struct evidence *);

/* What is evicted first where a bucket is full. */
enum eviction_class connection_eviction_class(const struct flow *f);

/* Adds the packet's history bits that its side has not shown yet. */
void connection_add_history(struct flow *f, const struct decoded *v);

/* The responder has answered and the initiator is no guess: worth a place in the responder cache.
 * Unanswered probes are not, or a flood of them would evict what is. */
int connection_direction_is_known(const struct flow *f);

#endif
