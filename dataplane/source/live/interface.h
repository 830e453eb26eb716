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

struct interface_capture {
	char *name;
	unsigned index; /* the kernel's; 0: the pseudo device "any" */
	pcap_t *pcap;
	enum link link;
	/* By the thread that asks for losses: libpcap counts in 32 bits. */
	struct pcap_stat counted;
	struct source_loss loss;
	int flags; /* what the thread that watches last saw */
};

struct interface_config {
	uint32_t snaplen, ring_bytes;
};

/* 0, or a negative errno with the reason in `error`; to be closed either way. */
int interface_open(struct interface_capture *, const char *name, const struct interface_config *,
	char error[SOURCE_ERROR_BYTES]);
void interface_close(struct interface_capture *);

/* Throws away what the ring holds. */
void interface_drain(struct interface_capture *);

/* The interface's IFF_ flags, asked through any socket; a negative errno, -ENODEV once it has
 * gone, though another one of that name may be there. */
int interface_link_flags(const struct interface_capture *, int socket);

/* Adds what came and was lost since last asked to tap.loss. 0 or -EIO. */
int interface_count(struct interface_capture *);

#endif
