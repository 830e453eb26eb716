/* Where packets come from.
 *
 * A source fills bursts; the bytes stay its own until `release`, which follows every `poll`
 * that gave packets. One thread polls a source. It stamps packets with the stream's time
 * (packet.now_ns) so that workers behind it agree on it.
 */
#ifndef PORTOLAN_SOURCE_H
#define PORTOLAN_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "packet.h"

#define SOURCE_ERROR_BYTES 512

struct source;

struct source_operations {
	const char *name;
	/* Fills at most BURST_MAX packets: 1 with packets, 0 with none at the moment, or a
	 * negative errno with the reason in source.error: -ENODATA is the end. */
	int (*poll)(struct source *, struct burst *);
	void (*release)(struct source *, struct burst *);
	void (*close)(struct source *);
};

/* The head of every source. */
struct source {
	const struct source_operations *operations;
	uint64_t start_ns, now_ns;        /* of the stream: its first packet, its latest time */
	uint64_t bytes_read, bytes_total; /* of files, for a progress bar; total 0: not known */
	int started;
	char error[SOURCE_ERROR_BYTES]; /* what: why */
};

/* Capture files, in their order, as one stream; "-" is standard input. What is wrong with a
 * file is known when its turn comes: `poll` says so, and goes on with the next file when
 * it is called again. 0 or -ENOMEM. */
int source_files_open(struct source **, const char *const *path, size_t paths);

/* Packets of a capture file held in memory, `rounds` times over, times moving on. 0 or a negative
 * errno with the reason in `error`. */
int source_memory_open(
        struct source **, const char *path, unsigned rounds, char error[SOURCE_ERROR_BYTES]);

/* Stamps a packet with the stream's time. */
static inline void source_stamp(struct source *s, struct burst *b, struct packet *p)
{
	if (!s->started) {
		s->started = 1;
		s->start_ns = s->now_ns = p->time_ns;
	}
	if (p->time_ns > s->now_ns)
		s->now_ns = p->time_ns;
	p->now_ns = s->now_ns;
	b->start_ns = s->start_ns;
}

#endif
