#include "core/flow/report.h"

#include <assert.h>
#include <netinet/in.h>
#include <string.h>

#include "core/flow/encap_table.h"

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
	r->severity = (uint8_t)verdict_severity(v, (enum connection)f->connection,
		(enum basis)f->basis, f->protocol == IPPROTO_TCP);
	r->evasion_reason = 0;
	r->evasions = 0;
	r->corrected = f->corrected;
	r->repeated_graver = 0;
	r->history_length = f->history_length;
	r->encap = *encap_table_at(t->encap_table, f->encap);
	r->generation = f->generation;
	r->history = flow_history_oriented(f);
	r->detail = f->protocol == IPPROTO_TCP ? 0 : f->sequence;
	r->start_ns = f->first_ns;
	r->end_ns = f->last_ns + (uint64_t)f->end_skew_ns;
	flow_address(&r->address[0], f, from);
	flow_address(&r->address[1], f, 1 - from);
	r->packets[0] = flow_packets(f, from);
	r->packets[1] = flow_packets(f, 1 - from);
	r->bytes[0] = flow_bytes(f, from);
	r->bytes[1] = flow_bytes(f, 1 - from);
	record_service(t, f, r);
}

struct record *report_next(struct record_buffer *o)
{
	assert(o->count < o->capacity); /* control empties it after every burst */
	return &o->record[o->count++];
}

void report_flow(struct tracker *t, struct flow *f)
{
	struct record *r;
	int severity;

	if (!verdict_is_flagged(flow_verdict(f)))
		return;
	severity = verdict_severity(flow_verdict(f), (enum connection)f->connection,
		(enum basis)f->basis, f->protocol == IPPROTO_TCP);
	if (severity <= f->reported)
		return;
	if (t->record_buffer->congested) {
		t->counters->events_delayed++;
		t->reports_wait = REPORT_SWEEPS;
		return;
	}
	r = report_next(t->record_buffer);
	report_fill(t, f, RECORD_FLAGGED, END_IDLE, r);
	r->repeated_graver = f->reported > 0;
	f->reported = (unsigned)severity & 3;
}
