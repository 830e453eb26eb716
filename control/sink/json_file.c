/* Sink: events as lines of a file that is rotated by size, or of standard output; every event is
 * written at once. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "record/event.h"
#include "sink/json_lines.h"
#include "sink/sink.h"

#define PATIENCE_NS 5000000000ull
#define KEEP_DEFAULT 10

struct json_file {
	struct json_lines lines;
	bool is_moved; /* the old files are renamed, the new one is not open yet */
	uint64_t rotate_at_bytes;
};

/* 0: no rotation. */
static uint64_t rotate_bytes(const struct sink *s)
{
	return sink_number(s->settings, SINK_KEY_ROTATE, 0);
}

static void say_what_was_cut(const struct sink *s)
{
	const struct json_file *f = s->state;

	if (f->lines.cut_bytes)
		log_say(LOG_LEVEL_WARNING, "sink %s: half a record at its end was removed",
			sink_name(s->settings));
}

static int json_file_open(struct sink *s)
{
	struct json_file *f = s->state = calloc(1, sizeof(*f));
	int error;

	if (!f)
		return -ENOMEM;
	error = json_lines_open(&f->lines, s->settings->value[SINK_KEY_PATH], JSON_LINES_EXTEND);
	if (error < 0)
		return sink_fail(s, error, "%s", file_place_error(error));
	f->rotate_at_bytes = rotate_bytes(s);
	say_what_was_cut(s);
	return 0;
}

static int open_again(struct sink *s)
{
	struct json_file *f = s->state;
	int error = json_lines_reopen(&f->lines);

	if (error < 0)
		return sink_fail(s, error, "%s", file_place_error(error));
	f->rotate_at_bytes = rotate_bytes(s);
	return 0;
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
		f->rotate_at_bytes = f->lines.size_bytes + rotate_bytes(s);
		return 0;
	}
	f->is_moved = true;
	error = open_again(s);
	if (error == 0)
		f->is_moved = false;
	return error;
}

static bool is_full(const struct json_file *f, size_t length)
{
	const struct json_lines *l = &f->lines;

	return f->rotate_at_bytes && l->is_regular && !l->is_stdout && l->size_bytes > 0 &&
	       l->used == 0 && l->size_bytes + length + 1 > f->rotate_at_bytes;
}

/* --- lines -------------------------------------------------------------------------------- */

/* What waits in the buffer after a failure is this very event. */
static int json_file_write(struct sink *s, const struct event *v)
{
	struct json_file *f = s->state;
	uint64_t lost = f->lines.lost;
	int error = is_full(f, v->json_bytes) ? rotate(s) : 0;

	if (error < 0)
		return error;
	if (f->lines.used == 0)
		json_lines_write(&f->lines, v->json, v->json_bytes);
	if (f->lines.lost > lost)
		return -EBADMSG;
	while ((error = json_lines_flush(&f->lines)) == -EAGAIN) {
		error = sink_wait(s, f->lines.fd, POLLOUT, PATIENCE_NS);
		if (error < 0)
			return error;
	}
	if (error == -EPIPE && f->lines.is_stdout)
		return sink_fail(s, -ESHUTDOWN, "nobody reads any more");
	return error;
}

static void json_file_close(struct sink *s)
{
	struct json_file *f = s->state;

	if (f)
		json_lines_discard(&f->lines);
	free(f);
	s->state = NULL;
}

const struct sink_operations sink_json_file = {
	.open = json_file_open,
	.write = json_file_write,
	.reopen = open_again,
	.close = json_file_close,
};
