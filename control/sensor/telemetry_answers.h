/* What DPDK's telemetry socket is answered: /portolan/stats, /portolan/flows, /portolan/policy. */
#ifndef PORTOLAN_TELEMETRY_ANSWERS_H
#define PORTOLAN_TELEMETRY_ANSWERS_H

struct reload;
struct worker_pool;

/* Answered on a thread of DPDK's: only counters, which workers publish, and the ruleset in force
 * are read. Both are lent until the program ends. */
struct telemetry {
	const struct worker_pool *pool;
	const struct reload *reload;
};

void telemetry_offer(struct telemetry *);

#endif
