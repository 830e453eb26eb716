#include "source/file/block.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int block_buffer_init(struct block_buffer *c, struct byte_stream *stream)
{
	*c = (struct block_buffer){.stream = stream, .buffer = malloc(CHUNK_BYTES)};
	return c->buffer ? 0 : -ENOMEM;
}

void block_buffer_fini(struct block_buffer *c)
{
	free(c->buffer);
	if (c->stream)
		c->stream->operations->close(c->stream);
	*c = (struct block_buffer){0};
}

int block_buffer_refill(struct block_buffer *c)
{
	struct byte_stream *s = c->stream;
	size_t rest = chunk_left(c);

	if (c->ended || c->error)
		return -c->error;
	memmove(c->buffer, c->buffer + c->at, rest);
	c->at = 0;
	c->end = rest;
	while (c->end < CHUNK_BYTES && (c->end == rest || s->operations->is_ready(s, 0))) {
		ssize_t got = s->operations->read(s, c->buffer + c->end, CHUNK_BYTES - c->end);
		if (got <= 0) {
			c->error = (int)-got;
			c->ended = got == 0;
			break;
		}
		c->end += (size_t)got;
	}
	/* What came before an error is handed out first. */
	return c->end > rest ? 0 : -c->error;
}

const char *block_buffer_why(const struct block_buffer *c)
{
	return c->stream->why ? c->stream->why : strerror(c->error);
}

uint64_t block_buffer_position(const struct block_buffer *c)
{
	uint64_t read_bytes = c->stream ? c->stream->read_bytes : 0;

	return read_bytes < c->offset ? read_bytes : c->offset;
}
