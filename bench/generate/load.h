/* Traffic for benchmarks: a mix of flows, interleaved at random, written as it is
 * made. The appliances are always the same (`portolan-generate site`).
 */
#ifndef GENERATE_LOAD_H
#define GENERATE_LOAD_H

#include "capture.h"
#include "host.h"

struct load {
	char mix;	  /* 'a' 64-byte frames, 'b' the same with many flows, 'c' IMIX */
	uint32_t flows;	  /* 0: the mix's own number */
	uint64_t packets; /* the same */
	uint32_t monitored_percent;
	uint32_t ipv6_percent;
	uint64_t seed;
	uint64_t rate; /* packets per second of packet time */
	bool syn_flood;
};

/* Writes the capture. 0 or a negative errno. */
int load_write(const struct load *, const char *path, struct capture_format);

/* The appliances: two management centers, sixty-four managed devices. */
void load_hosts(struct hosts *);

#endif
