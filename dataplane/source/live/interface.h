/* One network interface, open for capture in one source.
 *
 * Lies in its source. Opened with its gate closed (fanout.h): nothing passes until that is
 * opened. libpcap's handle does not block.
 */
#ifndef PORTOLAN_INTERFACE_H
#define PORTOLAN_INTERFACE_H

#include <pcap/pcap.h>
#include <stdint.h>

#include "source.h"

/* The kernel hands over a block of its ring that is not full after so long. */
#define TAP_BLOCK_TIMEOUT_MS 10

struct tap {
	char *name;
	unsigned index; /* the kernel's; 0: the pseudo device "any" */
	pcap_t *pcap;
	enum link link;
	/* By the thread that asks for losses: libpcap counts in 32 bits. */
	struct pcap_stat counted;
	struct source_loss loss;
	int flags; /* what the thread that watches last saw */
};

struct tap_config {
	uint32_t snaplen, ring_bytes;
};

/* 0, or a negative errno with the reason in `error`; to be closed either way. */
int tap_open(
	struct tap *, const char *name, const struct tap_config *, char error[SOURCE_ERROR_BYTES]);
void tap_close(struct tap *);

/* Throws away what the ring holds. */
void tap_drain(struct tap *);

/* The interface's IFF_ flags, asked through any socket; a negative errno, -ENODEV once it has
 * gone, though another one of that name may be there. */
int tap_flags(const struct tap *, int socket);

/* Adds what came and was lost since last asked to tap.loss. 0 or -EIO. */
int tap_count(struct tap *);

#endif
