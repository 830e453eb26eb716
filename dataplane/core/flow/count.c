#include "core/flow/count.h"

#include "core/flow/recent_packets.h"

/* Any number of packets and bytes. */
static void add_wide(struct flow *f, unsigned d, uint64_t packets, uint64_t bytes)
{
	uint64_t sum_packets = (f->tally[d] >> 32) + packets;
	uint64_t sum_bytes = (uint32_t)f->tally[d] + bytes;

	f->packets_high[d] = (uint16_t)(f->packets_high[d] + (sum_packets >> 31));
	f->bytes_high[d] = (uint16_t)(f->bytes_high[d] + (sum_bytes >> 32));
	f->tally[d] = tally_of((uint32_t)sum_packets & INT32_MAX, (uint32_t)sum_bytes);
}

/* Later fragments that came before this first one, and waited for it. */
static void count_pending(struct tracker *t, struct flow *f, const struct decoded *v)
{
	add_wide(f, v->direction, v->pending_packets, v->pending_bytes);
	count_verdict(t->counters, flow_verdict(f), v->pending_packets, v->pending_bytes);
}

void count_give_back(struct flow *f, unsigned d, uint64_t bytes)
{
	uint64_t sum_packets = flow_packets(f, d) - 1, sum_bytes = flow_bytes(f, d) - bytes;

	f->packets_high[d] = (uint16_t)(sum_packets >> 31);
	f->bytes_high[d] = (uint16_t)(sum_bytes >> 32);
	f->tally[d] = tally_of((uint32_t)sum_packets & INT32_MAX, (uint32_t)sum_bytes);
}

/* More than one more of its flow: its time is not the stream's, or the flow is watched or copied.
 * The flow's start and end are the smallest and the largest of its packets' own times. */
__attribute__((noinline)) static void take_care(struct tracker *t, struct flow *f,
	const struct packet *p, const struct decoded *v, uint64_t before_ns)
{
	uint32_t index = (uint32_t)(f - t->table.flow);
	uint64_t end_ns = before_ns > p->time_ns ? before_ns : p->time_ns;
	int goes_on = end_ns != p->now_ns || recent_packets_wants(t, f);

	f->end_ns = end_ns;
	if (p->time_ns < f->first_ns)
		f->first_ns = p->time_ns;
	if (p->time_ns < p->now_ns)
		mirror_backwards(t->mirror, p->now_ns - p->time_ns);
	if (mirror_watches(t->mirror, index))
		goes_on |= mirror_watch(t->mirror, index, p, v);
	f->seen[0] = (uint8_t)(goes_on ? f->seen[0] | SEEN0_SKEWED
				       : f->seen[0] & (uint8_t)~SEEN0_SKEWED);
}

void count_packet(
	struct tracker *t, struct flow *f, const struct packet *p, const struct decoded *v)
{
	uint64_t before_ns = flow_end_ns(f);

	add_wide(f, v->direction, 1, v->bytes);
	f->last_ns = p->now_ns;
	if (p->time_ns != p->now_ns || f->seen[0] & SEEN0_SKEWED || before_ns > p->now_ns)
		take_care(t, f, p, v, before_ns);
	count_verdict(t->counters, flow_verdict(f), 1, v->bytes);
	if (v->pending_packets)
		count_pending(t, f, v);
}

void count_change(struct tracker *t, struct flow *f, const struct flow *before)
{
	struct counters *c = t->counters;

	if (flow_initiator(f) != flow_initiator(before)) {
		c->corrected += !f->corrected;
		f->corrected = 1;
		if (verdict_is_flagged(flow_verdict(f)))
			f->reported = 0; /* it is another finding */
	}
	c->verdict_flows[flow_verdict(before)]--;
	c->verdict_flows[flow_verdict(f)]++;
}
