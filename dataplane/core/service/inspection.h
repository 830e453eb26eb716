/* Inspection: finds the service of a worker's flows by their first payloads (DESIGN 6).
 *
 * A flow has a few bytes of its own for it (struct service_state). Where its first segments do not
 * tell at once, it borrows a reassembly slot (both directions' first bytes in order) from a
 * bounded pool, and gives it back with its result; where none is left it stays unverified, which is
 * counted. Facts for triage lie in a second pool until the flow ends.
 *
 * Owned by one worker, all memory is given; allocates nothing.
 */
#ifndef PORTOLAN_INSPECTION_H
#define PORTOLAN_INSPECTION_H

#include <assert.h>

#include "core/service/reassembly.h"
#include "core/service/recognise.h"
#include "counters.h"
#include "record.h"

/* Datagrams of a flow that are looked at before it is given up; one that makes no sense at all
 * counts as several. */
#define DATAGRAMS_MAX 7u
#define DATAGRAMS_SENSELESS 3u
/* Segments that may come without telling anything new: more, and the flow is given up. A window
 * of them may come before the one that is missing. */
#define STALE_MAX 8u
/* After so many bytes that fit nothing the flow is given up. */
#define SENSELESS_BYTES 16u

/* Datagrams that contradict an expected service which has no pattern, until it is excluded. */
#define CONTRADICTIONS_MAX 3u
/* Datagrams of each side that are looked at again, counted from nought; the last one ends it. */
#define LOOK_1 3u
#define LOOK_2 15u
#define LOOK_LAST 63u

#define SERVICE_NOTHING UINT32_MAX

/* Where a flow's inspection stands. */
enum service_state_stage {
	STAGE_NEW,	    /* `at`: what its datagrams may have been, as in the slot */
	STAGE_REASSEMBLING, /* `at` is its reassembly slot */
	STAGE_CLOSED,	    /* `at` is its facts, or SERVICE_NOTHING */
};

/* A flow's own part; zeroed for a new flow. The last three of its flags are findings of their own
 * (DESIGN 4, evasion): once set they stay. */
struct service_state {
	uint32_t at;	      /* see the stages */
	uint32_t service : 7; /* recognised: enum service + 1; 0: none */
	uint32_t stage : 2;
	uint32_t basis : 2;	/* enum service_basis */
	uint32_t datagrams : 3; /* while it is open; then a bit for each side that was heard enough
				 */
	uint32_t one_sided : 1; /* closed, and one side has not spoken yet */
	uint32_t odd : 1;	/* a later datagram was no message of the service */
	uint32_t reversed : 1;	/* reversed-hello */
	uint32_t contradicting : 1; /* contradicting-segments */
	uint32_t changed : 1;	    /* service-changed */
	uint32_t spoke : 1;	    /* of a one-sided one: which side, by the key's direction */
	/* Datagrams of each side, LOOK_LAST at most. Of TCP, if one-sided: a hash of how the stream
	 * begins, and in the upper bits of the second how many segments were compared with it. */
	uint32_t heard_0 : 6, heard_1 : 6;
};

static_assert(sizeof(struct service_state) == 8, "it is part of a flow's two lines");

/* One packet's payload, as it is given to inspection. */
struct payload {
	const uint8_t *bytes;
	uint32_t length;     /* not 0 */
	uint32_t size;	     /* of the whole datagram, or 0 */
	uint32_t sequence;   /* of TCP: of its first byte */
	uint32_t first;	     /* of TCP: the number of the direction's first byte … */
	uint8_t first_known; /* … where the handshake told it */
	uint8_t transport;   /* enum transport */
	uint8_t direction;   /* in the flow's key */
	uint8_t side;	     /* enum side: as far as the handshake told */
	uint8_t whole;	     /* all of it is at hand */
	uint8_t matched;     /* by inspection_match_one(), and nothing else since */
	uint16_t from, to;   /* the sender's port and the receiver's */
	service_mask expected;
};

/* A first message that is known and longer than a stream prefix, for the names in it: a hello with
 * post-quantum keys has 1.4 to 1.8 KB. In order only. */
#define OPENING_BYTES 4096u
#define OPENING_SHARE 16u /* reassembly slots for each of them */
struct opening {
	uint32_t next;
	uint32_t length;
	uint8_t byte[OPENING_BYTES];
};

struct reassembly_slot {
	struct stream_prefix prefix[2];
	service_mask asking[2], answering[2];
	uint32_t open; /* what a payload that was cut may have been: open_services() */
	uint32_t next;
	uint32_t opening;	   /* or SERVICE_NOTHING */
	uint8_t opening_direction; /* whose it is */
	uint8_t started[2];
	uint8_t cut[2]; /* the stored datagram */
	uint8_t stale;
	uint8_t contradictions;
	uint8_t first_length[2];
	uint8_t first[2][MESSAGE_HEAD]; /* of datagrams */
};

struct inspection {
	const struct scanner *scanner;
	struct hs_scratch *scratch;
	struct counters *counters;
	struct reassembly_slot *slot;
	struct opening *opening;
	struct facts *facts;
	uint32_t *facts_next;
	uint32_t slots, slot_free, slot_fresh;
	uint32_t opening_free, opening_fresh;
	uint32_t facts_count, facts_free, facts_fresh;
	struct recognition match_result; /* scratch: what the last packet said */
};

size_t inspection_size(uint32_t slots, uint32_t facts);

/* Empty pools in `memory` (inspection_size() zeroed bytes, aligned to 64). */
void inspection_init(struct inspection *, void *memory, uint32_t slots, uint32_t facts);

static inline int service_state_is_open(const struct service_state *s)
{
	return s->stage != STAGE_CLOSED;
}

/* Closed, and payload of this side is still to be given to inspection_again(). */
static inline int service_state_looks_again(const struct service_state *s, unsigned direction)
{
	return s->stage == STAGE_CLOSED && !(s->datagrams >> direction & 1);
}

/* A packet of a flow that is still open. 1 if service or basis have changed; the message, if
 * it is one, is in inspection.match_result, whose service is -1 otherwise. */
int inspection_feed(struct inspection *, struct service_state *, const struct payload *);

/* A packet with payload once inspection is over: the first one of the other side, which has to fit
 * too and adds its facts, or a later datagram. 1 if service or basis have changed. The message is
 * in inspection.match_result as above. */
int inspection_again(struct inspection *, struct service_state *, const struct payload *);

/* Matches one payload without a flow; the result is in inspection.match_result. */
int inspection_match_one(struct inspection *, const struct payload *);

/* Clears inspection.match_result. */
static inline void inspection_clear(struct inspection *in)
{
	in->match_result.service = -1;
	in->match_result.info.facts.known = 0;
}

/* Ends inspection of the flow, whatever its result. */
void inspection_close(struct inspection *, struct service_state *);

/* The flow's facts, or NULL. */
const struct facts *inspection_facts(const struct inspection *, const struct service_state *);

/* The flow ends: returns its slot and its facts to the pools. */
void inspection_release(struct inspection *, struct service_state *);

#endif
