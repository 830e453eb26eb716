/* Capture files, one after the other, each with the reader that knows its format. */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/error.h"
#include "source/file/block.h"
#include "source/file/byte_stream.h"
#include "source/file/capture_reader.h"

struct files {
	struct source source; /* first: the operations get it */
	char **path;
	size_t paths, next;
	uint64_t bytes_before; /* of the files before this one */
	struct capture_reader *reader;
};

/* What is wrong with the file itself, before anyone looks into it. */
static int check_file(struct source *s, const char *path, struct stat *st)
{
	if (stat(path, st) < 0)
		return source_fail(s, -errno, "%s", strerror(errno));
	if (S_ISDIR(st->st_mode))
		return source_fail(s, -EISDIR, "is a directory; want a pcap or pcapng file");
	if (S_ISREG(st->st_mode) && st->st_size == 0)
		return source_fail(s, -EINVAL, "is empty; want a pcap or pcapng file");
	return 0;
}

static int open_bytes(struct files *f, const char *path, struct block_buffer *chunk)
{
	int is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC), error;
	struct byte_stream *stream;

	if (fd < 0)
		return source_fail(&f->source, -errno, "%s", strerror(errno));
	error = byte_stream_open(&stream, fd);
	if (error < 0) {
		if (!is_stdin)
			close(fd);
		return source_fail(&f->source, error, "%s", strerror(-error));
	}
	error = block_buffer_init(chunk, stream);
	return error < 0 ? source_fail(&f->source, error, "%s", strerror(-error)) : 0;
}

/* Reads the first bytes, of which the format is seen; a short file has fewer. */
static int read_first(struct files *f, struct block_buffer *chunk)
{
	while (chunk_left(chunk) < READER_HEADER_BYTES && !chunk->ended)
		if (block_buffer_refill(chunk) < 0)
			return source_fail(
				&f->source, -chunk->error, "%s", block_buffer_why(chunk));
	return 0;
}

/* Our own readers for what they know, libpcap for the rest. */
static int open_reader(struct files *f, struct block_buffer *chunk)
{
	int error = read_first(f, chunk);

	if (error < 0)
		return error;
	error = decompress_open(chunk);
	if (error < 0)
		return source_fail(&f->source, error, "%s", strerror(-error));
	error = read_first(f, chunk);
	if (error < 0)
		return error;
	error = reader_pcap_open(&f->reader, chunk);
	if (error == -ENOTSUP)
		error = reader_pcapng_open(&f->reader, chunk);
	if (error == -ENOTSUP)
		return reader_libpcap_open(&f->reader, chunk, f->source.error);
	return error < 0 ? source_fail(&f->source, error, "%s", strerror(-error)) : 0;
}

static int open_file(struct files *f, const char *path)
{
	struct block_buffer chunk = {0};
	struct stat st;
	int error = 0;

	if (strcmp(path, "-") != 0)
		error = check_file(&f->source, path, &st);
	if (error == 0)
		error = open_bytes(f, path, &chunk);
	if (error == 0)
		error = open_reader(f, &chunk);
	if (error < 0)
		block_buffer_fini(&chunk);
	return error;
}

/* Puts the file's name before what is wrong with it. */
static int name_file(struct files *f, int error)
{
	char why[SOURCE_ERROR_BYTES];
	const char *path = f->path[f->next - 1];

	memcpy(why, f->source.error, sizeof(why));
	return source_fail(&f->source, error, "%s: %s%s",
		strcmp(path, "-") == 0 ? "standard input" : path, why,
		f->reader ? "; what was read before counts" : "");
}

/* How long a pipe that has nothing is waited for before whoever polls gets a turn. */
#define IDLE_MS 10

static int is_ready(const struct capture_reader *r, int wait_ms)
{
	struct byte_stream *bytes = r->chunk.stream;

	return r->chunk.ended || bytes->operations->is_ready(bytes, wait_ms);
}

static void close_current(struct files *f)
{
	f->bytes_before += block_buffer_position(&f->reader->chunk);
	f->reader->operations->close(f->reader);
	f->reader = NULL;
}

static int files_poll(struct source *s, struct burst *b)
{
	struct files *f = (struct files *)s;
	int got;

	burst_clear(b);
	if (!f->reader) {
		if (f->next == f->paths)
			return -ENODATA;
		got = open_file(f, f->path[f->next++]);
		if (got < 0)
			return name_file(f, got);
	}
	if (s->is_idle && !is_ready(f->reader, IDLE_MS))
		return 0;
	got = f->reader->operations->fill(f->reader, s, b);
	if (got < 0)
		got = name_file(f, got);
	s->is_idle =
		got == 1 && f->reader->is_plain && b->count < BURST_MAX && !is_ready(f->reader, 0);
	s->bytes_read = f->bytes_before + block_buffer_position(&f->reader->chunk);
	/* The burst's bytes are the reader's: it closes when there are none. */
	if (got < 1 && b->count == 0)
		close_current(f);
	return got < 0 ? got : b->count > 0;
}

static void files_release(struct source *s, struct burst *b)
{
	(void)s;
	burst_clear(b);
}

static void files_close(struct source *s)
{
	struct files *f = (struct files *)s;

	if (f->reader)
		f->reader->operations->close(f->reader);
	for (size_t i = 0; i < f->paths; i++)
		free(f->path[i]);
	free(f->path);
	free(f);
}

static const struct source_operations files_operations = {
	.name = "files",
	.poll = files_poll,
	.release = files_release,
	.close = files_close,
};

/* The sum of all sizes, or 0 if one of them has none (a pipe). */
static uint64_t total_bytes(const char *const *path, size_t paths)
{
	uint64_t total = 0;
	struct stat st;

	for (size_t i = 0; i < paths; i++) {
		if (strcmp(path[i], "-") == 0 || stat(path[i], &st) < 0 || !S_ISREG(st.st_mode))
			return 0;
		total += (uint64_t)st.st_size;
	}
	return total;
}

int source_files_open(struct source **out, const char *const *path, size_t paths)
{
	struct files *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->source.operations = &files_operations;
	f->path = calloc(paths, sizeof(*f->path));
	for (size_t i = 0; f->path && i < paths; i++, f->paths++)
		if (!(f->path[i] = strdup(path[i])))
			break;
	if (!f->path || f->paths < paths) {
		files_close(&f->source);
		return -ENOMEM;
	}
	f->source.bytes_total = total_bytes(path, paths);
	*out = &f->source;
	return 0;
}
