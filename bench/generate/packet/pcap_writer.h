/* A capture file as it is written: pcap or pcapng, little-endian, through one
 * large buffer of its own.
 *
 * The first error sticks; capture_close() returns it. The file is not removed then.
 */
#ifndef GENERATE_PCAP_WRITER_H
#define GENERATE_PCAP_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet.h"

struct capture_format {
	bool pcapng;
	bool micro; /* microseconds instead of nanoseconds */
};

struct capture;

/* `path` may be "-", standard output. 0 or a negative errno. */
int capture_open(
	struct capture **, const char *path, struct capture_format, enum link, uint32_t snaplen);

/* Writes one packet: at most `caplen` and snaplen of its `wirelen` bytes. */
void capture_add(
	struct capture *, uint64_t time_ns, const void *bytes, uint32_t caplen, uint32_t wirelen);

/* Flushes, closes, frees. 0 or the first error as a negative errno. */
int capture_close(struct capture *);

#endif
