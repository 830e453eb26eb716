/* Handlers for DPDK's telemetry socket: /portolan/stats, /portolan/flows, /portolan/policy. */
#ifndef PORTOLAN_TELEMETRY_ANSWERS_H
#define PORTOLAN_TELEMETRY_ANSWERS_H

struct reload;
struct worker_pool;

/* Called on a DPDK thread: reads only published counters and the current ruleset. Both are lent
 * until the program ends. */
struct telemetry {
	const struct worker_pool *pool;
	const struct reload *reload;
};

void telemetry_offer(struct telemetry *);

#endif
