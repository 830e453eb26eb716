/* Flows whose alert waits for what the other side may still say: a handshake that a mirror delivers
 * late, an answer that explains a payload (DESIGN 9). In the order in which they began to wait.
 *
 * Bounded; where it is full nobody waits, and what there is to tell is told at once. Part of the
 * tracker. */
#ifndef PORTOLAN_WAITING_H
#define PORTOLAN_WAITING_H

#include <stdint.h>

#define WAITING_MAX 16384u /* a power of two: a scan of 5,000 ports a second waits whole */
#define WAITING_NS 3000000000ull

struct waiting_flow {
	uint64_t due_ns; /* stream time; the flow has it too, so that it is known again */
	uint32_t flow;
};

struct waiting {
	struct waiting_flow flow[WAITING_MAX];
	uint32_t begin, end; /* numbers without bound, modulo WAITING_MAX */
};

/* 1, or 0 if there is no room. */
static inline int waiting_add(struct waiting *w, uint32_t flow, uint64_t due_ns)
{
	if (w->end - w->begin == WAITING_MAX)
		return 0;
	w->flow[w->end++ % WAITING_MAX] = (struct waiting_flow){due_ns, flow};
	return 1;
}

/* The first one whose time has come, or NULL; it stays until it is dropped. */
static inline const struct waiting_flow *waiting_due(const struct waiting *w, uint64_t now_ns)
{
	const struct waiting_flow *first = &w->flow[w->begin % WAITING_MAX];

	return w->begin != w->end && now_ns >= first->due_ns ? first : 0;
}

static inline void waiting_drop(struct waiting *w)
{
	w->begin++;
}

#endif
