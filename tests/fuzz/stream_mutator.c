#include "stream_mutator.h"

#include <netinet/in.h>

#include "packet_layout.h"
#include "packet_mutator.h"

#define HEAD_BYTES 8
#define PACKETS_MAX 256
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Where the packets are, each with its head. */
struct packet_index {
	size_t count, at[PACKETS_MAX], bytes[PACKETS_MAX];
};

typedef bool stream_operation(struct mutation *, const struct packet_index *, size_t chosen);

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void add32(uint8_t *at, uint32_t more)
{
	uint32_t value =
		(uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];

	put16(at, (value + more) >> 16);
	put16(at + 2, (value + more) & 0xffff);
}

/* The last byte is no packet's. */
static void index_packets(struct packet_index *x, const uint8_t *data, size_t size)
{
	size_t at = 1, bytes;

	for (x->count = 0; at + HEAD_BYTES < size && x->count < PACKETS_MAX; at += bytes) {
		bytes = HEAD_BYTES + (size_t)data[at] * 256 + data[at + 1];
		if (bytes > size - 1 - at)
			bytes = size - 1 - at;
		x->at[x->count] = at;
		x->bytes[x->count++] = bytes;
	}
}

/* A packet in memory of its own, with its head. */
struct packet_copy {
	uint8_t head[HEAD_BYTES], byte[PACKET_BYTES_MAX];
	struct mutation frame;
};

static bool copy_packet(struct packet_copy *c, struct mutation *m, size_t at, size_t bytes)
{
	if (bytes - HEAD_BYTES > sizeof(c->byte))
		return false;
	memcpy(c->head, m->byte + at, HEAD_BYTES);
	memcpy(c->byte, m->byte + at + HEAD_BYTES, bytes - HEAD_BYTES);
	c->frame =
		(struct mutation){mutation_number(m), c->byte, bytes - HEAD_BYTES, sizeof(c->byte)};
	return true;
}

static bool insert_packet(struct mutation *m, size_t at, struct packet_copy *c)
{
	put16(c->head, c->frame.length);
	return HEAD_BYTES + c->frame.length <= m->room - m->length &&
	       mutation_insert(m, at, c->byte, c->frame.length) &&
	       mutation_insert(m, at, c->head, HEAD_BYTES);
}

static bool replace_packet(struct mutation *m, size_t at, size_t bytes, struct packet_copy *c)
{
	if (HEAD_BYTES + c->frame.length > m->room - m->length + bytes)
		return false;
	mutation_remove(m, at, bytes);
	return insert_packet(m, at, c);
}

/* --- packets -------------------------------------------------------------------------------- */

static bool change_one(struct mutation *m, const struct packet_index *x, size_t i)
{
	struct packet_copy c;

	if (!copy_packet(&c, m, x->at[i], x->bytes[i]))
		return false;
	packet_mutate(&c.frame);
	return replace_packet(m, x->at[i], x->bytes[i], &c);
}

/* The same to each: a tag, a tunnel, an extension header around a whole conversation. From the
 * last on, so that the index stays right. */
static bool change_all(struct mutation *m, const struct packet_index *x, size_t chosen)
{
	uint64_t seed = mutation_number(m);
	struct packet_copy c;

	(void)chosen;
	for (size_t i = x->count; i-- > 0;) {
		if (!copy_packet(&c, m, x->at[i], x->bytes[i]))
			continue;
		c.frame.seed = seed;
		packet_mutate(&c.frame);
		if (!replace_packet(m, x->at[i], x->bytes[i], &c))
			return i + 1 < x->count;
	}
	return true;
}

static bool lose(struct mutation *m, const struct packet_index *x, size_t i)
{
	mutation_remove(m, x->at[i], x->bytes[i]);
	return true;
}

static bool repeat(struct mutation *m, const struct packet_index *x, size_t i)
{
	size_t to = x->at[mutation_below(m, x->count)];
	struct packet_copy c;

	return copy_packet(&c, m, x->at[i], x->bytes[i]) && insert_packet(m, to, &c);
}

static bool reorder(struct mutation *m, const struct packet_index *x, size_t i)
{
	size_t to = mutation_below(m, x->count);
	struct packet_copy c;

	if (to == i || !copy_packet(&c, m, x->at[i], x->bytes[i]))
		return false;
	mutation_remove(m, x->at[i], x->bytes[i]);
	return insert_packet(m, to > i ? x->at[to] - x->bytes[i] : x->at[to], &c);
}

/* --- time, capture, interface ---------------------------------------------------------------- */

/* A step in a unit of 1 ns, 1 us, 1 ms, 1/64 s, back, or far away. */
static bool change_time(struct mutation *m, const struct packet_index *x, size_t i)
{
	static const uint32_t step[] = {
		0, 1, 999, 64, 30 * 64, 61 * 64, 180 * 64, 3601 * 64, 5000, 60001, 0xffffff};
	uint32_t chosen = step[mutation_below(m, COUNT(step))];
	uint8_t *head = m->byte + x->at[i];

	head[4] = (uint8_t)(chosen >> 16);
	put16(head + 5, chosen & 0xffff);
	head[7] = (uint8_t)((head[7] & 0x18) | mutation_below(m, 8));
	if (mutation_one_in(m, 32))
		head[7] = 0xff;
	return true;
}

static bool change_interface(struct mutation *m, const struct packet_index *x, size_t i)
{
	m->byte[x->at[i] + 7] =
		(uint8_t)((m->byte[x->at[i] + 7] & ~0x18u) | mutation_below(m, 4) << 3);
	return true;
}

/* As a capture with a snapshot length does. */
static bool cut(struct mutation *m, const struct packet_index *x, size_t i)
{
	size_t length = x->bytes[i] - HEAD_BYTES, kept = mutation_below(m, length + 1);
	uint8_t *head = m->byte + x->at[i];

	put16(head, kept);
	put16(head + 2, length - kept);
	mutation_remove(m, x->at[i] + HEAD_BYTES + kept, length - kept);
	return true;
}

/* --- TCP ------------------------------------------------------------------------------------ */

static bool read_tcp(struct packet_layout *l, const struct mutation *frame)
{
	struct packet_layout within;

	if (!packet_layout_read(l, frame, 0))
		return false;
	while (packet_layout_is_tunnel(l, frame) && packet_layout_read(&within, frame, l->payload))
		*l = within;
	return l->protocol == IPPROTO_TCP && frame->length - l->transport >= 20;
}

static bool split(struct mutation *m, const struct packet_index *x, size_t i)
{
	struct packet_copy first, second;
	struct packet_layout l;
	size_t kept;

	if (!copy_packet(&first, m, x->at[i], x->bytes[i]) || !read_tcp(&l, &first.frame) ||
		first.frame.length - l.payload < 2)
		return false;
	copy_packet(&second, m, x->at[i], x->bytes[i]);
	kept = 1 + mutation_below(m, first.frame.length - l.payload - 1);
	first.frame.length = l.payload + kept;
	mutation_remove(&second.frame, l.payload, mutation_one_in(m, 4) ? kept / 2 : kept);
	add32(second.byte + l.transport + 4, (uint32_t)kept);
	packet_fix_up(&first.frame);
	packet_fix_up(&second.frame);
	if (mutation_one_in(m, 2)) /* out of order */
		return replace_packet(m, x->at[i], x->bytes[i], &second) &&
		       insert_packet(m, x->at[i] + HEAD_BYTES + second.frame.length, &first);
	return replace_packet(m, x->at[i], x->bytes[i], &first) &&
	       insert_packet(m, x->at[i] + HEAD_BYTES + first.frame.length, &second);
}

static void exchange(uint8_t *a, uint8_t *b, size_t bytes)
{
	uint8_t kept[16];

	memcpy(kept, a, bytes);
	memcpy(a, b, bytes);
	memcpy(b, kept, bytes);
}

static void turn(struct mutation *frame, const struct packet_layout *l)
{
	size_t bytes = l->version == 4 ? 4 : 16;
	uint8_t *address = frame->byte + l->ip + (l->version == 4 ? 12 : 8);

	exchange(address, address + bytes, bytes);
	if (frame->length - l->transport >= 4)
		exchange(frame->byte + l->transport, frame->byte + l->transport + 2, 2);
}

/* The packet back from the other end: its numbers exchanged, what was said acknowledged. */
static bool answer(struct mutation *m, const struct packet_index *x, size_t i)
{
	struct packet_copy c;
	struct packet_layout l;
	uint32_t said;

	if (!copy_packet(&c, m, x->at[i], x->bytes[i]) || !packet_layout_read(&l, &c.frame, 0))
		return false;
	turn(&c.frame, &l);
	if (l.protocol == IPPROTO_TCP && c.frame.length - l.transport >= 20) {
		uint8_t *tcp = c.byte + l.transport;
		said = (uint32_t)(c.frame.length - l.payload) + (tcp[13] & 2 ? 1 : 0);
		exchange(tcp + 4, tcp + 8, 4);
		add32(tcp + 8, said);
		tcp[13] |= 0x10;
	}
	if (mutation_one_in(m, 2))
		mutation_part(&c.frame, l.payload, c.frame.length - l.payload,
			c.frame.length - l.payload + 32);
	packet_fix_up(&c.frame);
	return insert_packet(m, x->at[i] + x->bytes[i], &c);
}

/* RFC 9293 section 3.5: SYN and SYN with ACK before a segment. */
static bool begin(struct mutation *m, const struct packet_index *x, size_t i)
{
	struct packet_copy first, second;
	struct packet_layout l;

	if (!copy_packet(&first, m, x->at[i], x->bytes[i]) || !read_tcp(&l, &first.frame))
		return false;
	first.frame.length = l.payload;
	first.byte[l.transport + 13] = 0x02;
	add32(first.byte + l.transport + 4, (uint32_t)-1);
	second = first;
	second.frame.byte = second.byte;
	turn(&second.frame, &l);
	second.byte[l.transport + 13] = 0x12;
	exchange(second.byte + l.transport + 4, second.byte + l.transport + 8, 4);
	add32(second.byte + l.transport + 4, (uint32_t)-1);
	add32(second.byte + l.transport + 8, 1);
	packet_fix_up(&first.frame);
	packet_fix_up(&second.frame);
	return insert_packet(m, x->at[i], &second) && insert_packet(m, x->at[i], &first);
}

/* --- one of them ------------------------------------------------------------------------------ */

static void change_settings(struct mutation *m)
{
	size_t at = mutation_one_in(m, 2) ? 0 : m->length - 1;

	m->byte[at] = (uint8_t)mutation_number(m);
}

void stream_mutate(struct mutation *m)
{
	static stream_operation *const operation[] = {change_one, change_one, change_one,
		change_one, change_all, lose, repeat, reorder, change_time, change_interface, cut,
		split, answer, answer, begin};
	struct packet_index x;

	index_packets(&x, m->byte, m->length);
	if (x.count == 0)
		m->length = LLVMFuzzerMutate(m->byte, m->length, m->room);
	else if (mutation_one_in(m, 32))
		change_settings(m);
	else
		operation[mutation_below(m, COUNT(operation))](m, &x, mutation_below(m, x.count));
}

size_t stream_interleave(
	const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size, struct mutation *out)
{
	const uint8_t *data[2] = {a, b};
	struct packet_index x[2];
	size_t next[2] = {0, 0};

	index_packets(&x[0], a, a_size);
	index_packets(&x[1], b, b_size);
	mutation_insert(out, 0, a, a_size ? 1 : 0);
	while (next[0] < x[0].count || next[1] < x[1].count) {
		size_t from = mutation_below(out, 2), i;
		if (next[from] == x[from].count)
			from = !from;
		i = next[from]++;
		if (out->length + 1 >= out->room ||
			!mutation_insert(
				out, out->length, data[from] + x[from].at[i], x[from].bytes[i]))
			break;
	}
	mutation_insert(out, out->length, a + a_size - 1, a_size ? 1 : 0);
	return out->length;
}
