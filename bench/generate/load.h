/* Traffic for benchmarks: a mix of flows, interleaved at random, written as it is
 * made. The appliances are always the same (`portolan-generate site`).
 */
#ifndef GENERATE_LOAD_H
#define GENERATE_LOAD_H

#include "packet/hosts.h"
#include "packet/pcap_writer.h"

/* What every packet says that opens a flow. */
struct opening {
	uint8_t protocol; /* PROTOCOL_TCP or PROTOCOL_UDP */
	uint16_t port;
	const char *payload; /* a specification, see payload.h; NULL: no openings */
};

struct load {
	char mix;	  /* 'a' 64-byte frames, 'b' the same with many flows, 'c' IMIX */
	uint32_t flows;	  /* 0: the mix's own number */
	uint64_t packets; /* the same */
	uint32_t monitored_percent;
	uint32_t ipv6_percent;
	uint64_t seed;
	uint64_t rate;		/* packets per second of packet time */
	uint32_t alive;		/* so many flows at a time; 0: all */
	bool syn_flood;		/* every packet a SYN */
	struct opening opening; /* every packet a flow's first one, with a payload */
};

/* `tcp/443/tls-client-hello`, which is cut up in place and kept. False if it is none. */
bool load_take_first(struct opening *, char *text);

/* Writes the capture. 0 or a negative errno. */
int load_write(const struct load *, const char *path, struct capture_format);

/* The appliances: two management centers, sixty-four managed devices. */
void load_hosts(struct hosts *);

#endif
