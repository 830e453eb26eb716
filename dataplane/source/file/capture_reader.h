/* One capture file being read: by a reader of our own where the format is plain pcap or
 * pcapng in a regular file, by libpcap otherwise.
 *
 * A reader fills bursts whose bytes live until it is asked again.
 */
#ifndef PORTOLAN_CAPTURE_READER_H
#define PORTOLAN_CAPTURE_READER_H

#include "source.h"

/* libpcap's bound for one record (MAXIMUM_SNAPLEN); more is a broken length, not a packet. */
#define RECORD_BYTES_MAX 262144u

struct capture_reader;

struct reader_operations {
	/* Fills what is left of the burst: 1 where there may be more, 0 at the end of the file, or
	 * a negative errno with the reason, without the file's name, in source.error. */
	int (*fill)(struct capture_reader *, struct source *, struct burst *);
	uint64_t (*position)(const struct capture_reader *); /* bytes read so far */
	void (*close)(struct capture_reader *);
};

struct capture_reader {
	const struct reader_operations *operations;
};

/* `fd` is a regular file at its beginning, which the reader takes over when it succeeds.
 * 0; -ENOTSUP: not this format; or another negative errno. */
int reader_pcap_open(struct capture_reader **, int fd);
int reader_pcapng_open(struct capture_reader **, int fd);

/* Whatever libpcap understands, "-" being standard input. The reason in `error`. */
int reader_libpcap_open(struct capture_reader **, const char *path, char error[SOURCE_ERROR_BYTES]);

#endif
