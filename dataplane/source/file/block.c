#include "source/file/block.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int block_buffer_init(struct block_buffer *c, int fd)
{
	*c = (struct block_buffer){.fd = fd, .buffer = malloc(CHUNK_BYTES)};
	return c->buffer ? 0 : -ENOMEM;
}

void block_buffer_fini(struct block_buffer *c)
{
	free(c->buffer);
	if (c->fd >= 0)
		close(c->fd);
	*c = (struct block_buffer){.fd = -1};
}

int block_buffer_refill(struct block_buffer *c)
{
	size_t rest = chunk_left(c);

	if (c->ended || c->error)
		return -c->error;
	memmove(c->buffer, c->buffer + c->at, rest);
	c->at = 0;
	c->end = rest;
	while (c->end < CHUNK_BYTES) {
		ssize_t got = read(c->fd, c->buffer + c->end, CHUNK_BYTES - c->end);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			c->error = errno;
			break;
		}
		if (got == 0) {
			c->ended = 1;
			break;
		}
		c->end += (size_t)got;
	}
	return -c->error;
}
