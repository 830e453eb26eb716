/* The bytes of a capture, from its first to its last: of a file, of a pipe, or of what is
 * compressed in either. Owned by the block buffer that reads from it; memory from malloc().
 */
#ifndef PORTOLAN_BYTE_STREAM_H
#define PORTOLAN_BYTE_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct byte_stream;

struct byte_stream_operations {
	/* Waits for at least one byte: how many came; 0 at the end; or a negative errno, with words
	 * for it in byte_stream.why where strerror() has none. */
	ssize_t (*read)(struct byte_stream *, void *, size_t);
	/* Whether read() would not wait; waits up to `wait_ms` until it is so. */
	int (*is_ready)(struct byte_stream *, int wait_ms);
	void (*close)(struct byte_stream *);
};

struct byte_stream {
	const struct byte_stream_operations *operations;
	uint64_t read_bytes; /* from the file or pipe itself */
	const char *why;     /* or NULL */
};

/* Takes the descriptor over, unless it is standard input's. 0 or -ENOMEM. */
int byte_stream_open(struct byte_stream **, int fd);

struct block_buffer;

/* Where `compressed` begins like a compressed file, its place is taken by what is in there: 0
 * also if it is not compressed; or a negative errno. */
int decompress_open(struct block_buffer *compressed);

#endif
