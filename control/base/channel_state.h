/* The states of a channel, a pair of appliances and its two connections: their names, their words,
 * and the times that they are judged by, wherever that is done.
 */
#ifndef PORTOLAN_CHANNEL_STATE_H
#define PORTOLAN_CHANNEL_STATE_H

#include <stdint.h>

#define CHANNEL_CONNECTIONS 2 /* control and event */

/* Both connections carry heartbeats: one without a packet for longer is idle. */
#define CHANNEL_IDLE_NS 300000000000ull
/* A connection shorter than this counts as failed after its handshake. */
#define CHANNEL_SHORT_NS 120000000000ull
/* Devices retry about every 44 seconds: an attempt determines the state for so long. */
#define CHANNEL_ATTEMPT_NS 180000000000ull

/* Name (a stable interface), the same for people, and what it means. */
#define CHANNEL_STATE_LIST(X)                                                                      \
	X(UP, "up", "both established", "both connections are established")                        \
	X(HALF, "half", "partial (1 of 2)", "one of two connections is established")               \
	X(REFUSED, "refused", "refused", "attempts are answered with a reset")                     \
	X(UNANSWERED, "unanswered", "unanswered", "attempts are not answered")                     \
	X(HANDSHAKE_ONLY, "handshake-only", "handshake only", "connections begin and never stay")  \
	X(WRONG_ADDRESS, "wrong-address", "wrong address",                                         \
		"attempts come from an address that is not the appliance's")                       \
	X(SILENT, "silent", "idle", "no packets any more, and no end was seen")                    \
	X(CLOSED, "closed", "closed", "the last connection was ended with FIN")                    \
	X(RESET, "reset", "reset", "the last connection was ended with a reset")                   \
	X(INCONCLUSIVE, "inconclusive", "inconclusive",                                            \
		"not up as far as is seen, and the mirror is degraded")
#define CHANNEL_STATE_MEMBER(name, text, title, words) CHANNEL_##name,
enum channel_state { CHANNEL_STATE_LIST(CHANNEL_STATE_MEMBER) CHANNEL_STATE_COUNT };

#define CHANNEL_TITLE_WIDTH 16 /* of the longest title */

const char *channel_state_name(enum channel_state);
const char *channel_state_title(enum channel_state);
const char *channel_state_words(enum channel_state);

/* The state of this name; CHANNEL_STATE_COUNT: there is none. */
enum channel_state channel_state_by_name(const char *);

#endif
