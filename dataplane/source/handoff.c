#include "source_handoff.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "ring.h"

#define PACKET_BLOCKS 8
#define PACKET_BLOCK_PACKETS 512
#define PACKET_BLOCK_BYTES                                                                         \
	(1u << 20) /* room for the largest record behind a full packet block of small ones */
#define PACKET_BYTES_MAX 262144u

struct packet_block {
	uint64_t start_ns;
	size_t packets, used;
	struct packet packet[PACKET_BLOCK_PACKETS];
	uint8_t bytes[PACKET_BLOCK_BYTES];
};

struct handoff_queue {
	struct source source;
	struct ring full, empty;
	void *full_slot[PACKET_BLOCKS * 2], *empty_slot[PACKET_BLOCKS * 2];
	struct packet_block *loading;		     /* the producer's */
	_Alignas(64) struct packet_block *unloading; /* the consumer's */
	size_t at;
	atomic_int ended;
	struct packet_block *block[PACKET_BLOCKS];
};

static void queue_close(struct source *s)
{
	struct handoff_queue *q = (struct handoff_queue *)s;

	for (unsigned i = 0; i < PACKET_BLOCKS; i++)
		free(q->block[i]);
	free(q);
}

static int queue_poll(struct source *s, struct burst *b)
{
	struct handoff_queue *q = (struct handoff_queue *)s;
	size_t n;

	burst_clear(b);
	if (q->unloading && q->at == q->unloading->packets) {
		ring_put(&q->empty, q->unloading);
		q->unloading = NULL;
	}
	if (!q->unloading) {
		int ended = atomic_load_explicit(&q->ended, memory_order_acquire);
		q->unloading = ring_take(&q->full);
		q->at = 0;
		if (!q->unloading) {
			sched_yield();
			return ended ? -ENODATA : 0;
		}
	}
	n = q->unloading->packets - q->at;
	n = n < BURST_MAX ? n : BURST_MAX;
	memcpy(b->packet, &q->unloading->packet[q->at], n * sizeof(*b->packet));
	b->start_ns = q->unloading->start_ns;
	b->count = (uint32_t)n;
	q->at += n;
	s->now_ns = n ? b->packet[n - 1].now_ns : s->now_ns;
	return n > 0;
}

static void queue_release(struct source *s, struct burst *b)
{
	(void)s;
	burst_clear(b);
}

static const struct source_operations queue_operations = {
	.name = "queue",
	.poll = queue_poll,
	.release = queue_release,
	.close = queue_close,
};

static void pass_on(struct handoff_queue *q)
{
	while (q->loading && !ring_put(&q->full, q->loading))
		sched_yield();
	q->loading = NULL;
}

static struct packet_block *block_with_room(struct handoff_queue *q, uint32_t bytes)
{
	if (q->loading && (q->loading->packets == PACKET_BLOCK_PACKETS ||
				  q->loading->used + bytes > PACKET_BLOCK_BYTES))
		pass_on(q);
	while (!q->loading) {
		q->loading = ring_take(&q->empty);
		if (!q->loading)
			sched_yield();
		else
			q->loading->packets = q->loading->used = 0;
	}
	return q->loading;
}

void source_handoff_put(struct source *s, const struct packet *p, uint64_t start_ns)
{
	struct handoff_queue *q = (struct handoff_queue *)s;
	uint32_t caplen = p->caplen < PACKET_BYTES_MAX ? p->caplen : PACKET_BYTES_MAX;
	struct packet_block *c = block_with_room(q, caplen);

	memcpy(c->bytes + c->used, p->data, caplen);
	c->packet[c->packets] = *p;
	c->packet[c->packets].data = c->bytes + c->used;
	c->packet[c->packets].caplen = caplen;
	c->packets++;
	c->start_ns = start_ns;
	c->used += (caplen + 63) & ~(size_t)63;
}

void source_handoff_flush(struct source *s)
{
	struct handoff_queue *q = (struct handoff_queue *)s;

	if (q->loading && q->loading->packets > 0)
		pass_on(q);
}

void source_handoff_end(struct source *s)
{
	struct handoff_queue *q = (struct handoff_queue *)s;

	pass_on(q);
	atomic_store_explicit(&q->ended, 1, memory_order_release);
}

int source_handoff_open(struct source **out)
{
	struct handoff_queue *q = aligned_alloc(64, (sizeof(*q) + 63) & ~(size_t)63);

	if (!q)
		return -ENOMEM;
	memset(q, 0, sizeof(*q));
	q->source.operations = &queue_operations;
	ring_init(&q->full, q->full_slot, PACKET_BLOCKS * 2);
	ring_init(&q->empty, q->empty_slot, PACKET_BLOCKS * 2);
	for (unsigned i = 0; i < PACKET_BLOCKS; i++) {
		q->block[i] = malloc(sizeof(*q->block[i]));
		if (!q->block[i]) {
			queue_close(&q->source);
			return -ENOMEM;
		}
		ring_put(&q->empty, q->block[i]);
	}
	*out = &q->source;
	return 0;
}
