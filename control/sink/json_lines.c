#include "sink/json_lines.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/leftovers.h"

/* What waits for a full disk: about a thousand records. A flush is due at a fourth of it. */
#define BUFFER_BYTES (1u << 20)
#define FLUSH_BYTES (BUFFER_BYTES / 4)
#define PAGE_BYTES 4096
#define MODE 0640
#define BESIDE_MAX 100

/* A sensor that ends waits so long for the reader of a pipe. */
#define LAST_WAIT_MS 2000

/* A half line is longer than the longest record at the most. */
#define HALF_LINE_MAX (1 << 20)

/* --- open ----------------------------------------------------------------------------------- */

/* Bytes behind the last newline of a file of `size` bytes; -1: no newline nearby, or unreadable. */
static off_t half_line_bytes(int fd, off_t size)
{
	off_t start = size > HALF_LINE_MAX ? size - HALF_LINE_MAX : 0;
	size_t bytes = (size_t)(size - start);
	char *text = malloc(bytes ? bytes : 1), *newline;
	off_t half = -1;

	if (text && pread(fd, text, bytes, start) == (ssize_t)bytes) {
		newline = memrchr(text, '\n', bytes);
		if (newline || start == 0)
			half = newline ? text + bytes - newline - 1 : size;
		if (half > 0 && text[bytes - (size_t)half] != '{')
			half = -1; /* no record: somebody's text */
	}
	free(text);
	return half;
}

/* Removes the half record that a kill or a crash has left at the end of the file; ends any other
 * text with a newline. */
static int end_last_line(struct json_lines *l)
{
	off_t size = (off_t)l->size_bytes, half;
	char last = '\n';

	if (size == 0 || pread(l->fd, &last, 1, size - 1) != 1 || last == '\n')
		return 0;
	half = half_line_bytes(l->fd, size);
	if (half < 0) {
		l->size_bytes++;
		return write(l->fd, "\n", 1) < 0 ? -errno : 0;
	}
	if (ftruncate(l->fd, size - half) < 0)
		return -errno;
	l->size_bytes = (uint64_t)(size - half);
	l->cut_bytes = (uint64_t)half;
	return 0;
}

/* A file with a second name, in a folder where others make files, may be anybody's. */
static bool is_suspect(const struct json_lines *l, const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_nlink > 1 && file_place_is_shared(&l->place);
}

static int extend(struct json_lines *l)
{
	struct stat st;
	int error;

	/* Reading too: a FIFO without a reader can be opened, and the last byte looked at. */
	l->fd = openat(l->place.folder, l->place.name,
		O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, MODE);
	if (l->fd < 0)
		return -errno;
	error = fstat(l->fd, &st) < 0 ? -errno : is_suspect(l, &st) ? -EMLINK : 0;
	l->is_regular = error == 0 && S_ISREG(st.st_mode);
	l->size_bytes = l->is_regular ? (uint64_t)st.st_size : 0;
	if (l->is_regular)
		error = end_last_line(l);
	if (error < 0) {
		close(l->fd);
		l->fd = -1;
	}
	return error;
}

/* A pipe, a terminal, /dev/null, or a link to one. */
static int open_directly(struct json_lines *l)
{
	l->fd = open(l->place.path,
		O_WRONLY | O_CLOEXEC | O_NOCTTY | (l->mode == JSON_LINES_EXTEND ? O_NONBLOCK : 0));
	return l->fd < 0 ? -errno : 0;
}

/* What is written beside is nothing that anybody wants if the command is ended. */
static void note_beside(const struct json_lines *l, void (*note)(const char *path))
{
	char path[PATH_MAX];
	int folder = (int)(l->place.name - l->place.path);

	if (!l->beside || !l->beside[0])
		return;
	snprintf(path, sizeof(path), "%.*s%s", folder, l->place.path, l->beside);
	note(path);
}

static int open_beside(struct json_lines *l)
{
	l->is_regular = true;
	for (unsigned i = 0; i < BESIDE_MAX; i++) {
		if (asprintf(&l->beside, ".%s.%ld-%u", l->place.name, (long)getpid(), i) < 0) {
			l->beside = NULL;
			return -ENOMEM;
		}
		l->fd = openat(l->place.folder, l->beside,
			O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
		if (l->fd >= 0 || errno != EEXIST)
			break;
		free(l->beside);
		l->beside = NULL;
	}
	if (l->fd >= 0) {
		note_beside(l, leftovers_add);
		return 0;
	}
	free(l->beside);
	l->beside = NULL;
	return -errno;
}

static int open_place(struct json_lines *l)
{
	bool is_file = l->place.is_regular || !l->place.exists;

	if (l->mode == JSON_LINES_REPLACE)
		return is_file ? open_beside(l) : open_directly(l);
	/* A link that leads to no path (to a pipe) is opened as it is. */
	return is_file || l->place.is_fifo ? extend(l) : open_directly(l);
}

static int open_stdout(struct json_lines *l)
{
	struct stat st;

	l->is_stdout = true;
	l->fd = STDOUT_FILENO;
	if (fstat(l->fd, &st) < 0)
		return -errno;
	l->is_regular = S_ISREG(st.st_mode);
	return 0;
}

int json_lines_open(struct json_lines *l, const char *path, enum json_lines_mode mode)
{
	int error = 0;

	*l = (struct json_lines){.path = path, .mode = mode, .fd = -1, .place = {.folder = -1}};
	l->wait_ms = mode == JSON_LINES_EXTEND ? 0 : -1;
	l->buffer = malloc(BUFFER_BYTES);
	if (!l->buffer)
		return -ENOMEM;
	l->is_open = true;
	if (strcmp(path, "-") == 0) {
		error = open_stdout(l);
	} else {
		error = file_place_find(&l->place, path);
		if (error == 0)
			error = open_place(l);
	}
	if (error < 0)
		json_lines_discard(l);
	return error;
}

int json_lines_reopen(struct json_lines *l)
{
	struct json_lines fresh = *l;
	int error;

	if (!l->is_open || l->is_stdout || l->mode != JSON_LINES_EXTEND)
		return 0;
	error = file_place_find(&fresh.place, l->path);
	if (error == 0)
		error = open_place(&fresh);
	if (error < 0) {
		file_place_fini(&fresh.place);
		return error;
	}
	file_place_fini(&l->place);
	close(l->fd);
	fresh.done = 0;
	*l = fresh;
	return 0;
}

/* --- write ---------------------------------------------------------------------------------- */

/* A kill ends a write between two pages of the file, not within one: what is written at a time
 * are whole lines up to the next page, or the one line that crosses it. */
static size_t piece_of(const struct json_lines *l, const char *text, size_t bytes)
{
	size_t to_page = PAGE_BYTES - l->size_bytes % PAGE_BYTES;
	const char *newline;

	if (!l->is_regular)
		return bytes < PIPE_BUF ? bytes : PIPE_BUF;
	if (l->mode == JSON_LINES_REPLACE || bytes <= to_page)
		return bytes;
	newline = memrchr(text, '\n', to_page);
	if (!newline)
		newline = memchr(text, '\n', bytes);
	return newline ? (size_t)(newline - text) + 1 : bytes;
}

/* Whether a pipe or terminal takes PIPE_BUF bytes. */
static int wait_for_room(const struct json_lines *l)
{
	struct pollfd p = {.fd = l->fd, .events = POLLOUT};
	int n = poll(&p, 1, l->wait_ms);

	return n > 0 ? 0 : n == 0 ? -EAGAIN : -errno;
}

/* Bytes of the buffer from `done` on; negative errno. */
static ssize_t put(struct json_lines *l)
{
	const char *text = l->buffer + l->done;
	int error = l->is_regular ? 0 : wait_for_room(l);
	ssize_t n;

	if (error < 0)
		return error;
	n = write(l->fd, text, piece_of(l, text, l->used - l->done));
	return n < 0 ? -errno : n;
}

/* Bytes of what is written already that are whole lines. */
static size_t whole_bytes(const struct json_lines *l)
{
	const char *newline = memrchr(l->buffer, '\n', l->done);

	return newline ? (size_t)(newline - l->buffer) + 1 : 0;
}

/* Takes a line that was written in part back from the file, unless others have written since. */
static void take_back(struct json_lines *l)
{
	size_t whole = whole_bytes(l), part = l->done - whole;
	struct stat st;

	if (part == 0 || !l->is_regular || l->is_stdout)
		return;
	if (fstat(l->fd, &st) == 0 && st.st_size >= (off_t)part &&
		ftruncate(l->fd, st.st_size - (off_t)part) == 0) {
		l->done = whole;
		l->size_bytes -= part;
		if (l->beside)
			lseek(l->fd, st.st_size - (off_t)part, SEEK_SET);
	}
}

/* Keeps what is not written, from the start of a line on that was written in part. */
static void keep_rest(struct json_lines *l)
{
	size_t whole = whole_bytes(l);

	memmove(l->buffer, l->buffer + whole, l->used - whole);
	l->used -= whole;
	l->done -= whole;
}

int json_lines_flush(struct json_lines *l)
{
	ssize_t n = 0;
	int error;

	if (!l->is_open)
		return 0;
	while (l->done < l->used) {
		n = put(l);
		if (n == -EINTR)
			continue;
		if (n < 0)
			break;
		l->done += (size_t)n;
		l->size_bytes += (size_t)n;
	}
	error = n < 0 ? (int)n : 0;
	if (error < 0)
		take_back(l);
	keep_rest(l);
	if (error && !l->error)
		l->since_s = time(NULL);
	l->error = error;
	return error;
}

static bool has_room(const struct json_lines *l, size_t length)
{
	return length < BUFFER_BYTES - l->used;
}

void json_lines_write(struct json_lines *l, const char *json, size_t length)
{
	if (!l->is_open)
		return;
	if (json && !has_room(l, length) && l->error == 0)
		json_lines_flush(l);
	if (!json || !has_room(l, length)) {
		l->lost_error = !json ? -ENOMEM : l->error ? l->error : -EMSGSIZE;
		l->lost++;
		return;
	}
	memcpy(l->buffer + l->used, json, length);
	l->buffer[l->used + length] = '\n';
	l->used += length + 1;
	l->written++;
	if (l->used >= FLUSH_BYTES && l->error == 0)
		json_lines_flush(l);
}

/* --- close ---------------------------------------------------------------------------------- */

static void forget_beside(struct json_lines *l)
{
	note_beside(l, leftovers_drop);
	l->beside[0] = '\0';
}

/* Puts the new file in the former one's place. */
static int replace(struct json_lines *l)
{
	int error = 0;

	if (!l->beside)
		return 0;
	if (renameat(l->place.folder, l->beside, l->place.folder, l->place.name) < 0)
		error = -errno;
	else
		forget_beside(l);
	return error;
}

void json_lines_discard(struct json_lines *l)
{
	if (!l->is_open)
		return;
	if (l->beside && l->beside[0]) {
		unlinkat(l->place.folder, l->beside, 0);
		forget_beside(l);
	}
	if (l->fd >= 0 && !l->is_stdout)
		close(l->fd);
	free(l->beside);
	free(l->buffer);
	file_place_fini(&l->place);
	l->is_open = false;
	l->fd = -1;
	l->beside = l->buffer = NULL;
	l->used = l->done = 0;
}

int json_lines_close(struct json_lines *l)
{
	int error;

	if (!l->is_open)
		return 0;
	if (l->mode == JSON_LINES_EXTEND)
		l->wait_ms = LAST_WAIT_MS;
	error = json_lines_flush(l);
	if (error == 0 && l->lost)
		error = l->lost_error;
	if (error == 0)
		error = replace(l);
	json_lines_discard(l);
	return error;
}

const char *json_lines_name(const struct json_lines *l)
{
	return strcmp(l->path, "-") == 0 ? "standard output" : l->path;
}
