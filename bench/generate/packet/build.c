#include "packet/build.h"

#include <string.h>
#include <sys/types.h>

#include "packet/link_header.h"

#define FRAGMENT_GAP_NS 1000

static void encapsulate(struct packet_builder *w, enum side side, const struct packet_options *s)
{
	bool back = side == SIDE_BACK;

	for (unsigned i = s->vias; i-- > 0;)
		encapsulation_prepend(&w->frame, &s->via[i], w->hosts, back, w->next_id);
	if (s->has_tag[side])
		encapsulation_prepend(&w->frame, &s->tag[side], w->hosts, back, w->next_id);
}

/* Into the train, as it is now. `ip` is where its IP header lies, -1: nowhere. */
static void board(struct packet_builder *w, ssize_t ip, enum side side, uint64_t time_ns,
	const struct packet_options *s)
{
	struct frame *f = &w->frame;
	struct wagon wagon = {.time_ns = time_ns, .stamp_ns = s->stamp_ns, .side = side};

	wagon.has_ip = ip >= 0;
	wagon.ip = ip >= 0 ? (uint32_t)ip : 0;
	wagon.wirelen = (uint32_t)f->length;
	wagon.caplen = s->cut < wagon.wirelen ? s->cut : wagon.wirelen;
	if (f->sequence) {
		wagon.sequence = (uint32_t)(f->sequence - f->head);
		wagon.session = f->session;
	}
	packet_list_add(&w->packets, wagon, f->head);
}

static void finish(struct packet_builder *w, bool is_ip, enum side side, uint64_t time_ns,
	const struct packet_options *s)
{
	struct frame *f = &w->frame;
	size_t inner = f->length;
	ssize_t ip;

	encapsulate(w, side, s);
	if (!link_header_prepend(f, w->link, w->hosts)) {
		w->unsupported = true;
		return;
	}
	ip = is_ip ? (ssize_t)(f->length - inner) : -1;
	if (s->trailer) {
		memset(f->head + f->length, 0xaa, s->trailer);
		f->length += s->trailer;
	}
	if (w->link == LINK_ETHERNET && !s->no_padding)
		frame_pad(f, ETHERNET_MIN);
	board(w, ip, side, time_ns, s);
}

static void send_whole(struct packet_builder *w, const struct packet_ends *p,
	const struct ip_shape *ip, const struct packet_options *s)
{
	ip_prepend(&w->frame, &p->from, &p->to, p->protocol, ip, w->next_id);
	if (p->hardware)
		w->frame.from = *p->hardware;
	finish(w, true, p->side, p->time_ns, s);
}

/* Bytes of each fragment: a multiple of eight, the same for all but a tiny first. */
static size_t fragment_bytes(const struct packet_options *s, size_t length)
{
	size_t count = s->fragments;

	if (s->fragment_style == FRAGMENT_TINY && count > 1) {
		count--;
		length = length > 8 ? length - 8 : 0;
	}
	return ((length + count - 1) / count + 7) / 8 * 8;
}

/* One datagram as several: each begins where the one before ended, or 8 bytes earlier. */
static uint64_t send_fragments(
	struct packet_builder *w, const struct packet_ends *p, const struct packet_options *s)
{
	size_t length = w->frame.length, step = fragment_bytes(s, length), at = 0;
	struct packet_ends each = *p;
	struct ip_shape ip = s->ip;

	memcpy(w->piece, w->frame.head, length);
	while (at < length) {
		size_t size = at == 0 && s->fragment_style == FRAGMENT_TINY ? 8 : step;
		size_t back = at > 0 && s->fragment_style == FRAGMENT_OVERLAP ? 8 : 0;
		size_t end = at + size < length ? at + size : length;
		ip.offset = s->ip.offset + (uint32_t)(at - back);
		ip.mf = end < length || s->ip.mf;
		frame_start(&w->frame, w->piece + at - back, end - at + back);
		send_whole(w, &each, &ip, s);
		each.time_ns += FRAGMENT_GAP_NS;
		at = end;
	}
	return each.time_ns - FRAGMENT_GAP_NS;
}

uint64_t builder_send(
	struct packet_builder *w, const struct packet_ends *p, const struct packet_options *s)
{
	uint64_t end = p->time_ns;

	if (s->fragments > 1 && w->frame.length > 8)
		end = send_fragments(w, p, s);
	else
		send_whole(w, p, &s->ip, s);
	w->next_id++;
	return end;
}

void builder_send_frame(
	struct packet_builder *w, enum side side, uint64_t time_ns, const struct packet_options *s)
{
	finish(w, false, side, time_ns, s);
}

void builder_send_raw(struct packet_builder *w, uint64_t time_ns, const struct packet_options *s)
{
	board(w, -1, SIDE_THERE, time_ns, s);
}
