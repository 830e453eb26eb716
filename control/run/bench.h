/* `portolan bench`: the core alone, from memory, on one core, beside the machine's floor
 * measured in the same run (DESIGN 8).
 */
#ifndef PORTOLAN_BENCH_H
#define PORTOLAN_BENCH_H

#include <stdint.h>

struct ruleset;
struct settings;

/* Medians over the rounds; the first round, which fills the flow table, is left out. */
struct bench_result {
	uint64_t packets; /* of one round */
	uint64_t flows;	  /* at the peak */
	uint64_t stride; /* bytes from one frame to the next: a NIC's buffers where memory is enough
			  */
	double mpps, ns_per_packet,
		cycles_per_packet; /* cycles of the TSC; 0 where there is none */
	double floor_header_ns;	   /* the first line of each frame where it lies, asked for a burst
				      ahead */
	double floor_flow_ns;	   /* a random line of as many as there are flows, within a burst */
};

#define BENCH_WORKERS_MAX 32

struct bench_options {
	const struct ruleset *ruleset;
	const struct settings *settings;
	const char *capture;
	unsigned rounds, workers;
	int uninspected; /* nobody looks at what is spoken */
};

/* With several workers each address pair is with one of them and the figures are of all of them
 * together. 0, or a negative errno with the reason on standard error. */
int bench_run(struct bench_result *, const struct bench_options *);

#endif
