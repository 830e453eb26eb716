#include "packet/packets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "packet/checksum.h"
#include "packet/frame.h"

/* A script that asks for more is a mistake. */
#define WAGONS_MAX (8u << 20)
#define BYTES_MAX (1ull << 30)

/* Room for `count` more members of `size` bytes: the memory, perhaps moved; NULL. */
static void *with_room(void *memory, size_t used, size_t count, size_t size, size_t *capacity)
{
	size_t want = *capacity ? *capacity : 1024;
	void *more;

	if (used + count <= *capacity)
		return memory;
	while (want < used + count)
		want *= 2;
	more = realloc(memory, want * size);
	if (more)
		*capacity = want;
	return more;
}

static bool packet_list_grow(struct packet_list *t, size_t bytes)
{
	void *wagon, *byte;

	if (t->count >= WAGONS_MAX || t->length + bytes > BYTES_MAX)
		t->error = -EFBIG;
	if (t->error)
		return false;
	wagon = with_room(t->wagon, t->count, 1, sizeof(*t->wagon), &t->capacity);
	if (wagon)
		t->wagon = wagon;
	byte = with_room(t->byte, t->length, bytes, 1, &t->room);
	if (byte)
		t->byte = byte;
	if (!wagon || (!byte && bytes))
		t->error = -ENOMEM;
	return !t->error;
}

void packet_list_add(struct packet_list *t, struct wagon w, const void *bytes)
{
	if (!packet_list_grow(t, w.caplen))
		return;
	w.offset = t->length;
	if (w.caplen)
		memcpy(t->byte + t->length, bytes, w.caplen);
	t->length += w.caplen;
	t->wagon[t->count++] = w;
}

/* The packets named first, in that order, then the others: contents change places,
 * the times stay where they are. */
static void reorder(struct wagon *w, size_t count, const struct packet_options *s)
{
	struct wagon old[ORDER_MAX];
	bool taken[ORDER_MAX] = {false};
	size_t next = 0, known = count < ORDER_MAX ? count : ORDER_MAX;
	uint64_t time_ns[ORDER_MAX];

	memcpy(old, w, known * sizeof(*w));
	for (size_t i = 0; i < known; i++)
		time_ns[i] = w[i].time_ns;
	for (unsigned i = 0; i < s->orders; i++) {
		unsigned from = s->order[i] - 1u;
		if (from < known && !taken[from]) {
			taken[from] = true;
			w[next++] = old[from];
		}
	}
	for (size_t i = 0; i < known; i++) {
		if (!taken[i])
			w[next++] = old[i];
	}
	for (size_t i = 0; i < known; i++)
		w[i].time_ns = time_ns[i];
}

static bool is_seen(const struct packet_options *s, enum side side)
{
	return !(s->only_there && side == SIDE_BACK) && !(s->only_back && side == SIDE_THERE);
}

static bool is_lost(const struct packet_options *s, size_t place)
{
	for (unsigned i = 0; i < s->losses; i++) {
		if (s->loss[i] == place + 1)
			return true;
	}
	return false;
}

/* One hop further: TTL or hop limit one less, IPv4's checksum with it. */
static void route(uint8_t *ip, size_t length)
{
	if (length >= 20 && ip[0] >> 4 == 4) {
		size_t header = 4 * (size_t)(ip[0] & 0xf);
		ip[8]--;
		put_u16(ip + 10, 0);
		if (header >= 20 && header <= length)
			put_u16(ip + 10, checksum_fold(checksum_add(0, ip, header)));
	} else if (length >= 40) {
		ip[7]--;
	}
}

static void add_duplicate(struct packet_list *t, size_t at, const struct packet_options *s)
{
	struct wagon w = t->wagon[at];
	size_t original = w.offset;

	if (!packet_list_grow(t, w.caplen))
		return;
	w.time_ns += s->duplicate_ns;
	packet_list_add(t, w, t->byte + original);
	if (s->duplicated_routed && w.has_ip && w.ip < w.caplen)
		route(t->byte + t->length - w.caplen + w.ip, w.caplen - w.ip);
}

/* Losses and order both name packets by the place they had. */
void packet_list_shift(struct packet_list *t, size_t first, const struct packet_options *s)
{
	size_t count = t->count - first, kept = first;

	for (size_t i = 0; i < count; i++)
		t->wagon[first + i].is_lost = is_lost(s, i);
	if (s->orders)
		reorder(t->wagon + first, count, s);
	for (size_t i = 0; i < count; i++) {
		if (is_seen(s, t->wagon[first + i].side))
			t->wagon[kept++] = t->wagon[first + i];
	}
	t->count = kept;
	for (size_t i = first; s->duplicated && i < kept; i++)
		add_duplicate(t, i, s);
}

static int earlier(const void *left, const void *right)
{
	const struct wagon *a = left, *b = right;

	if (a->time_ns != b->time_ns)
		return a->time_ns < b->time_ns ? -1 : 1;
	return a->place < b->place ? -1 : a->place > b->place;
}

void packet_list_sort(struct packet_list *t)
{
	for (size_t i = 0; i < t->count; i++)
		t->wagon[i].place = (uint32_t)i;
	if (t->count)
		qsort(t->wagon, t->count, sizeof(*t->wagon), earlier);
}

void packet_list_write(struct packet_list *t, struct capture *c)
{
	uint32_t next[SESSIONS_MAX] = {0};

	for (size_t i = 0; i < t->count; i++) {
		const struct wagon *w = &t->wagon[i];
		if (w->sequence && w->sequence + 4 <= w->caplen)
			put_u32(t->byte + w->offset + w->sequence, next[w->session]);
		next[w->session] += w->sequence > 0;
		if (w->is_lost)
			continue;
		capture_add(c, w->time_ns + (uint64_t)w->stamp_ns, t->byte + w->offset, w->caplen,
			w->wirelen);
	}
}

void packet_list_fini(struct packet_list *t)
{
	free(t->wagon);
	free(t->byte);
	*t = (struct packet_list){0};
}
