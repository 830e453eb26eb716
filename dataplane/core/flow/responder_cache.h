/* Who answered whom, on which port, within the last hour, or day where the connection fell silent
 * without an end (DESIGN 4, `memory`).
 *
 * Written when a flow was answered and it is not a guess who began it; asked when a flow begins
 * without a handshake or a message that says so. A seeded 64-bit hash stands for two hosts,
 * which of them responds, its port and the transport; of a connection also the initiator's port and
 * the tunnel that it is in: it is remembered when its flow is swept, and when that is must make no
 * difference to a flow with another key (DESIGN 9).
 *
 * Bounded: four a set, one cache line; where a set is full the oldest is
 * replaced. Owned by one worker (which has all flows of two hosts), in given memory, zeroed.
 */
#ifndef PORTOLAN_RESPONDER_CACHE_H
#define PORTOLAN_RESPONDER_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "policy.h"

#define RESPONDER_CACHE_WAYS 4
#define RESPONDER_CACHE_NS 3600000000000ull
#define RESPONDER_CACHE_IDLE_NS 86400000000000ull

struct cached_responder {
	uint64_t hash; /* 0: none */
	uint64_t until_ns;
};

struct responder_cache {
	struct cached_responder *recollection;
	uint64_t seed;
	uint32_t set_mask;
};

/* Bytes for 2^sets_log2 sets; aligned to 64. */
size_t responder_cache_size(unsigned sets_log2);
void responder_cache_init(struct responder_cache *, void *, unsigned sets_log2, uint64_t seed);

/* [1] of the tuple has responded; it counts up to this time of the stream. */
void responder_cache_add(struct responder_cache *, const struct flow_tuple *, uint64_t until_ns);

/* The same, also where it counted longer before. */
void responder_cache_set(struct responder_cache *, const struct flow_tuple *, uint64_t until_ns);

/* The same of this connection alone: the initiator's port too. */
void responder_cache_add_connection(
	struct responder_cache *, const struct flow_tuple *, uint32_t tunnel, uint64_t until_ns);

/* What counts of it: RESPONDER_SEEN, CONNECTION_SEEN, both or neither. */
#define RESPONDER_SEEN 1u
#define CONNECTION_SEEN 2u
unsigned responder_cache_find(const struct responder_cache *, const struct flow_tuple *,
	uint32_t tunnel, uint64_t now_ns);

#endif
