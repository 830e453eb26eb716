/* Channels: pairs of appliances and their appliance-communications connections (DESIGN 1).
 *
 * A healthy pair keeps two long connections. Which ones live is known at every dump; what came of
 * attempts, from flows that ended. An appliance of single addresses is one host, whatever
 * address it uses (the event channel may have an interface of its own); of one with networks,
 * every address is a host. Bounded; what finds no place is counted. Control's thread.
 */
#ifndef PORTOLAN_CHANNELS_H
#define PORTOLAN_CHANNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uthash.h>

#include "record.h"

struct ruleset;
struct remap;

#define CHANNELS_MAX 65536
#define CHANNEL_CONNECTIONS 2 /* control and event */
#define CHANNEL_FEATURE "appliance-communications"

/* The name, which is an interface, and what it means. */
#define CHANNEL_STATE_LIST(X)                                                                      \
	X(UP, "up", "both connections stand")                                                      \
	X(HALF, "half", "one of the two connections stands")                                       \
	X(REFUSED, "refused", "attempts are answered with a reset")                                \
	X(UNANSWERED, "unanswered", "attempts are not answered")                                   \
	X(HANDSHAKE_ONLY, "handshake-only", "connections begin and never stay")                    \
	X(SILENT, "silent", "there were connections, and nothing comes any more")                  \
	X(INCONCLUSIVE, "inconclusive", "not up as far as is seen, and the mirror is in doubt")
#define CHANNEL_STATE_MEMBER(name, text, words) CHANNEL_##name,
enum channel_state { CHANNEL_STATE_LIST(CHANNEL_STATE_MEMBER) CHANNEL_STATE_COUNT };

const char *channel_state_name(enum channel_state);
const char *channel_state_words(enum channel_state);

/* The end with the smaller appliance number first, then by address. */
struct channel_key {
	struct address address[2]; /* zero where the appliance is one host */
	uint16_t appliance[2];
	uint8_t version, zero[3];
};

struct channel {
	struct channel_key key;
	enum channel_state state; /* CHANNEL_STATE_COUNT: not known yet */
	uint64_t since_ns;	  /* of the state */
	uint64_t last_ns;	  /* last packet of any of its connections */
	uint64_t refused_ns, unanswered_ns, short_ns, up_ns; /* last time of each; 0: never */
	uint64_t dump;
	uint32_t up; /* live connections that are not silent, in that dump */
	uint32_t connecting;
	UT_hash_handle hh;
};

struct channels {
	const struct ruleset *ruleset;
	bool *is_network; /* by appliance */
	bool *is_channel; /* by rule set */
	bool *has_any;	  /* by appliance: a channel, in whatever state */
	struct channel *first;
	size_t count;
	uint64_t dump, overflowed;
};

/* Told of every change, the first state included (`from` is then CHANNEL_STATE_COUNT). */
typedef void channel_listener(void *context, const struct channel *, enum channel_state from);

int channels_init(struct channels *, const struct ruleset *);
void channels_fini(struct channels *);

/* Another ruleset; channels whose two appliances are in the remap stay. 0, or -ENOMEM, nothing
 * changed. */
int channels_reload(struct channels *, const struct ruleset *, const struct remap *);

/* RECORD_LIVE and RECORD_ENDED, in the ruleset's numbers. */
void channels_take(struct channels *, const struct record *);

void channels_begin_dump(struct channels *);

/* Every live flow was seen: judges each pair. `in_doubt`: the mirror may have lost what is not
 * there. */
void channels_evaluate(
	struct channels *, uint64_t now_ns, bool in_doubt, channel_listener *, void *context);

/* How many are in each state; those that were not judged yet are in none. */
void channels_count(const struct channels *, size_t count[CHANNEL_STATE_COUNT]);

/* Whether an appliance has any channel, in whatever state. */
bool channels_has(const struct channels *, uint16_t appliance);

/* An end's name: the appliance's, with the address where that is a network. */
#define CHANNEL_END_BYTES 320
void channel_end_text(
	const struct channels *, const struct channel *, unsigned end, char[CHANNEL_END_BYTES]);

#endif
