#include "core/flow/recent_packets.h"

#include <netinet/in.h>
#include <string.h>

#include "core/flow/report.h"

#define NOWHERE 0 /* positions are kept plus one, in words */
#define WORD 8u
#define BOUND_UNIT 16u /* bytes that evidence.copied_units counts by */

static uint32_t bytes_of(uint32_t caplen)
{
	return (uint32_t)(sizeof(struct evidence_packet) + caplen + WORD - 1) & ~(WORD - 1);
}

static uint32_t captured(const struct packet *p)
{
	return p->caplen < EVIDENCE_FRAME_MAX ? p->caplen : EVIDENCE_FRAME_MAX;
}

/* --- the ring --- */

static uint32_t place_of(uint64_t at)
{
	return (uint32_t)(at / WORD) + 1;
}

/* A packet of the flow that is still whole at this place, or NULL. A place comes again after 32
 * GiB: what lies there then is looked at before it is believed. */
static struct evidence_packet *packet_at(
	const struct packet_evidence *e, uint32_t place, uint32_t flow)
{
	uint32_t behind = place_of(e->ring_end) - place;
	struct evidence_packet *p;
	uint64_t at;

	if (place == NOWHERE || behind == 0 || (uint64_t)behind * WORD > e->ring_bytes)
		return NULL;
	at = e->ring_end - (uint64_t)behind * WORD;
	p = (void *)(e->ring + at % e->ring_bytes);
	if (at % e->ring_bytes + sizeof(*p) > e->ring_bytes || p->at != at || p->flow != flow)
		return NULL;
	return p->caplen <= EVIDENCE_FRAME_MAX && p->size == bytes_of(p->caplen) &&
			       at % e->ring_bytes + p->size <= e->ring_bytes
		       ? p
		       : NULL;
}

/* Overwrites the oldest; what does not fit before the end begins at the start. */
static struct evidence_packet *ring_room(struct packet_evidence *e, uint32_t bytes)
{
	uint64_t left = e->ring_bytes - e->ring_end % e->ring_bytes;
	struct evidence_packet *p;

	if (left < bytes)
		e->ring_end += left;
	p = (void *)(e->ring + e->ring_end % e->ring_bytes);
	p->at = e->ring_end;
	e->ring_end += bytes;
	return p;
}

/* --- the way out --- */

static void *batch_room(struct packet_evidence *e, uint32_t bytes)
{
	struct evidence_batch *b = e->filling;
	uint8_t *room;

	if (b && b->used + bytes > EVIDENCE_BATCH_BYTES)
		packet_evidence_flush(e);
	if (!e->filling) {
		e->filling = e->empty;
		if (e->empty)
			e->empty = e->empty->next;
	}
	b = e->filling;
	if (!b)
		return NULL;
	room = (uint8_t *)b->byte + b->used;
	b->used += bytes;
	b->packets++;
	return room;
}

/* Notes one packet more; 0: it is beyond the flow's bound. */
static int within_bound(const struct packet_evidence *e, struct evidence *known, uint32_t caplen)
{
	uint32_t units = known->copied_units + (caplen + BOUND_UNIT - 1) / BOUND_UNIT;

	if (known->copied >= e->flow_packets || units > e->flow_bytes / BOUND_UNIT) {
		known->copies = COPIES_DONE;
		return 0;
	}
	known->copied++;
	known->copied_units = (uint16_t)units;
	return 1;
}

/* --- a packet --- */

static void fill_ends(const struct flow *f, unsigned from, struct evidence_packet *out)
{
	flow_address(&out->address[0], f, from);
	flow_address(&out->address[1], f, 1 - from);
	out->port[0] = f->port[from];
	out->port[1] = f->port[1 - from];
	out->protocol = f->protocol;
	out->version = (uint8_t)flow_version(f);
	out->from_initiator = flow_initiator(f) == from;
}

/* Behind the transport header; where there is none of which the payload is known (another protocol,
 * a later fragment), the IP packet. */
static void fill_payload(
	const struct packet *p, const struct decoded *v, struct evidence_packet *out)
{
	int is_transport = (v->protocol == IPPROTO_TCP || v->protocol == IPPROTO_UDP) &&
			   (v->fragment == FRAGMENT_NONE || v->payload_captured > 0);
	const uint8_t *from = is_transport && v->payload_captured > 0 ? v->payload : v->ip;
	uint64_t offset = (uint64_t)(from - p->data),
		 length = is_transport ? v->payload_captured : v->bytes;

	if (!from || offset > out->caplen)
		offset = out->caplen;
	if (length > out->caplen - offset)
		length = out->caplen - offset;
	out->payload_offset = (uint32_t)offset;
	out->payload_length = (uint32_t)length;
	out->is_udp_or_tcp = is_transport != 0;
}

static void fill_frame(const struct packet *p, uint32_t caplen, struct evidence_packet *out)
{
	out->link = p->link;
	out->interface = p->interface;
	out->time_ns = p->time_ns;
	out->caplen = caplen;
	out->wirelen = p->wirelen;
	out->size = bytes_of(caplen);
	memcpy(out->data, p->data, caplen);
}

static void fill(const struct tracker *t, const struct flow *f, const struct packet *p,
	const struct decoded *v, struct evidence_packet *out)
{
	fill_frame(p, captured(p), out);
	fill_ends(f, v->direction, out);
	fill_payload(p, v, out);
	out->tunnel = report_tunnel(t, f);
	out->start_ns = f->first_ns;
	out->number = flow_packets(f, 0) + flow_packets(f, 1);
	out->flow = (uint32_t)(f - t->table.flow);
	out->end = v->direction;
	out->sequence = v->sequence;
	out->reserved = 0;
}

static void copy_recent(
	struct tracker *t, const struct flow *f, const struct packet *p, const struct decoded *v)
{
	struct packet_evidence *e = t->packet_evidence;
	struct evidence *known = table_evidence(&t->table, f);
	struct evidence_packet *out = ring_room(e, bytes_of(captured(p)));

	fill(t, f, p, v, out);
	out->previous = known->recent;
	known->recent = place_of(out->at);
}

static void copy_out(
	struct tracker *t, const struct flow *f, const struct packet *p, const struct decoded *v)
{
	struct packet_evidence *e = t->packet_evidence;
	struct evidence_packet *out;

	if (!within_bound(e, table_evidence(&t->table, f), captured(p)))
		return;
	out = batch_room(e, bytes_of(captured(p)));
	if (!out) {
		t->counters->evidence_lost++;
		return;
	}
	fill(t, f, p, v, out);
	t->counters->evidence_packets++;
}

/* From now on the flow's packets take the slow path. */
static void leave_fast_path(struct flow *f)
{
	if (f->seen[0] & SEEN0_SKEWED)
		return;
	f->end_ns = flow_end_ns(f);
	f->seen[0] |= SEEN0_SKEWED;
}

void recent_packets_copy(
	struct tracker *t, struct flow *f, const struct packet *p, const struct decoded *v)
{
	if (table_evidence(&t->table, f)->copies == COPIES_OUT)
		copy_out(t, f, p, v);
	else if (table_evidence(&t->table, f)->copies == COPIES_RECENT)
		copy_recent(t, f, p, v);
	if (recent_packets_wants(t, f))
		leave_fast_path(f);
}

static void send_recent(struct tracker *t, const struct flow *f, const struct evidence_packet *p)
{
	struct evidence_packet *out;

	if (!within_bound(t->packet_evidence, table_evidence(&t->table, f), p->caplen))
		return;
	out = batch_room(t->packet_evidence, p->size);
	if (!out) {
		t->counters->evidence_lost++;
		return;
	}
	memcpy(out, p, p->size);
	out->start_ns = f->first_ns;
	out->from_initiator = flow_initiator(f) == p->end;
	t->counters->evidence_packets++;
}

/* The ring has the flow's packets from the last to the first; the bound's first ones are wanted, so
 * the chain is turned round on the way back, and gone along once more. */
void recent_packets_flush(struct tracker *t, struct flow *f)
{
	struct packet_evidence *e = t->packet_evidence;
	struct evidence *known = table_evidence(&t->table, f);
	uint32_t flow = (uint32_t)(f - t->table.flow), place = known->recent, next = NOWHERE;
	struct evidence_packet *p;
	uint32_t packets = 0;

	known->copies = COPIES_OUT;
	known->recent = NOWHERE;
	for (; packets < EVIDENCE_PACKETS_MAX && (p = packet_at(e, place, flow)); packets++) {
		uint32_t before = p->previous;
		p->previous = next;
		next = place;
		place = before;
	}
	for (; packets > 0 && (p = packet_at(e, next, flow)); packets--) {
		send_recent(t, f, p);
		next = p->previous;
	}
	if (recent_packets_wants(t, f))
		leave_fast_path(f);
}

void recent_packets_single(struct tracker *t, const struct packet *p, const struct record *r)
{
	struct packet_evidence *e = t->packet_evidence;
	struct evidence_packet *out = batch_room(e, bytes_of(captured(p)));

	if (!out) {
		t->counters->evidence_lost++;
		return;
	}
	fill_frame(p, captured(p), out);
	memcpy(out->address, r->address, sizeof(out->address));
	memcpy(out->port, r->port, sizeof(out->port));
	out->protocol = r->protocol;
	out->version = r->version;
	out->from_initiator = 1;
	out->tunnel = r->tunnel;
	out->start_ns = r->start_ns;
	out->number = 1;
	out->sequence = 0;
	out->payload_offset = 0; /* not known here: credentials are looked for in all of it */
	out->payload_length = out->caplen;
	out->is_udp_or_tcp = 0;
	t->counters->evidence_packets++;
}
