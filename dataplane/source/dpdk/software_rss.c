#include "source/dpdk/software_rss.h"

#include <errno.h>
#include <stdio.h>

#include <rte_errno.h>

#include "source/address_pair.h"

int software_rss_open(struct software_rss *s, unsigned workers)
{
	rte_spinlock_init(&s->lock);
	for (; s->workers < workers; s->workers++) {
		char name[RTE_RING_NAMESIZE];

		snprintf(name, sizeof(name), "portolan_%u", s->workers);
		s->ring[s->workers] = rte_ring_create(name, SOFTWARE_RSS_RING, SOCKET_ID_ANY,
			RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
		if (!s->ring[s->workers])
			return -rte_errno;
	}
	return 0;
}

void software_rss_close(struct software_rss *s)
{
	struct rte_mbuf *m[BURST_MAX];
	unsigned n;

	for (unsigned i = 0; i < s->workers; i++) {
		while ((n = rte_ring_sc_dequeue_burst(s->ring[i], (void **)m, BURST_MAX, NULL)) > 0)
			rte_pktmbuf_free_bulk(m, n);
		rte_ring_free(s->ring[i]);
	}
	*s = (struct software_rss){0};
}

int software_rss_add(struct software_rss *s, struct dpdk_port *p)
{
	for (uint16_t q = 0; q < p->queues; q++) {
		if (s->slots == sizeof(s->slot) / sizeof(s->slot[0]))
			return -ENOSPC;
		s->slot[s->slots++] = (struct dpdk_slot){.port = p, .id = p->id, .queue = q};
	}
	return 0;
}

static unsigned worker_of(const struct software_rss *s, const struct rte_mbuf *m)
{
	struct packet p = {
		.data = rte_pktmbuf_mtod(m, const uint8_t *),
		.caplen = rte_pktmbuf_data_len(m),
		.wirelen = rte_pktmbuf_pkt_len(m),
		.link = LINK_ETHERNET,
	};
	uint32_t hash = s->hash ? s->hash(s->hash_context, &p) : pair_hash(p.data, p.caplen);

	return (unsigned)((uint64_t)hash * s->workers >> 32);
}

void software_rss_agree(struct software_rss *s)
{
	atomic_fetch_add_explicit(&s->agreed, 1, memory_order_release);
}

static int may_read(struct software_rss *s)
{
	if (atomic_load_explicit(&s->agreed, memory_order_acquire) < s->workers)
		return 0;
	for (unsigned i = 0; i < s->workers; i++)
		if (rte_ring_free_count(s->ring[i]) < BURST_MAX)
			return 0;
	return 1;
}

/* Takes turns between the queues, until one has something. */
static uint16_t receive(struct software_rss *s, struct rte_mbuf **m)
{
	uint16_t n = 0;

	for (unsigned i = 0; i < s->slots && n == 0; i++) {
		const struct dpdk_slot *slot = &s->slot[s->next];

		n = rte_eth_rx_burst(slot->id, slot->queue, m, BURST_MAX);
		s->next = s->next + 1 == s->slots ? 0 : s->next + 1;
	}
	return n;
}

/* Under the lock. Packets of one worker go into its ring together. */
static void spread(struct software_rss *s, struct rte_mbuf **m, uint16_t n)
{
	struct rte_mbuf *sorted[SOURCE_DPDK_WORKERS_MAX][BURST_MAX];
	unsigned count[SOURCE_DPDK_WORKERS_MAX] = {0};

	for (uint16_t i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(m[i], void *));
	for (uint16_t i = 0; i < n; i++) {
		unsigned w = worker_of(s, m[i]);

		sorted[w][count[w]++] = m[i];
	}
	for (unsigned w = 0; w < s->workers; w++)
		if (count[w])
			rte_ring_sp_enqueue_bulk(s->ring[w], (void **)sorted[w], count[w], NULL);
}

static unsigned dequeue(struct software_rss *s, unsigned worker, struct rte_mbuf **m)
{
	return rte_ring_sc_dequeue_burst(s->ring[worker], (void **)m, BURST_MAX, NULL);
}

/* Under the lock: one burst, wherever it belongs. */
static int read_one(struct software_rss *s)
{
	struct rte_mbuf *fresh[BURST_MAX];
	uint16_t n;

	if (!may_read(s))
		return -EAGAIN;
	n = receive(s, fresh);
	if (n > 0)
		spread(s, fresh, n);
	return 0;
}

int software_rss_take(struct software_rss *s, unsigned worker, struct rte_mbuf **m)
{
	unsigned n = dequeue(s, worker, m);
	int status;

	if (n > 0)
		return (int)n;
	if (!rte_spinlock_trylock(&s->lock))
		return -EAGAIN;
	status = read_one(s);
	rte_spinlock_unlock(&s->lock);
	n = dequeue(s, worker, m);
	return n > 0 ? (int)n : status;
}
