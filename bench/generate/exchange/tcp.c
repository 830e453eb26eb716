/* TCP: a connection's steps, with the sequence numbers that belong */
#include "exchange/play.h"

#include <string.h>

#include "random.h"

static uint64_t pair_key(const struct exchange *x, enum side first)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (unsigned i = 0; i < SIDE_COUNT; i++) {
		const struct endpoint *e = &x->end[i ^ (unsigned)first];
		hash = random_hash(hash, e->address.byte, sizeof(e->address.byte));
		hash = random_hash(hash, &e->port, sizeof(e->port));
	}
	return random_mix(hash);
}

/* The pair's slot, and which of its sides our first end is. */
static struct seq_entry *seq_table_find(struct exchange *x, enum side *turned)
{
	uint64_t key = pair_key(x, SIDE_THERE), other = pair_key(x, SIDE_BACK);
	struct seq_entry *e;

	*turned = other < key ? SIDE_BACK : SIDE_THERE;
	key = other < key ? other : key;
	e = &x->seq_table->entry[key % SEQ_TABLE_SLOTS];
	if (e->key != key)
		*e = (struct seq_entry){.key = key};
	return e;
}

static void begin_connection(struct exchange *x)
{
	uint64_t number = random_mix(pair_key(x, SIDE_THERE) + x->seq_table->connections++);

	x->next[SIDE_THERE] = x->shape->has_seq ? x->shape->seq : (uint32_t)number;
	x->next[SIDE_BACK] = x->shape->has_ack ? x->shape->ack : (uint32_t)(number >> 32);
}

void tcp_load_sequence(struct exchange *x)
{
	enum side turned;
	const struct seq_entry *e = seq_table_find(x, &turned);

	if (!e->known) {
		begin_connection(x);
		return;
	}
	x->next[SIDE_THERE] = x->shape->has_seq ? x->shape->seq : e->next[turned];
	x->next[SIDE_BACK] = x->shape->has_ack ? x->shape->ack : e->next[!turned];
}

void tcp_store_sequence(struct exchange *x)
{
	enum side turned;
	struct seq_entry *e = seq_table_find(x, &turned);

	e->known = true;
	e->next[turned] = x->next[SIDE_THERE];
	e->next[!turned] = x->next[SIDE_BACK];
}

/* MSS, window scale 7, SACK permitted (RFC 9293 3.2, RFC 7323, RFC 2018). */
static void syn_options(struct tcp_fields *t, uint16_t mss)
{
	const uint8_t options[] = {2, 4, (uint8_t)(mss >> 8), (uint8_t)mss, 1, 3, 3, 7, 1, 1, 4, 2};

	t->options_length = sizeof(options);
	memcpy(t->options, options, sizeof(options));
}

static void segment(
	struct exchange *x, enum side side, uint32_t seq, uint8_t flags, struct span payload)
{
	const struct packet_options *s = x->shape;
	struct packet_ends p = play_ends(x, side);
	struct tcp_fields t = {
		.seq = seq,
		.ack = flags & TCP_ACK ? x->next[!side] : 0,
		.window = s->window,
		.flags = flags,
		.data_offset = s->data_offset,
	};

	if (flags & TCP_SYN)
		syn_options(&t, s->mss);
	if (s->tcp_options_length) {
		t.options_length = s->tcp_options_length;
		memcpy(t.options, s->tcp_options, s->tcp_options_length);
	}
	frame_start(&x->builder->frame, payload.at, payload.length);
	tcp_prepend(&x->builder->frame, &p.from, &p.to, &t, s->checksum);
	play_send(x, &p);
}

static const struct span nothing;

static void control(struct exchange *x, enum side side, uint8_t flags)
{
	segment(x, side, x->next[side], flags, nothing);
	x->next[side] += !!(flags & TCP_SYN) + !!(flags & TCP_FIN);
}

void play_syn(struct exchange *x, const struct step *s)
{
	(void)s;
	begin_connection(x);
	control(x, SIDE_THERE, TCP_SYN);
}

void play_syn_ack(struct exchange *x, const struct step *s)
{
	(void)s;
	control(x, SIDE_BACK, TCP_SYN | TCP_ACK);
}

void play_ack(struct exchange *x, const struct step *s)
{
	control(x, s->kind == STEP_ACK_BACK ? SIDE_BACK : SIDE_THERE, TCP_ACK);
}

void play_handshake(struct exchange *x, const struct step *s)
{
	play_syn(x, s);
	play_syn_ack(x, s);
	play_ack(x, s);
}

/* The same SYN again after 1, 2, 4 … seconds (RFC 6298). */
void play_unanswered(struct exchange *x, const struct step *s)
{
	uint64_t wait_ns = 1000000000;
	uint64_t start_ns = x->now_ns;

	begin_connection(x);
	for (uint64_t i = 0; i < s->number[0]; i++, wait_ns *= 2) {
		x->now_ns = start_ns + wait_ns - 1000000000;
		segment(x, SIDE_THERE, x->next[SIDE_THERE], TCP_SYN, nothing);
	}
	x->next[SIDE_THERE]++;
}

void play_refused(struct exchange *x, const struct step *s)
{
	play_syn(x, s);
	x->next[SIDE_BACK] = 0;
	control(x, SIDE_BACK, TCP_RST | TCP_ACK);
}

void tcp_stream(struct exchange *x, enum side side, struct span payload)
{
	uint16_t mss = x->shape->mss;

	while (payload.length && !x->builder->packets.error) {
		size_t size = payload.length < mss ? payload.length : mss;
		bool is_last = size == payload.length;
		x->last.side = side;
		x->last.seq = x->next[side];
		x->last.payload = (struct span){payload.at, size};
		segment(x, side, x->next[side], is_last ? TCP_PSH | TCP_ACK : TCP_ACK,
			x->last.payload);
		x->next[side] += (uint32_t)size;
		payload.at += size;
		payload.length -= size;
	}
	if (!x->shape->no_acks)
		control(x, !side, TCP_ACK);
}

void play_again(struct exchange *x, const struct step *s)
{
	(void)s;
	segment(x, x->last.side, x->last.seq, TCP_PSH | TCP_ACK, x->last.payload);
}

/* RFC 9293 3.8.4: the byte before the next one, which must be answered. */
void play_keepalive(struct exchange *x, const struct step *s)
{
	(void)s;
	segment(x, SIDE_THERE, x->next[SIDE_THERE] - 1, TCP_ACK, nothing);
	control(x, SIDE_BACK, TCP_ACK);
}

void play_skip(struct exchange *x, const struct step *s)
{
	x->next[s->kind == STEP_SKIP_BACK] += (uint32_t)s->number[0];
}

void play_fin(struct exchange *x, const struct step *s)
{
	enum side side = s->kind == STEP_FIN_BACK ? SIDE_BACK : SIDE_THERE;

	control(x, side, TCP_FIN | TCP_ACK);
	control(x, !side, TCP_ACK);
}

void play_close(struct exchange *x, const struct step *s)
{
	enum side side = s->kind == STEP_CLOSE_BACK ? SIDE_BACK : SIDE_THERE;

	control(x, side, TCP_FIN | TCP_ACK);
	control(x, !side, TCP_FIN | TCP_ACK);
	control(x, side, TCP_ACK);
}

void play_reset(struct exchange *x, const struct step *s)
{
	control(x, s->kind == STEP_RESET_BACK ? SIDE_BACK : SIDE_THERE, TCP_RST | TCP_ACK);
}

void play_flags(struct exchange *x, const struct step *s)
{
	segment(x, SIDE_THERE, x->next[SIDE_THERE], (uint8_t)s->number[0], s->payload[0]);
	x->next[SIDE_THERE] += (uint32_t)s->payload[0].length + !!(s->number[0] & TCP_SYN) +
			       !!(s->number[0] & TCP_FIN);
}
