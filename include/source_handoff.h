/* Packets that another thread hands over: how one reader feeds several workers.
 *
 * One thread puts, one polls. Bytes are copied into packet blocks of a bounded pool; where all of
 * them are under way, putting waits: nothing is lost.
 */
#ifndef PORTOLAN_SOURCE_HANDOFF_H
#define PORTOLAN_SOURCE_HANDOFF_H

#include "source.h"

/* 0 or -ENOMEM. */
int source_handoff_open(struct source **);

/* Copies the packet, whose now_ns is the stream's already. `start_ns` is the stream's too. */
void source_handoff_put(struct source *, const struct packet *, uint64_t start_ns);

/* Passes on what was put so far, however little. */
void source_handoff_flush(struct source *);

/* Hands over what is not full yet; the polls then end with -ENODATA. */
void source_handoff_end(struct source *);

#endif
