#include "core/flow/tracker.h"

#include <netinet/in.h>

#include "core/flow/connection.h"
#include "core/flow/count.h"
#include "core/flow/end.h"
#include "core/flow/initiator.h"
#include "core/flow/judge.h"
#include "core/flow/listen.h"
#include "core/flow/rejudge.h"
#include "core/flow/report.h"

void tracker_init(struct tracker *t, const struct flow_timeouts *limits)
{
	t->limit_ns[TIMEOUT_TCP_ATTEMPT] = limits->tcp_attempt_ns;
	t->limit_ns[TIMEOUT_TCP_ESTABLISHED] = limits->tcp_established_ns;
	t->limit_ns[TIMEOUT_TCP_CLOSED] = limits->tcp_closed_ns;
	t->limit_ns[TIMEOUT_UDP_ONE_WAY] = limits->udp_one_way_ns;
	t->limit_ns[TIMEOUT_UDP_TWO_WAY] = limits->udp_two_way_ns;
	t->limit_ns[TIMEOUT_IKE] = limits->ike_ns;
	t->limit_ns[TIMEOUT_OTHER] = limits->other_ns;
	for (unsigned i = 0; i < TIMEOUT_COUNT; i++) {
		t->bound_ns[0][i] = t->limit_ns[i] == UINT64_MAX ? UINT64_MAX : t->limit_ns[i] + 1;
		t->bound_ns[1][i] = t->bound_ns[0][i] < limits->tcp_closed_ns
					    ? t->bound_ns[0][i]
					    : limits->tcp_closed_ns;
	}
	t->bound_ns[1][TIMEOUT_TCP_CLOSED] = 0;
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

/* Writes a new flow into the spare one; whether the table keeps it is decided by its eviction
 * class. */
static void flow_begin(
	struct tracker *t, const struct packet *p, const struct decoded *v, struct flow *f)
{
	struct orientation o;
	int matched;

	f->first_ns = p->time_ns;
	f->encap = encap_table_number(t->encap_table, &v->encap);
	if (f->encap == ENCAP_UNKNOWN)
		t->counters->encaps_unknown++;
	f->appliance[v->direction] = v->appliance[0];
	f->appliance[1 - v->direction] = v->appliance[1];
	connection_add_history(f, v);
	matched = listen_first(t, p, v);
	o = initiator_first(t, p, v, f, matched);
	flow_orient(f, o.initiator, o.basis);
	judge_flow(t, f);
	connection_add_syn(f, v);
	listen_packet(t, f, p, v, matched);
	connection_update(f);
}

/* No room for it, but it is judged, counted and, if it begins something flagged, reported. */
static void count_untracked(
	struct tracker *t, struct flow *f, const struct packet *p, const struct decoded *v)
{
	t->counters->untracked_packets += 1 + v->pending_packets;
	count_packet(t, f, p, v);
	if (f->protocol != IPPROTO_TCP || v->history_bits & HISTORY_BIT(SYN))
		report_flow(t, f);
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

/* Counters, first packet and alert of a flow just inserted. */
static void count_new_flow(
	struct tracker *t, struct flow *f, const struct packet *p, const struct decoded *v)
{
	struct counters *c = t->counters;

	c->flows_created++;
	c->verdict_flows[flow_verdict(f)]++;
	if (t->table.active > c->flows_active_peak)
		c->flows_active_peak = t->table.active;
	count_packet(t, f, p, v);
	if (connection_direction_is_known(f))
		initiator_remember(t, f);
	report_flow(t, f);
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

/* Stronger evidence: sets the initiator and judges again where it changed. */
static void correct(struct tracker *t, struct flow *f, unsigned initiator, enum basis basis)
{
	if (initiator != flow_initiator(f)) {
		flow_orient(f, initiator, basis);
		judge_flow(t, f);
	}
	f->basis = basis & 7;
}

/* A SYN on a flow that is over, or one that cannot be of a flow that has long been up. */
static int starts_anew(
	const struct tracker *t, const struct flow *f, const struct decoded *v, uint64_t gap_ns)
{
	if (!(v->history_bits & HISTORY_BIT(SYN)))
		return 0;
	if (flow_timeout(f) == TIMEOUT_TCP_CLOSED)
		return 1;
	if (gap_ns < t->limit_ns[TIMEOUT_TCP_CLOSED])
		return 0;
	if (f->connection == CONNECTION_MIDSTREAM)
		return 1;
	return f->connection == CONNECTION_ESTABLISHED &&
	       (v->direction != flow_initiator(f) || v->sequence != f->sequence);
}

static int may_be_watched(const struct flow *f)
{
	return f->protocol == IPPROTO_TCP && flow_timeout(f) == TIMEOUT_TCP_ESTABLISHED;
}

/* A packet that shows something new. */
static void update_flow(
	struct tracker *t, uint32_t index, const struct packet *p, const struct decoded *v)
{
	struct flow *f = &t->table.flow[index], before = *f;
	int direction_was_known = connection_direction_is_known(f);

	if (f->basis > BASIS_HANDSHAKE) {
		if (v->history_bits & HISTORY_BIT(SYN))
			correct(t, f, v->direction, BASIS_HANDSHAKE);
		else if (v->history_bits & HISTORY_BIT(SYN_ACK))
			correct(t, f, 1u - v->direction, BASIS_HANDSHAKE);
	}
	if (v->history_bits & HISTORY_BIT(SYN) &&
		!(flow_history_bits(f, v->direction) & HISTORY_BIT(SYN)))
		connection_add_syn(f, v);
	connection_add_history(f, v);
	if (service_state_is_open(&f->service_state) || v->history_bits & HISTORY_BIT(DATA))
		listen_packet(t, f, p, v, 0);
	count_change(t, f, &before);
	connection_update(f);
	table_set_class(&t->table, index, connection_eviction_class(f));
	if (may_be_watched(f) && mirror_begin_watch(t->mirror, index))
		f->seen[0] |= SEEN0_SKEWED;
	count_packet(t, f, p, v);
	if (!direction_was_known && connection_direction_is_known(f))
		initiator_remember(t, f);
	report_flow(t, f);
}

/* More than one more packet of its flow: a history bit that its side has not shown yet, a SYN that
 * carries data or that may begin another flow (DESIGN 4). A history bit seen again is nothing new.
 */
static int is_news(
	const struct tracker *t, const struct flow *f, const struct decoded *v, uint64_t gap_ns)
{
	enum { SYN_WITH_DATA = HISTORY_BIT(SYN) | HISTORY_BIT(DATA) };

	return v->history_bits & ~flow_history_bits(f, v->direction) ||
	       (v->history_bits & SYN_WITH_DATA) == SYN_WITH_DATA ||
	       (v->history_bits & HISTORY_BIT(SYN) && gap_ns >= t->bound_ns[1][flow_timeout(f)]);
}

void tracker_packet(struct tracker *t, const struct packet *p, const struct decoded *v,
	const union flow_key *k, uint32_t guess)
{
	uint32_t index;
	struct flow *f;
	uint64_t gap;

	t->now_ns = p->now_ns;
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
	gap = p->now_ns - f->last_ns;
	if (gap > t->limit_ns[flow_timeout(f)]) {
		open_flow_after(t, index, end_reason(f, END_IDLE), p, v, k);
	} else if (!is_news(t, f, v, gap)) {
		count_packet(t, f, p, v);
	} else if (starts_anew(t, f, v, gap)) {
		open_flow_after(t, index, end_reason(f, END_REPLACED), p, v, k);
	} else {
		update_flow(t, index, p, v);
	}
}
