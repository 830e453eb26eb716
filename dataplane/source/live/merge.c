#include "source/live/merge.h"

/* By which packets are ordered. A time ahead of the clock, after the clock was set back or from an
 * adapter's own clock, says nothing about what is to come: such a packet waits for nothing, and
 * keeps nothing waiting. */
static uint64_t order_of(const struct merge *m, const struct packet *p)
{
	return p->time_ns > m->now_ns && p->time_ns - m->now_ns > m->hold_ns ? 0 : p->time_ns;
}

static struct merge_queue *earliest(const struct merge *m, uint64_t *order_ns)
{
	struct merge_queue *first = NULL;

	for (size_t i = 0; i < m->queues; i++) {
		struct merge_queue *q = &m->queue[i];
		uint64_t order;

		if (merge_queue_is_empty(q))
			continue;
		order = order_of(m, &q->packet[q->next]);
		if (first && order >= *order_ns)
			continue;
		first = q;
		*order_ns = order;
	}
	return first;
}

/* Before this time nothing comes any more from the interfaces with empty queues. */
static uint64_t complete_until(const struct merge *m)
{
	uint64_t exhausted_ns = m->now_ns > m->hold_ns ? m->now_ns - m->hold_ns : 0;
	uint64_t until_ns = UINT64_MAX;

	for (size_t i = 0; i < m->queues; i++) {
		if (!merge_queue_is_empty(&m->queue[i]))
			continue;
		if (!m->queue[i].exhausted)
			return 0;
		until_ns = exhausted_ns;
	}
	return until_ns;
}

const struct packet *merge_take(struct merge *m)
{
	uint64_t order_ns = 0;
	struct merge_queue *q = earliest(m, &order_ns);

	return q && order_ns <= complete_until(m) ? &q->packet[q->next++] : NULL;
}

uint64_t merge_held_ns(const struct merge *m)
{
	uint64_t order_ns = 0;

	if (!earliest(m, &order_ns))
		return MERGE_NOTHING_HELD;
	return order_ns + m->hold_ns > m->now_ns ? order_ns + m->hold_ns - m->now_ns : 0;
}

void merge_end(struct merge *m)
{
	m->now_ns = UINT64_MAX;
	m->hold_ns = 0;
	for (size_t i = 0; i < m->queues; i++)
		m->queue[i].exhausted = 1;
}
