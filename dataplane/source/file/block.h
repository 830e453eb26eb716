/* A capture read in large pieces, of which records are taken whole.
 *
 * read(), not mmap(): a file that shrinks meanwhile is a short read, not a SIGBUS, and the
 * bytes are warm in the cache when the packet path comes to them. Of a pipe only what is there is
 * waited for, never a whole piece: a record is handed out before the next one comes.
 */
#ifndef PORTOLAN_BLOCK_H
#define PORTOLAN_BLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "source/file/byte_stream.h"

/* Twice the largest record and more: a refill always leaves room for a whole one. */
#define CHUNK_BYTES (1u << 19)

struct block_buffer {
	struct byte_stream *stream;
	int ended;	 /* the stream has no more */
	int error;	 /* errno of a failed read, or 0 */
	uint64_t offset; /* of buffer[at] in the stream */
	size_t at, end;
	uint8_t *buffer;
};

/* Takes the stream over, also when it fails. 0 or -ENOMEM. */
int block_buffer_init(struct block_buffer *, struct byte_stream *);
void block_buffer_fini(struct block_buffer *);

/* Waits for more bytes, and reads until there are CHUNK_BYTES, the stream ends, or there are none
 * at the moment. What was handed out is moved: only between bursts. 0 or a negative errno. */
int block_buffer_refill(struct block_buffer *);

/* Words for its error. */
const char *block_buffer_why(const struct block_buffer *);

/* Bytes of the file or pipe itself that were used up, for a progress bar. */
uint64_t block_buffer_position(const struct block_buffer *);

static inline size_t chunk_left(const struct block_buffer *c)
{
	return c->end - c->at;
}

static inline const uint8_t *chunk_here(const struct block_buffer *c)
{
	return c->buffer + c->at;
}

static inline void chunk_skip(struct block_buffer *c, size_t bytes)
{
	c->at += bytes;
	c->offset += bytes;
}

#endif
