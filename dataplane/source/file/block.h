/* A file read in large pieces, of which records are taken whole.
 *
 * read(), not mmap(): a file that shrinks meanwhile is a short read, not a SIGBUS, and the
 * bytes are warm in the cache when the packet path comes to them.
 */
#ifndef PORTOLAN_BLOCK_H
#define PORTOLAN_BLOCK_H

#include <stddef.h>
#include <stdint.h>

/* Twice the largest record and more: a refill always leaves room for a whole one. */
#define CHUNK_BYTES (1u << 19)

struct block_buffer {
	int fd;
	int ended;	 /* the file has no more */
	int error;	 /* errno of a failed read, or 0 */
	uint64_t offset; /* of buffer[at] in the file */
	size_t at, end;
	uint8_t *buffer;
};

/* Takes the descriptor over. 0 or -ENOMEM. */
int block_buffer_init(struct block_buffer *, int fd);
void block_buffer_fini(struct block_buffer *);

/* Reads until there are CHUNK_BYTES or the file ends. What was handed out is moved: only
 * between bursts. 0 or a negative errno. */
int block_buffer_refill(struct block_buffer *);

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
