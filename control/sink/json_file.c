/* Sink: events as lines of a file that is rotated by size, or of standard output.
 *
 * A file has whole lines only: a line cut off by a full disk is removed again. On a pipe, which
 * cannot be truncated, the line is continued where it stopped.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/log.h"
#include "record/event.h"
#include "sink/sink.h"

#define PATIENCE_NS 5000000000ull
#define MODE 0640
#define KEEP_DEFAULT 10

struct json_file {
	int fd;
	bool is_stdout, is_regular;
	bool is_moved;	     /* the old files are renamed, the new one is not open yet */
	uint64_t size_bytes; /* size of the file */
	uint64_t rotate_at_bytes;
	size_t done; /* bytes of the current line already written */
};

static int describe(struct json_file *f)
{
	struct stat st;

	if (fstat(f->fd, &st) < 0)
		return -errno;
	f->is_regular = S_ISREG(st.st_mode);
	f->size_bytes = f->is_regular ? (uint64_t)st.st_size : 0;
	return 0;
}

/* Ends an incomplete last line of an existing file before the first event. */
static int end_last_line(const struct json_file *f)
{
	char last = '\n';

	if (f->is_regular && f->size_bytes > 0 &&
		pread(f->fd, &last, 1, (off_t)f->size_bytes - 1) == 1 && last != '\n' &&
		write(f->fd, "\n", 1) < 0)
		return -errno;
	return 0;
}

/* 0: no rotation. */
static uint64_t rotate_bytes(const struct sink *s)
{
	return sink_number(s->settings, SINK_KEY_ROTATE, 0);
}

/* Keeps the old descriptor until the new file is open. */
static int open_file(struct sink *s)
{
	struct json_file *f = s->state, fresh = *f;
	int error;

	fresh.fd = open(s->settings->value[SINK_KEY_PATH],
		O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, MODE);
	if (fresh.fd < 0)
		return -errno;
	error = describe(&fresh);
	if (error == 0)
		error = end_last_line(&fresh);
	if (error < 0) {
		close(fresh.fd);
		return error;
	}
	if (f->fd >= 0)
		close(f->fd);
	*f = fresh;
	f->done = 0;
	f->rotate_at_bytes = rotate_bytes(s);
	return 0;
}

static int json_file_open(struct sink *s)
{
	struct json_file *f = s->state = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->fd = -1;
	f->is_stdout = strcmp(s->settings->value[SINK_KEY_PATH], "-") == 0;
	if (!f->is_stdout)
		return open_file(s);
	f->fd = STDOUT_FILENO;
	return describe(f);
}

/* --- rotation ----------------------------------------------------------------------------- */

static int move_file(const struct sink *s, unsigned from)
{
	char old[PATH_MAX], fresh[PATH_MAX];
	const char *path = s->settings->value[SINK_KEY_PATH];
	int n = from ? snprintf(old, sizeof(old), "%s.%u", path, from)
		     : snprintf(old, sizeof(old), "%s", path);

	if (n < 0 || (size_t)n >= sizeof(old) ||
		(size_t)snprintf(fresh, sizeof(fresh), "%s.%u", path, from + 1) >= sizeof(fresh))
		return -ENAMETOOLONG;
	return rename(old, fresh) < 0 && errno != ENOENT ? -errno : 0;
}

/* path.1 is the newest; path.keep is overwritten. */
static int move_files(const struct sink *s)
{
	int error = 0;

	for (unsigned i = (unsigned)sink_number(s->settings, SINK_KEY_KEEP, KEEP_DEFAULT);
		i > 0 && error == 0; i--)
		error = move_file(s, i - 1);
	return error;
}

/* If files cannot be renamed (no permission on the folder), events go on to the current file: the
 * error is reported, and rotation retried after as many bytes again. */
static int rotate(struct sink *s)
{
	struct json_file *f = s->state;
	int error = f->is_moved ? 0 : move_files(s);

	if (error < 0) {
		log_say(LOG_LEVEL_WARNING, "sink %s: cannot be rotated: %s", sink_name(s->settings),
			strerror(-error));
		f->rotate_at_bytes = f->size_bytes + rotate_bytes(s);
		return 0;
	}
	f->is_moved = true;
	error = open_file(s);
	if (error == 0)
		f->is_moved = false;
	return error;
}

static bool is_full(const struct json_file *f, size_t length)
{
	return f->rotate_at_bytes && f->is_regular && !f->is_stdout && f->size_bytes > 0 &&
	       f->size_bytes + length + 1 > f->rotate_at_bytes;
}

/* --- lines -------------------------------------------------------------------------------- */

/* On a pipe, waits until it is writable and writes at most PIPE_BUF bytes, which does not block. */
static ssize_t put(const struct sink *s, const char *json, size_t length)
{
	const struct json_file *f = s->state;
	size_t left = length - f->done;
	struct iovec part[] = {{(char *)json + f->done, left}, {(char *)"\n", 1}};
	int error;

	if (f->done > length)
		return 0;
	if (f->is_regular)
		return writev(f->fd, part, 2);
	error = sink_wait(s, f->fd, POLLOUT, PATIENCE_NS);
	if (error < 0) {
		errno = -error;
		return -1;
	}
	return left ? write(f->fd, json + f->done, left < PIPE_BUF ? left : PIPE_BUF)
		    : write(f->fd, "\n", 1);
}

/* Truncates from the current end: the file may have been truncated by others. */
static void take_back(struct json_file *f)
{
	struct stat st;

	if (!f->is_regular || f->is_stdout || f->done == 0)
		return;
	if (fstat(f->fd, &st) == 0 && st.st_size >= (off_t)f->done &&
		ftruncate(f->fd, st.st_size - (off_t)f->done) == 0)
		f->done = 0;
}

static int json_file_write(struct sink *s, const struct event *v)
{
	struct json_file *f = s->state;
	size_t length = v->json_bytes;
	int error = is_full(f, length) && f->done == 0 ? rotate(s) : 0;

	if (error < 0)
		return error;
	while (f->done < length + 1) {
		ssize_t n = put(s, v->json, length);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0) {
			error = errno == EPIPE && f->is_stdout ? -ESHUTDOWN : -errno;
			take_back(f);
			return error == -ESHUTDOWN ? sink_fail(s, error, "nobody reads any more")
						   : error;
		}
		f->done += (size_t)n;
	}
	f->size_bytes += length + 1;
	f->done = 0;
	return 0;
}

static int json_file_reopen(struct sink *s)
{
	struct json_file *f = s->state;

	return f->is_stdout ? 0 : open_file(s);
}

static void json_file_close(struct sink *s)
{
	struct json_file *f = s->state;

	if (f && f->fd >= 0 && !f->is_stdout)
		close(f->fd);
	free(f);
	s->state = NULL;
}

const struct sink_operations sink_json_file = {
	.open = json_file_open,
	.write = json_file_write,
	.reopen = json_file_reopen,
	.close = json_file_close,
};
