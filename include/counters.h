/* What a worker counts: every packet ends in exactly one outcome.
 *
 * Made by control, written by one worker, read by control. The worker adds to it at the
 * end of a burst; a reader in another thread sees each number whole and none torn.
 * Workers' counters add up, except for the peaks.
 */
#ifndef PORTOLAN_COUNTERS_H
#define PORTOLAN_COUNTERS_H

#include <stdint.h>

#include "verdict.h"

/* Why a frame was not understood. */
#define DISCARD_LIST(X)                                                                            \
	X(TRUNCATED, "truncated")                                                                  \
	X(MALFORMED, "malformed")                                                                  \
	X(UNSUPPORTED_LINK_TYPE, "unsupported-link-type")

#define DISCARD_MEMBER(name, text) DISCARD_##name,
enum discard { DISCARD_LIST(DISCARD_MEMBER) DISCARD_COUNT };

static inline const char *discard_name(enum discard d)
{
	static const char *const name[] = {DISCARD_LIST(LIST_NAME)};
	return name[d];
}

struct counters {
	uint64_t frames, frame_bytes; /* received, and their bytes on the wire */
	uint64_t ip, non_ip, duplicate;
	uint64_t duplicates_forgotten; /* originals that had to go before their copy could come */
	uint64_t discarded[DISCARD_COUNT];
	uint64_t truncated_frames; /* captured shorter than they were on the wire */
	uint64_t monitored, unmonitored;
	uint64_t fragments_later;	 /* later fragments of monitored packets */
	uint64_t fragments_unattributed; /* of these, without a flow so far */
	uint64_t fragments_overlapping;	 /* that carry bytes which others have carried already */
	uint64_t fragments_tiny;	 /* whose header would have to be put together first */
	uint64_t verdict_packets[VERDICT_COUNT], verdict_bytes[VERDICT_COUNT];
	uint64_t verdict_flows[VERDICT_COUNT]; /* by the flow's verdict now, or at its end */
	uint64_t flows_created, flows_active, flows_active_peak;
	uint64_t untracked_packets; /* judged and counted, but the flow table had no room */
	uint64_t ended[END_COUNT];
	uint64_t encaps_unknown;       /* flows that began where no more paths could be numbered */
	uint64_t corrected;	       /* flows whose initiator was corrected */
	uint64_t recognised;	       /* flows whose service was recognised */
	uint64_t reassembly_exhausted; /* flows that stay unverified: no buffer was left */
	uint64_t facts_exhausted;      /* flows without facts: no room was left for them */
	uint64_t events_delayed;       /* alerts that had to wait for room in the outbox */
	uint64_t overlap_contradicted; /* bytes of first segments that came again as others */
	uint64_t digest;	       /* sum over the ended flows, see record_digest() */
};

#endif
