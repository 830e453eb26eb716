#include "source/file/byte_stream.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct fd_stream {
	struct byte_stream stream; /* first: the operations get it */
	int fd;
	int is_file; /* never waits */
};

/* A signal ends the wait for a pipe: whoever reads asks whether it should stop. */
static ssize_t fd_read(struct byte_stream *s, void *bytes, size_t count)
{
	const struct fd_stream *f = (const struct fd_stream *)s;
	ssize_t got = read(f->fd, bytes, count);

	while (got < 0 && errno == EINTR && f->is_file)
		got = read(f->fd, bytes, count);
	if (got < 0)
		return -errno;
	s->read_bytes += (uint64_t)got;
	return got;
}

static int fd_is_ready(struct byte_stream *s, int wait_ms)
{
	const struct fd_stream *f = (const struct fd_stream *)s;
	struct pollfd p = {.fd = f->fd, .events = POLLIN};

	return f->is_file || poll(&p, 1, wait_ms) > 0;
}

static void fd_close(struct byte_stream *s)
{
	struct fd_stream *f = (struct fd_stream *)s;

	if (f->fd != STDIN_FILENO)
		close(f->fd);
	free(f);
}

static const struct byte_stream_operations fd_operations = {
	.read = fd_read,
	.is_ready = fd_is_ready,
	.close = fd_close,
};

int byte_stream_open(struct byte_stream **out, int fd)
{
	struct fd_stream *f = calloc(1, sizeof(*f));
	struct stat st;

	if (!f)
		return -ENOMEM;
	f->stream.operations = &fd_operations;
	f->fd = fd;
	f->is_file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	*out = &f->stream;
	return 0;
}
