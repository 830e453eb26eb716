#include "core/flow/tracker.h"

#include <netinet/in.h>
#include <string.h>

#include "core/flow/count.h"
#include "core/flow/recent_packets.h"
#include "core/flow/report.h"

/* The ends of a fast path, as the policy sees them: the sender of a SYN initiates. */
static inline void fast_flow_tuple(const struct inventory *inv, const struct packet *p,
	const struct fast_packet *g, struct flow_tuple *c)
{
	enum { SOURCE = 26, DESTINATION = 30 };
	const uint64_t end[2] = {
		g->direction ? g->upper : g->lower, g->direction ? g->lower : g->upper};

	c->version = 4;
	c->protocol = IPPROTO_TCP;
	for (unsigned i = 0; i < 2; i++) {
		const uint64_t word[2] = {0, end[i] & 0xffffffff00000000};
		memcpy(c->address[i].byte, &word[0], sizeof(word[0]));
		memcpy(c->address[i].byte + 8, &word[1], sizeof(word[1]));
		c->port[i] = (uint16_t)end[i];
	}
	c->appliance[0] = inventory_lookup_v4(inv, p->data + SOURCE);
	c->appliance[1] = inventory_lookup_v4(inv, p->data + DESTINATION);
}

static void report_shed(struct tracker *t, const struct packet *p, const struct fast_packet *g,
	const struct flow_tuple *c, const struct verdict_pair *j)
{
	struct record *r = report_next(t->record_buffer);

	r->protocol = IPPROTO_TCP;
	r->version = 4;
	r->kind = RECORD_FLAGGED;
	r->verdict = j->verdict;
	r->connection = CONNECTION_ATTEMPTED;
	r->basis = BASIS_SYN;
	r->end = END_IDLE;
	r->severity = (uint8_t)verdict_severity((enum verdict)j->verdict, 0, 0);
	r->evasion_reason = 0;
	r->evasions = 0;
	r->corrected = r->repeated_graver = 0;
	r->history_length = 1;
	r->encap = (struct encap){.interface = p->interface, .is_known = 1};
	r->tunnel = 0;
	r->generation = (uint16_t)t->policy->generation;
	r->history = HISTORY_SYN;
	r->detail = 0;
	r->start_ns = r->end_ns = p->time_ns;
	for (unsigned i = 0; i < 2; i++) {
		memcpy(&r->address[i], &c->address[i], sizeof(r->address[i]));
		r->port[i] = c->port[i];
		r->appliance[i] = c->appliance[i];
		r->set[i] = j->set[i];
		r->end_verdict[i] = j->end_verdict[i];
	}
	r->packets[0] = 1;
	r->bytes[0] = (uint32_t)g->tally;
	r->packets[1] = r->bytes[1] = 0;
	r->service = SERVICE_COUNT;
	r->service_basis = 0;
	r->facts.known = 0;
	if (t->packet_evidence)
		recent_packets_single(t, p, r);
}

int tracker_shed_syn(struct tracker *t, const struct packet *p, const struct fast_packet *g)
{
	struct flow_tuple c;
	struct verdict_pair j;

	if (g->kind != FAST_IPV4 || (g->history_bits & HISTORY_BITS) != HISTORY_BIT(SYN) ||
		!table_refuses(&t->table, g->hash, EVICT_PROBE))
		return 0;
	fast_flow_tuple(t->policy->inventory, p, g, &c);
	j = policy_judge(t->policy, &c);
	if (!verdict_is_flagged((enum verdict)j.verdict))
		return 0;
	t->now_ns = p->now_ns;
	t->counters->untracked_packets++;
	count_verdict(t->counters, (enum verdict)j.verdict, 1, (uint32_t)g->tally);
	report_shed(t, p, g, &c, &j);
	return 1;
}
