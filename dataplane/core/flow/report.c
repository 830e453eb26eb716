#include "core/flow/report.h"

#include <assert.h>
#include <netinet/in.h>
#include <string.h>

#include "core/flow/encap_table.h"
#include "core/flow/opening.h"
#include "core/flow/recent_packets.h"

static void record_service(const struct tracker *t, const struct flow *f, struct record *r)
{
	const struct facts *facts = inspection_facts(&t->inspection, &f->service_state);

	r->service =
		(uint8_t)(f->service_state.service ? f->service_state.service - 1u : SERVICE_COUNT);
	r->service_basis = f->service_state.basis;
	r->facts.known = 0;
	if (facts)
		r->facts = *facts;
}

static int severity_of(const struct flow *f)
{
	enum connection c = (enum connection)f->connection;
	int got_through = c == CONNECTION_ESTABLISHED || c == CONNECTION_TWO_WAY ||
			  (c == CONNECTION_MIDSTREAM && flow_talks(f));
	int severity = verdict_severity(flow_verdict(f), got_through, f->milder_turned);

	/* An answer that nobody asked for, and that nobody went on from. */
	if (severity && f->evasions & EVASION_BIT(UNASKED_ANSWER) && !flow_talks(f))
		return SEVERITY_LOW;
	return severity;
}

/* What may still be explained by the other side is no reason yet. */
#define EVASIONS_WAIT                                                                              \
	(EVASION_BIT(UNASKED_ANSWER) | EVASION_BIT(NO_HANDSHAKE) | EVASION_BIT(TUNNELLED_EVIDENCE))

/* An overlay whose inside is mirrored too shows both sides in there by now. */
static int is_explained(const struct tracker *t, const struct flow *f, enum evasion reason)
{
	union flow_key k;

	if (reason != EVASION_TUNNELLED_EVIDENCE)
		return 0;
	memset(&k, 0, sizeof(k));
	memcpy(k.word, f, offsetof(struct flow, state));
	k.version6 = f->state & STATE_VERSION6;
	return !tunnelled_has_one_side(&t->tunnelled, table_hash(&t->table, &k));
}

static uint16_t evasions_told(const struct tracker *t, const struct flow *f, enum record_kind kind)
{
	return kind == RECORD_ENDED ? f->evasions : table_evidence(&t->table, f)->told;
}

/* The key of IPv4 holds the tunnel's ends; of IPv6 there is what the first packet had. */
uint32_t report_tunnel(const struct tracker *t, const struct flow *f)
{
	const struct encap *e = encap_table_at(t->encap_table, f->encap);
	uint32_t ends;

	if (flow_version(f) == 6)
		return e->tunnel ? e->tunnel_id << 8 | e->tunnel : 0;
	memcpy(&ends, f->address[0].byte + 4, sizeof(ends));
	return ends;
}

/* Every field, one by one: to clear the record first costs as much as the rest. */
void report_fill(const struct tracker *t, const struct flow *f, enum record_kind kind, enum end end,
	struct record *r)
{
	unsigned from = flow_initiator(f);
	enum verdict v = flow_verdict(f);
	uint32_t ports = flow_pair_turned(f->port, from),
		 appliances = flow_pair_turned(f->appliance, from);

	memcpy(r->port, &ports, sizeof(ports));
	memcpy(r->appliance, &appliances, sizeof(appliances));
	memcpy(r->set, f->set, sizeof(r->set));
	memcpy(r->end_verdict, f->end_verdict, sizeof(r->end_verdict));
	r->protocol = f->protocol;
	r->version = (uint8_t)flow_version(f);
	r->kind = (uint8_t)kind;
	r->verdict = (uint8_t)v;
	r->connection = f->connection;
	r->basis = f->basis;
	r->end = (uint8_t)end;
	r->severity = (uint8_t)severity_of(f);
	r->evasion_reason = 0;
	r->evasions = evasions_told(t, f, kind);
	r->corrected = f->corrected;
	r->repeated_graver = 0;
	r->history_length = f->history_length;
	r->encap = *encap_table_at(t->encap_table, f->encap);
	r->tunnel = report_tunnel(t, f);
	r->generation = f->generation;
	r->history = flow_history_oriented(f);
	r->detail = f->protocol == IPPROTO_TCP ? 0 : table_evidence(&t->table, f)->detail;
	r->start_ns = f->first_ns;
	r->end_ns = flow_end_ns(f);
	flow_address(&r->address[0], f, from);
	flow_address(&r->address[1], f, 1 - from);
	r->packets[0] = flow_packets(f, from);
	r->packets[1] = flow_packets(f, 1 - from);
	r->bytes[0] = flow_bytes(f, from);
	r->bytes[1] = flow_bytes(f, 1 - from);
	r->opening = (struct opening_report){.alert_from = 0};
	if (table_evidence(&t->table, f)->is_watched)
		r->opening = opening_report_of(t, f);
	record_service(t, f, r);
}

struct record *report_next(struct record_buffer *o)
{
	assert(o->count < o->capacity); /* control empties it after every burst */
	return &o->record[o->count++];
}

/* A moment's wait may change what there is to tell: a handshake that comes late, an answer of the
 * other side where the payload of one alone excludes the service (DESIGN 6 and 9). */
static int may_change(const struct flow *f)
{
	if (f->protocol == IPPROTO_TCP && f->connection != CONNECTION_REFUSED &&
		(f->connection != CONNECTION_ESTABLISHED || f->basis > BASIS_SYN_ACK))
		return 1;
	return flow_verdict(f) == VERDICT_WRONG_SERVICE &&
	       f->service_state.basis == SERVICE_EXCLUDED && !flow_talks(f);
}

/* Whether the flow waits; it begins to where it has not. */
static int waits(struct tracker *t, struct flow *f)
{
	uint64_t due_ns = t->now_ns + WAITING_NS;

	if (f->waits == WAITS_NEVER &&
		waiting_add(&t->waiting, (uint32_t)(f - t->table.flow), due_ns)) {
		table_evidence(&t->table, f)->wait_ns = due_ns;
		f->waits = WAITS_NOW;
	}
	return f->waits == WAITS_NOW;
}

/* Room for a record; else the flow is found again by the sweep. */
static int has_room(struct tracker *t)
{
	if (!t->record_buffer->congested)
		return 1;
	t->counters->events_delayed++;
	t->reports_wait = REPORT_SWEEPS;
	return 0;
}

static void report_withdrawn(struct tracker *t, struct flow *f)
{
	if (!has_room(t))
		return;
	report_fill(t, f, RECORD_WITHDRAWN, END_IDLE, report_next(t->record_buffer));
	f->reported = 0;
}

static void report_verdict(struct tracker *t, struct flow *f)
{
	int severity = severity_of(f);
	struct record *r;

	if (severity <= f->reported || (may_change(f) && waits(t, f)) || !has_room(t))
		return;
	r = report_next(t->record_buffer);
	report_fill(t, f, RECORD_FLAGGED, END_IDLE, r);
	r->repeated_graver = f->reported > 0;
	f->reported = (unsigned)severity & 3;
	recent_packets_told(t, f);
}

static void report_evasion(struct tracker *t, struct flow *f, enum evasion reason)
{
	struct evidence *e = table_evidence(&t->table, f);
	uint16_t bit = (uint16_t)(1u << reason);
	struct record *r;

	if (e->told & bit && !(e->told_alone & bit && flow_talks(f)))
		return;
	if ((bit & EVASIONS_WAIT && waits(t, f)) || !has_room(t))
		return;
	if (is_explained(t, f, reason)) {
		f->evasions &= (uint16_t)~bit;
		return;
	}
	if (!report_has_room(t->record_buffer)) {
		t->reports_wait = REPORT_SWEEPS;
		return;
	}
	t->counters->evasions[reason] += !(e->told & bit);
	e->told |= bit;
	e->told_alone = (uint16_t)(flow_talks(f) ? e->told_alone & ~bit : e->told_alone | bit);
	r = report_next(t->record_buffer);
	report_fill(t, f, RECORD_EVASION, END_IDLE, r);
	r->evasion_reason = (uint8_t)reason;
	r->severity = flow_talks(f) ? SEVERITY_MEDIUM : SEVERITY_LOW;
	recent_packets_told(t, f);
}

void report_flow(struct tracker *t, struct flow *f)
{
	if (verdict_is_flagged(flow_verdict(f)))
		report_verdict(t, f);
	else if (f->reported)
		report_withdrawn(t, f);
	for (unsigned left = f->evasions; left; left &= left - 1)
		report_evasion(t, f, (enum evasion)__builtin_ctz(left));
}

void report_last(struct tracker *t, struct flow *f)
{
	f->waits = WAITS_DONE;
	report_flow(t, f);
}

void report_due(struct tracker *t, struct flow *f)
{
	if (f->waits == WAITS_NOW && t->now_ns >= table_evidence(&t->table, f)->wait_ns)
		report_last(t, f);
}

void report_waiting(struct tracker *t)
{
	const struct waiting_flow *w;

	while (report_has_room(t->record_buffer) && (w = waiting_due(&t->waiting, t->now_ns))) {
		struct flow *f = &t->table.flow[w->flow];
		if (f->bucket != BUCKET_NONE && f->waits == WAITS_NOW &&
			table_evidence(&t->table, f)->wait_ns == w->due_ns &&
			!flow_is_outdated(t, f))
			report_last(t, f);
		waiting_drop(&t->waiting);
	}
}
