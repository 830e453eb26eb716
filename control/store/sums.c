#include "store/sums.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/heap.h"
#include "store/store_schema.h"

/* TCP that sends so many packets, so large on average that there is data in them, is answered:
 * where no answer is seen, the mirror does not show it. */
#define SIDED_PACKETS 4
#define SIDED_PACKET_BYTES 64

static struct sum_key empty_key(void)
{
	struct sum_key k;

	memset(&k, 0, sizeof(k));
	return k;
}

static struct sum *sum_of(struct sums *all, enum sum_kind kind, const struct sum_key *k)
{
	struct sum *s;

	HASH_FIND(hh, all->first[kind], k, sizeof(*k), s);
	if (s)
		return s;
	s = heap_calloc(1, sizeof(*s));
	if (!s) {
		all->error = -ENOMEM;
		return NULL;
	}
	s->key = *k;
	s->first_ns = UINT64_MAX;
	HASH_ADD(hh, all->first[kind], key, sizeof(s->key), s);
	if (!s->hh.tbl) {
		free(s);
		all->error = -ENOMEM;
		return NULL;
	}
	return s;
}

static void span(struct sum *s, uint64_t first_ns, uint64_t last_ns)
{
	if (first_ns < s->first_ns)
		s->first_ns = first_ns;
	if (last_ns > s->last_ns)
		s->last_ns = last_ns;
}

/* The part from `from` to `to` of `all`, rounded so that the parts make the whole. */
static uint64_t part(uint64_t whole, uint64_t from, uint64_t to, uint64_t all)
{
	__extension__ unsigned __int128 w = whole;

	if (all == 0)
		return whole;
	return (uint64_t)(w * to / all) - (uint64_t)(w * from / all);
}

struct share {
	uint64_t from_ns, to_ns;   /* of the flow's time */
	uint64_t begin_ns, all_ns; /* the flow's own */
};

static void add_share(struct sums *all, const struct stored_flow *f, unsigned end, int64_t endpoint,
	const struct share *h)
{
	struct sum_key k = empty_key();
	uint64_t from = h->from_ns - h->begin_ns, to = h->to_ns - h->begin_ns;
	bool is_last = h->to_ns >= h->begin_ns + h->all_ns;
	struct sum *s;

	k.time_ns = h->from_ns - h->from_ns % STORE_HOUR_NS;
	k.endpoint = endpoint;
	s = sum_of(all, SUM_HOUR, &k);
	if (!s)
		return;
	for (unsigned side = 0; side < 2; side++) {
		unsigned own = side == 0 ? end : 1 - end;
		s->packets[side] += part(f->packets[own], from, to, h->all_ns);
		s->bytes[side] += part(f->bytes[own], from, to, h->all_ns);
	}
	span(s, h->from_ns, is_last ? h->to_ns : h->to_ns - 1);
	s->flows += is_last && f->is_first;
}

/* What a long flow carried is spread evenly over its hours: it tells of itself at its end. */
static void add_hours(struct sums *all, const struct stored_flow *f, unsigned end, int64_t endpoint)
{
	uint64_t begin = f->booked_ns > f->start_ns ? f->booked_ns : f->start_ns;
	uint64_t last = f->end_ns > begin ? f->end_ns : begin;
	struct share h = {.from_ns = begin, .begin_ns = begin, .all_ns = last - begin};

	if (begin > last || last - begin > 400 * STORE_DAY_NS)
		h.from_ns = h.begin_ns = last, h.all_ns = 0;
	do {
		uint64_t next = h.from_ns - h.from_ns % STORE_HOUR_NS + STORE_HOUR_NS;
		h.to_ns = next < last ? next : last;
		add_share(all, f, end, endpoint, &h);
		h.from_ns = next;
	} while (h.from_ns < last);
}

static void add_start(struct sums *all, struct sum *s, uint64_t start_ns)
{
	void *more;

	if ((s->starts & (s->starts - 1)) == 0) {
		more = heap_reallocarray(
			s->start_ns, s->starts ? 2 * s->starts : 1, sizeof(*s->start_ns));
		if (!more) {
			all->error = -ENOMEM;
			return;
		}
		s->start_ns = more;
	}
	s->start_ns[s->starts++] = start_ns;
}

static int by_time(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Flows are told at their end, which is in another order. */
struct sum_gaps sum_gaps(struct sum *s)
{
	struct sum_gaps g = {.first_ns = 0};

	if (s->starts == 0)
		return g;
	qsort(s->start_ns, s->starts, sizeof(*s->start_ns), by_time);
	g.first_ns = s->start_ns[0];
	g.last_ns = s->start_ns[s->starts - 1];
	for (size_t i = 1; i < s->starts; i++) {
		double gap = (double)(s->start_ns[i] - s->start_ns[i - 1]) / 1e9;
		g.gaps++;
		g.sum += gap;
		g.squares += gap * gap;
	}
	return g;
}

static void add_peer(struct sums *all, const struct stored_flow *f, unsigned end, int64_t endpoint)
{
	struct sum_key k = empty_key();
	struct sum *s;

	k.endpoint = endpoint;
	k.peer = f->address[1 - end];
	k.version = f->version;
	s = sum_of(all, SUM_PEER, &k);
	if (!s)
		return;
	span(s, f->start_ns, f->end_ns);
	if (f->is_first)
		add_start(all, s, f->start_ns);
	s->flows += f->is_first;
	s->packets[0] += f->packets[0] + f->packets[1];
	s->bytes[0] += f->bytes[0] + f->bytes[1];
}

static void add_service(
	struct sums *all, const struct stored_flow *f, int64_t endpoint, uint8_t service)
{
	struct sum_key k = empty_key();
	struct sum *s;

	k.endpoint = endpoint;
	k.what = service;
	s = sum_of(all, SUM_SERVICE, &k);
	if (!s)
		return;
	span(s, f->start_ns, f->end_ns);
	s->flows += f->is_first;
}

static void add_exposure(
	struct sums *all, const struct stored_flow *f, unsigned end, int64_t endpoint, uint8_t what)
{
	struct sum_key k = empty_key();
	struct sum *s;

	k.endpoint = endpoint;
	k.peer = f->address[1 - end];
	k.version = f->version;
	k.port = f->port[1];
	k.protocol = f->protocol;
	k.what = what;
	s = sum_of(all, SUM_EXPOSURE, &k);
	if (!s)
		return;
	span(s, f->start_ns, f->end_ns);
	s->flows += f->is_first;
}

void sums_add_end(struct sums *all, const struct stored_flow *f, unsigned end, int64_t endpoint)
{
	add_hours(all, f, end, endpoint);
	add_peer(all, f, end, endpoint);
	if (f->service)
		add_service(all, f, endpoint, f->service);
	for (uint8_t what = 0; what < 8; what++)
		if (f->exposures[end] >> what & 1)
			add_exposure(all, f, end, endpoint, what);
}

void sums_add_sides(struct sums *all, const struct stored_flow *f)
{
	struct sum_key k = empty_key();
	uint64_t packets = f->all_packets[0] + f->all_packets[1];
	bool one = f->all_packets[0] == 0 || f->all_packets[1] == 0;
	struct sum *s;

	if (f->protocol != IPPROTO_TCP || !f->is_first || packets < SIDED_PACKETS ||
		f->all_bytes[0] + f->all_bytes[1] < packets * SIDED_PACKET_BYTES)
		return;
	k.time_ns = f->start_ns - f->start_ns % STORE_SIDES_NS;
	s = sum_of(all, SUM_SIDES, &k);
	if (s)
		s->packets[one]++;
}

void sums_add_finding(struct sums *all, const struct stored_flow *f)
{
	struct sum_key k = empty_key();
	struct sum *s;

	k.endpoint = finding_number(f->finding);
	s = k.endpoint ? sum_of(all, SUM_FINDING, &k) : NULL;
	if (!s)
		return;
	span(s, f->start_ns, f->end_ns);
	s->packets[0] += f->packets[0] + f->packets[1];
	s->bytes[0] += f->bytes[0] + f->bytes[1];
}

void sums_clear(struct sums *all)
{
	for (unsigned kind = 0; kind < SUM_KIND_COUNT; kind++) {
		struct sum *s, *next;
		HASH_ITER(hh, all->first[kind], s, next)
		{
			HASH_DEL(all->first[kind], s);
			free(s->start_ns);
			free(s);
		}
	}
	*all = (struct sums){.error = 0};
}
