/* `portolan bench`: the core alone, from memory, on one core, next to the machine's memory floor
 * measured in the same run (DESIGN 8).
 */
#ifndef PORTOLAN_BENCH_H
#define PORTOLAN_BENCH_H

#include <stdint.h>

struct ruleset;
struct settings;

/* Medians over the rounds; the first round, which fills the flow table, is not counted. */
struct bench_result {
	uint64_t packets; /* in one round */
	uint64_t flows;	  /* at the peak */
	uint64_t stride;  /* bytes between frames: a NIC's buffer size if memory allows */
	double mpps, ns_per_packet, cycles_per_packet; /* TSC cycles; 0: no TSC */
	double floor_header_ns; /* reading the first cache line of each frame, prefetched a burst
				   ahead */
	double floor_flow_ns;	/* reading random cache lines, as many as there are flows, in bursts
				 */
};

#define BENCH_WORKERS_MAX 32

struct bench_options {
	const struct ruleset *ruleset;
	const struct settings *settings;
	const char *capture;
	unsigned rounds, workers;
	int uninspected; /* payload is not inspected */
};

/* With several workers each address pair belongs to one of them; the figures are totals. 0, or a
 * negative errno with the reason on standard error. */
int bench_run(struct bench_result *, const struct bench_options *);

#endif
