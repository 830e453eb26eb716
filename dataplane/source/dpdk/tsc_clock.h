/* Wall clock time without asking for it at every burst: the TSC, tied to the system's clock
 * once a second. One thread's own. */
#ifndef PORTOLAN_TSC_CLOCK_H
#define PORTOLAN_TSC_CLOCK_H

#include <stdint.h>
#include <time.h>

#include <rte_cycles.h>

struct dpdk_clock {
	uint64_t tied_tsc, tied_ns, hz; /* hz 0: not yet tied */
	double ns_per_tick;
};

static inline void dpdk_clock_tie(struct dpdk_clock *c)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	c->hz = rte_get_tsc_hz();
	c->ns_per_tick = 1e9 / (double)c->hz;
	c->tied_tsc = rte_rdtsc();
	c->tied_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline uint64_t dpdk_clock_ns(struct dpdk_clock *c)
{
	uint64_t passed = rte_rdtsc() - c->tied_tsc;

	if (__builtin_expect(passed >= c->hz, 0)) {
		dpdk_clock_tie(c);
		passed = 0;
	}
	return c->tied_ns + (uint64_t)((double)passed * c->ns_per_tick);
}

#endif
