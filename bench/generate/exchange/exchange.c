#include "exchange/play.h"

#include <string.h>

#include "payload/dhcp_messages.h"

struct packet_ends play_ends(struct exchange *x, enum side side)
{
	struct packet_ends p = {
		.from = x->end[side],
		.to = x->end[!side],
		.protocol = x->protocol,
		.side = side,
		.time_ns = x->now_ns,
	};

	return p;
}

void play_send(struct exchange *x, const struct packet_ends *p)
{
	x->last_ns = builder_send(x->builder, p, x->shape);
	x->now_ns = x->last_ns + x->shape->gap_ns;
}

/* --- datagrams --- */

static void datagram(struct exchange *x, enum side side, struct span payload)
{
	struct frame *f = &x->builder->frame;
	struct packet_ends p = play_ends(x, side);

	frame_start(f, payload.at, payload.length);
	if (x->layer == LAYER_UDP)
		udp_prepend(f, &p.from, &p.to, x->shape->udp_length, x->shape->checksum);
	play_send(x, &p);
}

static void sent_frame(struct exchange *x)
{
	x->last_ns = x->now_ns;
	x->now_ns += x->shape->gap_ns;
}

static void bare_frame(struct exchange *x, enum side side, struct span payload)
{
	struct frame *f = &x->builder->frame;

	frame_start(f, payload.at, payload.length);
	f->ethertype = x->ethertype;
	f->from = x->end[side];
	f->to = x->end[!side];
	builder_send_frame(x->builder, side, x->now_ns, x->shape);
	sent_frame(x);
}

static void raw_frame(struct exchange *x, struct span payload)
{
	frame_start(&x->builder->frame, payload.at, payload.length);
	builder_send_raw(x->builder, x->now_ns, x->shape);
	sent_frame(x);
}

static void say(struct exchange *x, enum side side, struct span payload)
{
	if (x->layer == LAYER_TCP)
		tcp_stream(x, side, payload);
	else if (x->layer == LAYER_ETHERNET)
		bare_frame(x, side, payload);
	else if (x->layer == LAYER_RAW)
		raw_frame(x, payload);
	else
		datagram(x, side, payload);
}

static void do_send(struct exchange *x, const struct step *s)
{
	say(x, SIDE_THERE, s->payload[0]);
}

static void do_reply(struct exchange *x, const struct step *s)
{
	say(x, SIDE_BACK, s->payload[0]);
}

static void do_data(struct exchange *x, const struct step *s)
{
	say(x, SIDE_THERE, s->payload[0]);
	say(x, SIDE_BACK, s->payload[1]);
}

/* --- ICMP --- */

static void icmp(struct exchange *x, enum side side, uint8_t type, uint8_t code, uint32_t rest)
{
	struct packet_ends p = play_ends(x, side);

	icmp_prepend(&x->builder->frame, &p.from, &p.to, type, code, rest, x->shape->checksum);
	play_send(x, &p);
}

static void echo(struct exchange *x, enum side side, uint8_t type)
{
	static const uint8_t text[] = "abcdefghijklmnopqrstuvwabcdefghi";

	frame_start(&x->builder->frame, text, sizeof(text) - 1);
	icmp(x, side, type, 0, 0x00010000u | x->echoes);
}

static void do_echo(struct exchange *x, const struct step *s)
{
	bool v6 = x->end[0].version == 6;

	(void)s;
	x->echoes++;
	echo(x, SIDE_THERE, v6 ? 128 : 8);
	echo(x, SIDE_BACK, v6 ? 129 : 0);
}

static void do_message(struct exchange *x, const struct step *s)
{
	frame_start(&x->builder->frame, s->payload[0].at, s->payload[0].length);
	icmp(x, SIDE_THERE, (uint8_t)s->number[0], (uint8_t)s->number[1], 0);
}

/* RFC 792, RFC 4443 3.1: as much of the packet as an IP header and eight bytes. */
static void do_unreachable(struct exchange *x, const struct step *s)
{
	static const struct ip_shape plain = IP_SHAPE_PLAIN;
	static const struct tcp_fields syn = {.flags = TCP_SYN, .data_offset = -1};
	struct frame *f = &x->builder->frame;
	const struct endpoint *from = &s->quoted[0], *to = &s->quoted[1];

	frame_start(f, NULL, 0);
	if (s->protocol == PROTOCOL_UDP)
		udp_prepend(f, from, to, -1, CHECKSUM_RIGHT);
	else
		tcp_prepend(f, from, to, &syn, CHECKSUM_RIGHT);
	ip_prepend(f, from, to, s->protocol, &plain, 1);
	icmp(x, SIDE_THERE, x->end[0].version == 6 ? 1 : 3, (uint8_t)s->number[0], 0);
}

/* --- ARP (RFC 826) --- */

static void arp(struct exchange *x, enum side side, unsigned operation)
{
	struct frame *f = &x->builder->frame;
	uint8_t packet[28] = {0, 1, 8, 0, 6, 4};
	const struct endpoint *from = &x->end[side], *to = &x->end[!side];
	struct endpoint everyone = endpoint_v4(UINT32_MAX, 0);

	put_u16(packet + 6, operation);
	hosts_mac(x->builder->hosts, from, packet + 8);
	memcpy(packet + 14, endpoint_bytes(from), 4);
	if (operation == 2)
		hosts_mac(x->builder->hosts, to, packet + 18);
	memcpy(packet + 24, endpoint_bytes(to), 4);
	frame_start(f, packet, sizeof(packet));
	f->ethertype = ETHERTYPE_ARP;
	f->from = *from;
	f->to = operation == 1 ? everyone : *to;
	builder_send_frame(x->builder, side, x->now_ns, x->shape);
	sent_frame(x);
}

static void do_ask(struct exchange *x, const struct step *s)
{
	(void)s;
	arp(x, SIDE_THERE, 1);
}

static void do_answer(struct exchange *x, const struct step *s)
{
	(void)s;
	arp(x, SIDE_BACK, 2);
}

/* --- DHCP (RFC 2131) --- */

static void dhcp_send(struct exchange *x, enum side side, enum dhcp_type type, bool unicast)
{
	uint8_t message[DHCP_BYTES];
	struct packet_ends p = play_ends(x, side);
	struct dhcp d = {.type = type, .is_renewal = unicast, .hosts = x->builder->hosts};

	d.client = x->end[SIDE_THERE];
	d.server = x->end[SIDE_BACK];
	if (!unicast) {
		p.to = endpoint_v4(UINT32_MAX, 0);
		if (side == SIDE_THERE)
			p.from = endpoint_v4(0, 0);
		p.hardware = &x->end[side];
	}
	p.from.port = side == SIDE_THERE ? 68 : 67;
	p.to.port = side == SIDE_THERE ? 67 : 68;
	frame_start(&x->builder->frame, message, dhcp_write(&d, message));
	udp_prepend(&x->builder->frame, &p.from, &p.to, -1, x->shape->checksum);
	play_send(x, &p);
}

static void do_discover(struct exchange *x, const struct step *s)
{
	(void)s;
	dhcp_send(x, SIDE_THERE, DHCP_DISCOVER, false);
}

static void do_offer(struct exchange *x, const struct step *s)
{
	(void)s;
	dhcp_send(x, SIDE_BACK, DHCP_OFFER, false);
}

static void do_request(struct exchange *x, const struct step *s)
{
	(void)s;
	dhcp_send(x, SIDE_THERE, DHCP_REQUEST, false);
}

static void do_acknowledge(struct exchange *x, const struct step *s)
{
	(void)s;
	dhcp_send(x, SIDE_BACK, DHCP_ACK, false);
}

static void do_lease(struct exchange *x, const struct step *s)
{
	do_discover(x, s);
	do_offer(x, s);
	do_request(x, s);
	do_acknowledge(x, s);
}

static void do_renew(struct exchange *x, const struct step *s)
{
	(void)s;
	dhcp_send(x, SIDE_THERE, DHCP_REQUEST, true);
	dhcp_send(x, SIDE_BACK, DHCP_ACK, true);
}

/* --- the play --- */

static void do_wait(struct exchange *x, const struct step *s)
{
	x->now_ns += s->number[0];
}

static void do_nothing(struct exchange *x, const struct step *s)
{
	(void)x;
	(void)s;
}

static play_function *const play[STEP_COUNT] = {
	[STEP_HANDSHAKE] = play_handshake,
	[STEP_SYN] = play_syn,
	[STEP_SYN_ACK] = play_syn_ack,
	[STEP_ACK] = play_ack,
	[STEP_ACK_BACK] = play_ack,
	[STEP_UNANSWERED] = play_unanswered,
	[STEP_REFUSED] = play_refused,
	[STEP_MIDSTREAM] = do_nothing,
	[STEP_SEND] = do_send,
	[STEP_REPLY] = do_reply,
	[STEP_DATA] = do_data,
	[STEP_AGAIN] = play_again,
	[STEP_KEEPALIVE] = play_keepalive,
	[STEP_SKIP] = play_skip,
	[STEP_SKIP_BACK] = play_skip,
	[STEP_FIN] = play_fin,
	[STEP_FIN_BACK] = play_fin,
	[STEP_CLOSE] = play_close,
	[STEP_CLOSE_BACK] = play_close,
	[STEP_RESET] = play_reset,
	[STEP_RESET_BACK] = play_reset,
	[STEP_FLAGS] = play_flags,
	[STEP_ECHO] = do_echo,
	[STEP_MESSAGE] = do_message,
	[STEP_UNREACHABLE] = do_unreachable,
	[STEP_ASK] = do_ask,
	[STEP_ANSWER] = do_answer,
	[STEP_DISCOVER] = do_discover,
	[STEP_OFFER] = do_offer,
	[STEP_REQUEST] = do_request,
	[STEP_ACKNOWLEDGE] = do_acknowledge,
	[STEP_LEASE] = do_lease,
	[STEP_RENEW] = do_renew,
	[STEP_WAIT] = do_wait,
};

static void play_step(struct exchange *x, const struct step *s)
{
	uint64_t start_ns = x->now_ns;

	for (uint32_t i = 0; i < s->times && !x->builder->packets.error; i++) {
		if (s->every_ns)
			x->now_ns = start_ns + i * s->every_ns;
		play[s->kind](x, s);
	}
}

void exchange_play(struct exchange *x, const struct step *steps, size_t count)
{
	x->last_ns = x->now_ns;
	if (x->layer == LAYER_TCP)
		tcp_load_sequence(x);
	for (size_t i = 0; i < count; i++)
		play_step(x, &steps[i]);
	if (x->layer == LAYER_TCP)
		tcp_store_sequence(x);
}
