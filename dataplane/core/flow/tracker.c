#include "core/flow/tracker.h"

#include <netinet/in.h>

#include "core/flow/connection.h"
#include "core/flow/count.h"
#include "core/flow/end.h"
#include "core/flow/initiator.h"
#include "core/flow/judge.h"
#include "core/flow/key.h"
#include "core/flow/listen.h"
#include "core/flow/opening.h"
#include "core/flow/recent_packets.h"
#include "core/flow/rejudge.h"
#include "core/flow/report.h"
#include "core/flow/sequence.h"

void tracker_init(struct tracker *t, const struct flow_timeouts *limits)
{
	t->limit_ns[TIMEOUT_TCP_ATTEMPT] = limits->tcp_attempt_ns;
	t->limit_ns[TIMEOUT_TCP_ESTABLISHED] = limits->tcp_established_ns;
	t->limit_ns[TIMEOUT_TCP_CLOSED] = limits->tcp_closed_ns;
	t->limit_ns[TIMEOUT_UDP_ONE_WAY] = limits->udp_one_way_ns;
	t->limit_ns[TIMEOUT_UDP_TWO_WAY] = limits->udp_two_way_ns;
	t->limit_ns[TIMEOUT_IKE] = limits->ike_ns;
	t->limit_ns[TIMEOUT_OTHER] = limits->other_ns;
	for (unsigned i = 0; i < TIMEOUT_COUNT; i++)
		t->bound_ns[i] = t->limit_ns[i] == UINT64_MAX ? UINT64_MAX : t->limit_ns[i] + 1;
}

void tracker_set_policy(struct tracker *t, const struct policy_change *s)
{
	t->policy_change = *s;
	t->policy = s->policy;
	t->warmup_ns = s->warmup_ns;
	tracker_init(t, &s->timeouts);
	t->rejudge_at = 0;
	t->rejudge_pending = 1;
}

void tracker_count_burst(struct tracker *t, const uint64_t sum[8])
{
	for (unsigned v = 0; v < VERDICT_COUNT; v++)
		count_verdict(t->counters, (enum verdict)v, sum[v] >> 32, (uint32_t)sum[v]);
}

/* RFC 1858 section 3: no router cuts a header, so who sends such a fragment wants to hide it. */
static void note_fragment(struct flow *f, const struct decoded *v)
{
	if (v->fragment == FRAGMENT_TINY && f->protocol == IPPROTO_TCP)
		f->evasions |= EVASION_BIT(TINY_FRAGMENTS);
}

/* Of appliance communications: its opening is watched. */
static void begin_opening(struct tracker *t, const struct flow *f)
{
	const struct rule_set *set = t->policy->set;

	if (f->protocol == IPPROTO_TCP && set[f->set[0]].is_channel | set[f->set[1]].is_channel)
		table_evidence(&t->table, f)->is_watched = 1;
}

/* Writes a new flow into the spare one; whether the table keeps it is decided by its eviction
 * class. */
static void flow_begin(
	struct tracker *t, const struct packet *p, const struct decoded *v, struct flow *f)
{
	struct evidence *e = table_evidence(&t->table, f);
	struct orientation o;
	int matched;

	f->first_ns = p->time_ns;
	f->encap = encap_table_number(t->encap_table, &v->encap);
	if (f->encap == ENCAP_UNKNOWN)
		t->counters->encaps_unknown++;
	f->appliance[v->direction] = v->appliance[0];
	f->appliance[1 - v->direction] = v->appliance[1];
	e->is_tunnelled = v->foreign_tunnel != 0;
	if (f->protocol == IPPROTO_TCP)
		sequence_see(t, f, v, p->time_ns, 0);
	else
		e->detail = v->sequence;
	connection_add_history(f, v);
	matched = listen_first(t, p, v);
	o = initiator_first(t, p, v, f, matched);
	flow_orient(f, o.initiator, o.basis);
	judge_flow(t, f);
	begin_opening(t, f);
	if (v->history_bits & (HISTORY_BIT(SYN) | HISTORY_BIT(SYN_ACK)))
		listen_handshake(t, f, v);
	listen_packet(t, f, p, v, matched);
	note_fragment(f, v);
	if (!v->foreign_tunnel && tunnelled_has_one_side(&t->tunnelled, v->hash))
		f->evasions |= EVASION_BIT(TUNNELLED_EVIDENCE);
	connection_update(f, e);
}

/* No room for it, but it is judged, counted and, if it begins something flagged, reported. */
static void count_untracked(
	struct tracker *t, struct flow *f, const struct packet *p, const struct decoded *v)
{
	t->counters->untracked_packets += 1 + v->pending_packets;
	count_packet(t, f, p, v);
	if (f->protocol != IPPROTO_TCP || v->history_bits & HISTORY_BIT(SYN))
		report_last(t, f);
	if (table_evidence(&t->table, f)->copies == COPIES_OUT)
		recent_packets_add(t, f, p, v);
}

/* Evicts a flow of a lower class for the spare one: its number, or FLOW_NONE. */
static uint32_t make_room(struct tracker *t, uint64_t hash, enum eviction_class eviction_class)
{
	struct place victim = table_victim(&t->table, hash, eviction_class);
	const struct flow *f = &t->table.flow[victim.flow];

	if (victim.flow == FLOW_NONE)
		return FLOW_NONE;
	end_record(t, victim.flow,
		end_is_due(t, f, t->now_ns) ? end_reason(f, END_IDLE) : END_EVICTED);
	return table_replace(&t->table, victim, hash, eviction_class);
}

static void count_created(struct tracker *t, const struct flow *f)
{
	struct counters *c = t->counters;

	c->flows_created++;
	c->verdict_flows[flow_verdict(f)]++;
	if (t->table.active > c->flows_active_peak)
		c->flows_active_peak = t->table.active;
}

/* Counters, first packet and alert of a flow just inserted. */
static void count_new_flow(
	struct tracker *t, struct flow *f, const struct packet *p, const struct decoded *v)
{
	count_created(t, f);
	count_packet(t, f, p, v);
	if (connection_direction_is_known(f))
		initiator_remember(t, f);
	if (table_evidence(&t->table, f)->is_watched)
		opening_see(t, f, p, v);
	report_flow(t, f);
	recent_packets_add(t, f, p, v);
}

static void open_flow(
	struct tracker *t, const struct packet *p, const struct decoded *v, const union flow_key *k)
{
	struct flow *f = table_spare(&t->table, k);
	enum eviction_class eviction_class;

	flow_begin(t, p, v, f);
	eviction_class = connection_eviction_class(f);
	if (table_insert(&t->table, v->hash, eviction_class) != FLOW_NONE ||
		make_room(t, v->hash, eviction_class) != FLOW_NONE) {
		count_new_flow(t, f, p, v);
		return;
	}
	count_untracked(t, f, p, v);
	inspection_release(&t->inspection, &f->service_state);
	if (table_evidence(&t->table, f)->is_watched)
		opening_release(t, f);
	table_let_go(&t->table);
}

/* The flow ends, and with the same key and in its place another one begins. */
static void open_flow_after(struct tracker *t, uint32_t index, enum end reason,
	const struct packet *p, const struct decoded *v, const union flow_key *k)
{
	struct flow *f;

	end_record(t, index, reason);
	f = table_spare(&t->table, k);
	flow_begin(t, p, v, f);
	table_succeed(&t->table, index, connection_eviction_class(f));
	count_new_flow(t, f, p, v);
}

/* A flow that begins with the SYN that the one before had pending. That packet is its first, and
 * is the other one's no more. */
static uint32_t open_flow_before(
	struct tracker *t, uint32_t index, const struct decoded *v, const union flow_key *k)
{
	struct flow *old = &t->table.flow[index], *f;
	struct evidence before = *table_evidence(&t->table, old);
	unsigned d = before.pending_direction;
	struct decoded syn = {.history_bits = HISTORY_BIT(SYN), .direction = (uint8_t)d};

	count_give_back(old, d, before.pending_bytes);
	end_record(t, index, end_reason(old, END_REPLACED));
	f = table_spare(&t->table, k);
	sequence_begin_before(table_evidence(&t->table, f), &before);
	table_evidence(&t->table, f)->is_tunnelled = before.is_tunnelled;
	f->first_ns = before.pending_ns;
	f->encap = encap_table_number(t->encap_table, &v->encap);
	f->appliance[v->direction] = v->appliance[0];
	f->appliance[1 - v->direction] = v->appliance[1];
	connection_add_history(f, &syn);
	flow_orient(f, d, BASIS_SYN);
	judge_flow(t, f);
	begin_opening(t, f);
	connection_update(f, table_evidence(&t->table, f));
	index = (uint32_t)(f - t->table.flow);
	table_succeed(&t->table, (uint32_t)(old - t->table.flow), connection_eviction_class(f));
	f->tally[d] = tally_of(1, before.pending_bytes);
	f->last_ns = t->now_ns;
	count_created(t, f);
	return index;
}

static int may_be_watched(const struct flow *f)
{
	return f->protocol == IPPROTO_TCP && flow_timeout(f) == TIMEOUT_TCP_ESTABLISHED;
}

/* After a reset every packet is looked at: what goes on says that it was ignored. */
static void watch_reset(struct flow *f, const struct evidence *e)
{
	const uint8_t talk = HISTORY_BIT(ACK) | HISTORY_BIT(DATA);

	if (e->reset_state == RESET_NONE)
		return;
	f->seen[0] &= (uint8_t)~talk;
	f->seen[1] &= (uint8_t)~talk;
}

/* A packet that shows something new, and belongs. */
static void update_flow(
	struct tracker *t, uint32_t index, const struct packet *p, const struct decoded *v)
{
	struct flow *f = &t->table.flow[index], before = *f;
	struct evidence *e = table_evidence(&t->table, f);
	int direction_was_known = connection_direction_is_known(f);

	connection_add_history(f, v);
	initiator_update(t, f, v);
	if (v->history_bits & (HISTORY_BIT(SYN) | HISTORY_BIT(SYN_ACK)))
		listen_handshake(t, f, v);
	if (service_state_is_open(&f->service_state) || v->history_bits & HISTORY_BIT(DATA))
		listen_packet(t, f, p, v, 0);
	note_fragment(f, v);
	count_change(t, f, &before);
	connection_update(f, e);
	watch_reset(f, e);
	table_set_class(&t->table, index, connection_eviction_class(f));
	if (may_be_watched(f) && mirror_begin_watch(t->mirror, index)) {
		f->end_ns = flow_end_ns(f);
		f->seen[0] |= SEEN0_SKEWED;
	}
	count_packet(t, f, p, v);
	if (connection_direction_is_known(f)) {
		if (!direction_was_known)
			initiator_remember(t, f);
		else if (flow_timeout(f) == TIMEOUT_TCP_CLOSED &&
			 flow_timeout(&before) != TIMEOUT_TCP_CLOSED)
			initiator_remember_closed(t, f);
	}
	report_flow(t, f);
	recent_packets_add(t, f, p, v);
}

/* More than one more packet of its flow: a history bit that its side has not shown yet, or one
 * whose sequence numbers count. */
static int is_news(const struct flow *f, const struct decoded *v)
{
	return v->history_bits &
	       (HISTORY_SEQUENCED | (HISTORY_BITS & ~(unsigned)f->seen[v->direction]));
}

static enum segment see_segment(struct tracker *t, struct flow *f, const struct packet *p,
	const struct decoded *v, uint64_t gap_ns)
{
	if (f->protocol != IPPROTO_TCP)
		return SEGMENT_BELONGS;
	return sequence_see(t, f, v, p->time_ns, gap_ns);
}

static void take_news(struct tracker *t, uint32_t index, const struct packet *p,
	const struct decoded *v, const union flow_key *k)
{
	struct flow *f = &t->table.flow[index];

	report_due(t, f);
	switch (see_segment(t, f, p, v, p->now_ns - f->last_ns)) {
	case SEGMENT_BELONGS:
		update_flow(t, index, p, v);
		break;
	case SEGMENT_UNFIT:
		watch_reset(f, table_evidence(&t->table, f));
		count_packet(t, f, p, v);
		recent_packets_add(t, f, p, v);
		break;
	case SEGMENT_BEGINS:
		open_flow_after(t, index, end_reason(f, END_REPLACED), p, v, k);
		break;
	case SEGMENT_BEGINS_BEFORE:
		index = open_flow_before(t, index, v, k);
		see_segment(t, &t->table.flow[index], p, v, 0);
		update_flow(t, index, p, v);
		break;
	}
}

static void take_packet(struct tracker *t, uint32_t index, const struct packet *p,
	const struct decoded *v, const union flow_key *k)
{
	if (is_news(&t->table.flow[index], v)) {
		take_news(t, index, p, v, k);
		return;
	}
	count_packet(t, &t->table.flow[index], p, v);
	recent_packets_add(t, &t->table.flow[index], p, v);
}

/* As a packet of any other flow, which is none of the watch's doing; then the watch sees it. The
 * flow may have ended meanwhile. */
static void take_watched(struct tracker *t, uint32_t index, const struct packet *p,
	const struct decoded *v, const union flow_key *k)
{
	opening_resume(t, &t->table.flow[index]);
	take_packet(t, index, p, v, k);
	if (t->table.evidence[index].is_watched)
		opening_see(t, &t->table.flow[index], p, v);
}

/* Since the flow's last packet: by the stream's time, and where the packet is ahead of that by its
 * own, which the stream may not believe yet. */
static uint64_t gap_of(const struct flow *f, const struct packet *p)
{
	uint64_t seen_ns = flow_seen_ns(f, p->now_ns), end_ns = flow_end_ns(f);
	uint64_t gap_ns = p->now_ns > seen_ns ? p->now_ns - seen_ns : 0; /* back, at the start */

	if (p->time_ns <= p->now_ns || p->time_ns <= end_ns || p->time_ns - end_ns < gap_ns)
		return gap_ns;
	return p->time_ns - end_ns;
}

/* The receiver of a datagram says by ICMP that its port is nobody's. */
static void refuse_quoted(struct tracker *t, const struct packet *p, const struct decoded *v)
{
	unsigned receiver;
	uint32_t index = quoted_flow(t, p, v, &receiver);
	struct decoded refusal = {.history_bits = HISTORY_BIT(RST)};
	struct flow *f = &t->table.flow[index];

	if (index == FLOW_NONE || flow_is_outdated(t, f))
		return;
	refusal.direction = (uint8_t)receiver;
	connection_add_history(f, &refusal);
	f->seen[receiver] &= (uint8_t)~HISTORY_BIT(RST);
	connection_update(f, table_evidence(&t->table, f));
	table_set_class(&t->table, index, connection_eviction_class(f));
}

/* What is inside of a tunnel looks like evidence of the flow outside with the same ends. */
static void note_tunnelled(struct tracker *t, const struct decoded *v)
{
	struct decoded outside = *v;
	union flow_key k;
	uint64_t hash;
	uint32_t index;

	outside.foreign_tunnel = 0;
	flow_key_of(&outside, &k);
	hash = table_hash(&t->table, &k);
	tunnelled_add(&t->tunnelled, hash, outside.direction);
	index = table_find(&t->table, &k, hash, FLOW_NONE);
	if (index == FLOW_NONE || flow_is_outdated(t, &t->table.flow[index]))
		return;
	t->table.flow[index].evasions |= EVASION_BIT(TUNNELLED_EVIDENCE);
	report_flow(t, &t->table.flow[index]);
}

void tracker_packet(struct tracker *t, const struct packet *p, const struct decoded *v,
	const union flow_key *k, uint32_t guess)
{
	uint32_t index;
	struct flow *f;
	uint64_t gap;

	t->now_ns = p->now_ns;
	if (v->foreign_tunnel)
		note_tunnelled(t, v);
	if (quoted_is_refusal(v))
		refuse_quoted(t, p, v);
	index = table_find(&t->table, k, v->hash, guess);
	if (index == FLOW_NONE) {
		open_flow(t, p, v, k);
		return;
	}
	f = &t->table.flow[index];
	if (flow_is_outdated(t, f) && !rejudge_flow(t, index)) {
		open_flow_after(t, index, END_RELOADED, p, v, k);
		return;
	}
	gap = gap_of(f, p);
	if (gap > t->limit_ns[flow_timeout(f)]) {
		open_flow_after(t, index, end_reason(f, END_IDLE), p, v, k);
	} else if (table_evidence(&t->table, f)->is_watched) {
		take_watched(t, index, p, v, k);
	} else {
		take_packet(t, index, p, v, k);
	}
}
