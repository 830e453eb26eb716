/* One capture being read: by a reader of our own where it is pcap or pcapng, by libpcap
 * otherwise.
 *
 * A reader fills bursts whose bytes live until it is asked again.
 */
#ifndef PORTOLAN_CAPTURE_READER_H
#define PORTOLAN_CAPTURE_READER_H

#include "source.h"
#include "source/file/block.h"

/* libpcap's bound for one record (MAXIMUM_SNAPLEN); more is a broken length, not a packet. */
#define RECORD_BYTES_MAX 262144u

struct capture_reader;

struct reader_operations {
	/* Fills what is left of the burst: 1 where there may be more, 0 at the end of the file, or
	 * a negative errno with the reason, without the file's name, in source.error. */
	int (*fill)(struct capture_reader *, struct source *, struct burst *);
	void (*close)(struct capture_reader *);
};

struct capture_reader {
	const struct reader_operations *operations;
	struct block_buffer chunk; /* what is read next */
	int is_plain;		   /* a burst that is not full took every whole record */
};

/* The capture's first bytes are in the buffer, as many as READER_HEADER_BYTES where it has them;
 * the reader takes it over when it succeeds. 0; -ENOTSUP: not this format; or another negative
 * errno. */
#define READER_HEADER_BYTES 24u
int reader_pcap_open(struct capture_reader **, struct block_buffer *);
int reader_pcapng_open(struct capture_reader **, struct block_buffer *);

/* Whatever libpcap understands. The reason in `error`. */
int reader_libpcap_open(
	struct capture_reader **, struct block_buffer *, char error[SOURCE_ERROR_BYTES]);

#endif
