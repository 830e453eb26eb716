/* Flows over time: who initiated, what the policy says, how the connection stands, when it
 * ends (DESIGN 3 and 4).
 *
 * Owned by one worker; all memory is given. Fed with one monitored packet at a time, in the
 * order of the stream; writes to a record buffer and to counters.
 */
#ifndef PORTOLAN_TRACKER_H
#define PORTOLAN_TRACKER_H

#include "core/flow/fast_path.h"
#include "core/flow/sequence.h"
#include "core/flow/state.h"
#include "packet.h"
#include "timeouts.h"

void tracker_init(struct tracker *, const struct flow_timeouts *);

/* Counts one more packet within the flow's timeout. `sum` adds up by verdict. 0: it is another
 * case, and nothing was counted. */
static inline int tracker_count_one(
	const struct tracker *t, uint64_t sum[8], const struct fast_packet *g, struct flow *f)
{
	unsigned state = f->state;

	if (g->now_ns - f->last_ns >= t->bound_ns[state >> STATE_TIMEOUT_SHIFT & 7] ||
		!tally_add(&f->tally[g->direction], g->tally))
		return 0;
	f->last_ns = g->now_ns;
	sum[state >> STATE_VERDICT_SHIFT] += g->tally;
	return 1;
}

/* The ordinary case: the same of the guessed flow, without a new history bit; `differs` is 0 if the
 * packet is this flow's. */
static inline int tracker_count(const struct tracker *t, uint64_t sum[8],
	const struct fast_packet *g, struct flow *f, uint64_t differs)
{
	unsigned news = g->history_bits & ~(unsigned)f->seen[g->direction];

	return !(differs | news) && tracker_count_one(t, sum, g, f);
}

/* The same for a SYN or SYN+ACK that comes again, which tracker_count() leaves to a closer look. */
static inline int tracker_count_copy(const struct tracker *t, uint64_t sum[8],
	const struct packet *p, const struct fast_packet *g, struct flow *f, uint64_t differs)
{
	return !differs && g->kind != FAST_DECODED && sequence_is_copy(t, f, p, g) &&
	       tracker_count_one(t, sum, g, f);
}

/* What tracker_count() added up by verdict; of one burst it fits. */
void tracker_count_burst(struct tracker *, const uint64_t sum[8]);

/* SYN flood: a SYN that the policy flags and that the full table has no room for is judged, counted
 * and reported as by tracker_packet(), without writing a flow. 0: another case, nothing counted. */
int tracker_shed_syn(struct tracker *, const struct packet *, const struct fast_packet *);

/* Counts any packet, with its flow or, where the table has no room, without.
 * `guess` is what table_guess() said a few packets ago, or FLOW_NONE. */
void tracker_packet(struct tracker *, const struct packet *, const struct decoded *,
	const union flow_key *, uint32_t guess);

/* Looks at the table's share of flows that the time since the last call comes to, and ends the idle
 * ones; called with every burst and every idle poll. 1: the share was more than could be done, and
 * it should be called again soon. */
int tracker_sweep(struct tracker *);

/* Another policy is in force, of another generation. Flows that were judged by the old one are
 * judged again with their next packet that is not ordinary, or by tracker_rejudge(). */
void tracker_set_policy(struct tracker *, const struct policy_change *);

/* Judges the next few flows again, ends those without an appliance now; 1 if all are done. */
int tracker_rejudge(struct tracker *, uint32_t flows);

/* A record of every flow as it is: begins from the first; the next few, 1 if those were the
 * last. Both stop early where the record buffer has no room. Flows that wait to be judged again are
 * left out: rejudge first. */
void tracker_begin_dump(struct tracker *);
int tracker_dump(struct tracker *, uint32_t flows);

/* Ends every flow that is left, a few at a time: call until it returns 0. `now_ns` is the
 * time of the whole stream's last packet. */
int tracker_finish(struct tracker *, uint64_t now_ns);

#endif
