/* A bounded queue of pointers from one thread to another: no lock, no allocation.
 *
 * `head` is written by the consumer and read by the producer, `tail` the other way round;
 * they lie on lines of their own. Memory is given.
 */
#ifndef PORTOLAN_RING_H
#define PORTOLAN_RING_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct ring {
	_Alignas(64) atomic_size_t head;
	_Alignas(64) atomic_size_t tail;
	_Alignas(64) size_t mask;
	void **slot;
};

/* `slots` is a power of two. */
static inline void ring_init(struct ring *r, void **slot, size_t slots)
{
	atomic_init(&r->head, 0);
	atomic_init(&r->tail, 0);
	r->mask = slots - 1;
	r->slot = slot;
}

/* 1, or 0 if it is full. By the producer. */
static inline int ring_put(struct ring *r, void *item)
{
	size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

	if (tail - atomic_load_explicit(&r->head, memory_order_acquire) > r->mask)
		return 0;
	r->slot[tail & r->mask] = item;
	atomic_store_explicit(&r->tail, tail + 1, memory_order_release);
	return 1;
}

/* By the consumer. */
static inline int ring_is_empty(struct ring *r)
{
	return atomic_load_explicit(&r->head, memory_order_relaxed) ==
	       atomic_load_explicit(&r->tail, memory_order_acquire);
}

/* The oldest item, or NULL. By the consumer. */
static inline void *ring_take(struct ring *r)
{
	size_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
	void *item;

	if (head == atomic_load_explicit(&r->tail, memory_order_acquire))
		return NULL;
	item = r->slot[head & r->mask];
	atomic_store_explicit(&r->head, head + 1, memory_order_release);
	return item;
}

#endif
