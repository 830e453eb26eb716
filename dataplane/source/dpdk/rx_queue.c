/* A worker's share of all ports: its own queue of each, or its ring where packets are spread
 * in software. Buffers are held from poll to release; the core reads them where they are. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include <rte_ether.h>
#include <rte_lcore.h>
#include <rte_pause.h>
#include <rte_prefetch.h>

#include "source/address_pair.h"
#include "source/dpdk/dpdk.h"
#include "source/dpdk/tsc_clock.h"

/* A frame in pieces is put together here; the longest that any driver gives is 64 KiB. */
#define ARENA_BYTES ((size_t)BURST_MAX * 65536)

/* Whether the NIC spreads as it should is checked on every packet at first, then on one in so
 * many bursts: 100 cycles a check, so a quarter of a cycle a packet. */
#define CHECKS_FIRST 1024
#define CHECK_BURSTS 16

/* Empty polls before a pause or a sleep, and the longest of either. */
#define IDLE_SPINS 256
#define WAITS_BEFORE_YIELD 1024 /* about 50 us: longer than any worker takes for a burst */
#define IDLE_PAUSES_MAX 256
#define IDLE_SLEEP_STEP_NS 1000
#define IDLE_SLEEP_MAX_NS 100000

struct rx_queue {
	struct source source; /* first: the operations get it */
	struct dpdk *dpdk;
	unsigned worker;
	struct dpdk_slot slot[DPDK_PORTS_MAX * DPDK_QUEUES_MAX]; /* to read, if not from a ring */
	unsigned slots, next;
	struct rte_mbuf *held[BURST_MAX];
	unsigned held_count;
	struct rte_mempool *pool; /* all that is held goes back there as it is, or NULL */
	struct dpdk_clock clock;
	uint32_t empty; /* polls in a row */
	uint32_t waits; /* for other workers, since packets came */
	uint32_t checks, bursts;
	int agreed; /* it has left its queues to whoever spreads in software */
	int registered;
	uint8_t *arena;
	size_t used;
};

static int is_spread_by(const struct rx_queue *q, enum steering s)
{
	return atomic_load_explicit(&q->dpdk->steering, memory_order_relaxed) == s;
}

static void back_off(struct rx_queue *q)
{
	uint32_t over = ++q->empty > IDLE_SPINS ? q->empty - IDLE_SPINS : 0;
	struct timespec nap = {0};

	if (q->dpdk->idle == SOURCE_DPDK_IDLE_NEVER || q->source.is_hurried || over == 0)
		return;
	if (q->empty == UINT32_MAX)
		q->empty = UINT32_MAX / 2;
	if (q->dpdk->idle == SOURCE_DPDK_IDLE_PAUSE) {
		for (uint32_t i = 0; i < RTE_MIN(over, (uint32_t)IDLE_PAUSES_MAX); i++)
			rte_pause();
		return;
	}
	nap.tv_nsec = RTE_MIN((long)over * IDLE_SLEEP_STEP_NS, (long)IDLE_SLEEP_MAX_NS);
	nanosleep(&nap, NULL);
}

/* --- frames in place --- */

/* Bytes of a frame in pieces, one behind the other. */
static const uint8_t *gather(struct rx_queue *q, const struct rte_mbuf *m, uint32_t *length)
{
	uint8_t *begin = q->arena + q->used;
	size_t room = ARENA_BYTES - q->used, n = 0;

	for (; m && n < room; m = m->next) {
		size_t piece = RTE_MIN((size_t)rte_pktmbuf_data_len(m), room - n);

		memcpy(begin + n, rte_pktmbuf_mtod(m, void *), piece);
		n += piece;
	}
	q->used += RTE_MIN(RTE_ALIGN_CEIL(n, (size_t)RTE_CACHE_LINE_SIZE), room);
	*length = (uint32_t)n;
	atomic_fetch_add_explicit(&q->dpdk->copied, 1, memory_order_relaxed);
	return begin;
}

static const uint8_t *contiguous(struct rx_queue *q, struct rte_mbuf *m, uint32_t *length)
{
	uint32_t rest = rte_pktmbuf_pkt_len(m) - rte_pktmbuf_data_len(m);

	if (rest > rte_pktmbuf_tailroom(m) || rte_pktmbuf_linearize(m) < 0)
		return gather(q, m, length);
	*length = rte_pktmbuf_data_len(m);
	return rte_pktmbuf_mtod(m, const uint8_t *);
}

/* A tag that was taken out, though nobody asked for that; several buffers. */
static void mend(struct rx_queue *q, struct packet *p, struct rte_mbuf **held)
{
	if ((*held)->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED)
		rte_vlan_insert(held);
	p->wirelen = rte_pktmbuf_pkt_len(*held);
	p->data = contiguous(q, *held, &p->caplen);
}

#define FLAGS_ODD (RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL)

/* What an ordinary buffer of a burst has: the pool of the first one; and one reference, one
 * segment and its port, which stand side by side behind the data's offset and are compared at
 * once. */
struct ordinary {
	const struct rte_mempool *pool;
	uint64_t rearm;
	uint16_t interface;
};

static inline uint64_t rearm_of(const struct rte_mbuf *m)
{
	uint64_t x;

	memcpy(&x, &m->rearm_data, sizeof(x));
	return x;
}

static_assert(offsetof(struct rte_mbuf, refcnt) == offsetof(struct rte_mbuf, rearm_data) + 2 &&
		      offsetof(struct rte_mbuf, nb_segs) == offsetof(struct rte_mbuf, refcnt) + 2 &&
		      offsetof(struct rte_mbuf, port) == offsetof(struct rte_mbuf, nb_segs) + 2,
	"four times sixteen bits");

static inline struct ordinary ordinary_as(const struct rx_queue *q, const struct rte_mbuf *m)
{
	return (struct ordinary){
		.pool = m->pool,
		.rearm = (uint64_t)1 << 16 | (uint64_t)1 << 32 | (uint64_t)m->port << 48,
		.interface = q->dpdk->index[m->port],
	};
}

/* Not 0 unless the buffer is a whole frame of this pool's, with nothing tied to it: then it needs
 * no look into its second line before it goes back. */
static inline uint64_t differs(const struct rte_mbuf *m, const struct ordinary *o)
{
	enum { OFFSET_BITS = 16 };

	return (m->ol_flags & FLAGS_ODD) | (rearm_of(m) ^ o->rearm) >> OFFSET_BITS |
	       ((uintptr_t)m->pool ^ (uintptr_t)o->pool);
}

static __attribute__((noinline)) void fill_odd(
	struct rx_queue *q, struct packet *p, struct rte_mbuf **held)
{
	p->interface = q->dpdk->index[(*held)->port];
	if ((*held)->nb_segs > 1 || (*held)->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED)
		mend(q, p, held);
}

/* --- the hardware's work, checked --- */

static int is_misplaced(const struct dpdk_slot *slot, const struct rte_mbuf *m)
{
	unsigned bytes;
	const uint8_t *pair =
		pair_find(rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m), &bytes);

	return pair && dpdk_port_queue(slot->port, pair, bytes) != slot->queue;
}

/* One packet on the wrong queue is enough: the NIC hashes something else, so that a pair's
 * packets come to several workers. From here on the workers spread them. */
static void check_placement(struct rx_queue *q, const struct dpdk_slot *slot, unsigned n)
{
	unsigned look = q->checks < CHECKS_FIRST ? n : ++q->bursts % CHECK_BURSTS == 0;

	for (unsigned i = 0; i < look; i++) {
		q->checks++;
		if (!is_misplaced(slot, q->held[i]))
			continue;
		atomic_store_explicit(&q->dpdk->steering, STEERING_SOFTWARE, memory_order_relaxed);
		return;
	}
}

/* --- operations --- */

/* From the worker's own queues, in turn. */
static unsigned receive(struct rx_queue *q)
{
	for (unsigned i = 0; i < q->slots; i++) {
		const struct dpdk_slot *slot = &q->slot[q->next];
		unsigned n = rte_eth_rx_burst(slot->id, slot->queue, q->held, BURST_MAX);

		q->next = q->next + 1 == q->slots ? 0 : q->next + 1;
		if (n == 0)
			continue;
		if (is_spread_by(q, STEERING_HARDWARE))
			check_placement(q, slot, n);
		return n;
	}
	return 0;
}

static int find_removed(struct rx_queue *q)
{
	for (unsigned i = 0; i < q->dpdk->ports; i++) {
		struct dpdk_port *p = &q->dpdk->port[i];

		if (!atomic_load_explicit(&p->removed, memory_order_relaxed))
			continue;
		snprintf(q->source.error, sizeof(q->source.error), "%s: the device has disappeared",
			p->name);
		return -ENODEV;
	}
	return 0;
}

/* The whole burst has the time of its arrival here: a ring later than at the NIC, which is
 * under a millisecond while the worker keeps up. */
static void fill(struct rx_queue *q, struct burst *b)
{
	uint64_t time_ns = dpdk_clock_ns(&q->clock);
	uint64_t now_ns = source_stamp_arrival(&q->source, b, time_ns), different = 0;
	struct ordinary ordinary = ordinary_as(q, q->held[0]);

	for (unsigned i = 0; i < q->held_count; i++) {
		const struct rte_mbuf *m = q->held[i];
		struct packet *p = &b->packet[i];

		p->data = rte_pktmbuf_mtod(m, const uint8_t *);
		rte_prefetch0(p->data);
		p->caplen = rte_pktmbuf_data_len(m);
		p->wirelen = rte_pktmbuf_pkt_len(m);
		p->time_ns = time_ns;
		p->now_ns = now_ns;
		p->link = LINK_ETHERNET;
		p->interface = ordinary.interface;
		if (__builtin_expect(differs(m, &ordinary) != 0, 0)) {
			fill_odd(q, p, &q->held[i]);
			different = 1;
		}
	}
	b->count = q->held_count;
	q->pool = different ? NULL : q->held[0]->pool;
}

/* Two threads must not read one queue: nobody reads another's before all have left theirs. */
static void agree(struct rx_queue *q)
{
	if (!q->agreed)
		software_rss_agree(&q->dpdk->software_rss);
	q->agreed = 1;
}

/* Nothing came. A worker that naps while another one fills its ring would stop that one too;
 * where they have to share a CPU, the other one is let in. */
static int poll_in_vain(struct rx_queue *q, int got)
{
	if (got == -EAGAIN) {
		rte_pause();
		if (++q->waits % WAITS_BEFORE_YIELD == 0)
			sched_yield();
		return 0;
	}
	back_off(q);
	return find_removed(q);
}

static int poll_ring(struct rx_queue *q, struct burst *b)
{
	int got;

	if (__builtin_expect(!q->agreed, 0))
		agree(q);
	got = software_rss_take(&q->dpdk->software_rss, q->worker, q->held);
	if (got <= 0)
		return poll_in_vain(q, got);
	q->held_count = (unsigned)got;
	/* They lie in another core's cache. */
	for (int i = 0; i < got; i++)
		rte_prefetch0(q->held[i]);
	fill(q, b);
	q->empty = q->waits = 0;
	return 1;
}

static int queue_poll(struct source *s, struct burst *b)
{
	struct rx_queue *q = (struct rx_queue *)s;

	burst_clear(b);
	q->used = 0;
	if (is_spread_by(q, STEERING_SOFTWARE))
		return poll_ring(q, b);
	q->held_count = receive(q);
	if (q->held_count == 0)
		return poll_in_vain(q, 0);
	fill(q, b);
	q->empty = 0;
	return 1;
}

static void queue_release(struct source *s, struct burst *b)
{
	struct rx_queue *q = (struct rx_queue *)s;

	if (__builtin_expect(q->pool != NULL, 1))
		rte_mempool_put_bulk(q->pool, (void **)q->held, q->held_count);
	else
		rte_pktmbuf_free_bulk(q->held, q->held_count);
	q->held_count = 0;
	burst_clear(b);
}

static int fail(struct rx_queue *q, int status, const char *what)
{
	snprintf(q->source.error, sizeof(q->source.error), "worker %u: %s: %s", q->worker, what,
		strerror(-status));
	return status;
}

static int queue_enter(struct source *s)
{
	struct rx_queue *q = (struct rx_queue *)s;
	int cpu = q->dpdk->cpu[q->worker], status;
	cpu_set_t set;

	if (cpu >= 0) {
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		status = -pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
		if (status < 0)
			return fail(q, status, "cannot be pinned to its CPU");
	}
	/* Naps of microseconds are rounded up to 50 of them otherwise. */
	prctl(PR_SET_TIMERSLACK, 1ul);
	if (rte_lcore_id() == LCORE_ID_ANY) {
		if (rte_thread_register() < 0)
			return fail(q, -EAGAIN, "DPDK takes no more threads");
		q->registered = 1;
	}
	dpdk_clock_tie(&q->clock);
	return 0;
}

static void queue_leave(struct source *s)
{
	struct rx_queue *q = (struct rx_queue *)s;

	agree(q);
	if (q->registered)
		rte_thread_unregister();
	q->registered = 0;
}

static void queue_close(struct source *s)
{
	struct rx_queue *q = (struct rx_queue *)s;

	rte_pktmbuf_free_bulk(q->held, q->held_count);
	free(q->arena);
	free(q);
}

/* What ports count is not one worker's: the first one tells it. */
static int queue_loss(struct source *s, struct source_loss *out)
{
	struct rx_queue *q = (struct rx_queue *)s;
	int error = 0;

	*out = (struct source_loss){0};
	for (unsigned i = 0; q->worker == 0 && i < q->dpdk->ports; i++) {
		struct source_loss one;
		int status = dpdk_port_loss(&q->dpdk->port[i], &one);

		error = error ? error : status;
		out->received += one.received;
		out->bytes += one.bytes;
		out->dropped_kernel += one.dropped_kernel;
		out->dropped_interface += one.dropped_interface;
		out->dropped_nic += one.dropped_nic;
		out->errors += one.errors;
		out->no_buffer += one.no_buffer;
	}
	return error;
}

static int queue_watch(struct source *s, char text[SOURCE_ERROR_BYTES])
{
	struct rx_queue *q = (struct rx_queue *)s;

	if (q->worker != 0)
		return 0;
	s->steering = atomic_load_explicit(&q->dpdk->steering, memory_order_relaxed);
	if (s->steering == STEERING_SOFTWARE && !q->dpdk->told) {
		q->dpdk->told = 1;
		snprintf(text, SOURCE_ERROR_BYTES,
			"the NIC does not spread packets by their addresses as it was told to: "
			"from now on they are spread in software");
		return 1;
	}
	for (unsigned i = 0; i < q->dpdk->ports; i++)
		if (dpdk_port_watch(&q->dpdk->port[i], text))
			return 1;
	return 0;
}

static unsigned queue_down(struct source *s, char text[SOURCE_ERROR_BYTES])
{
	const struct rx_queue *q = (const struct rx_queue *)s;
	char other[SOURCE_ERROR_BYTES];
	unsigned down = 0;

	for (unsigned i = 0; q->worker == 0 && i < q->dpdk->ports; i++)
		down += dpdk_port_is_down(&q->dpdk->port[i], down ? other : text) ? 1 : 0;
	return down;
}

static const char *queue_describe(struct source *s)
{
	return ((struct rx_queue *)s)->dpdk->description;
}

static const struct source_operations queue_operations = {
	.name = "dpdk",
	.poll = queue_poll,
	.release = queue_release,
	.close = queue_close,
	.enter = queue_enter,
	.leave = queue_leave,
	.loss = queue_loss,
	.watch = queue_watch,
	.down = queue_down,
	.describe = queue_describe,
};

/* A single worker reads every queue there is; of several, each its own of every port. */
static void add_slots(struct rx_queue *q, struct dpdk_port *p)
{
	for (uint16_t i = 0; i < p->queues; i++)
		if (q->dpdk->workers == 1 || i == q->worker)
			q->slot[q->slots++] =
				(struct dpdk_slot){.port = p, .id = p->id, .queue = i};
}

int dpdk_queue_open(struct source **out, struct dpdk *d, unsigned worker)
{
	struct rx_queue *q = calloc(1, sizeof(*q));

	if (!q)
		return -ENOMEM;
	q->source.operations = &queue_operations;
	q->source.steering = atomic_load(&d->steering);
	q->dpdk = d;
	q->worker = worker;
	q->arena = malloc(ARENA_BYTES);
	if (!q->arena) {
		free(q);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < d->ports; i++)
		add_slots(q, &d->port[i]);
	*out = &q->source;
	return 0;
}
