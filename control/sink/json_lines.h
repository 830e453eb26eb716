/* JSON documents as lines of a file, or of standard output for "-": whole lines, whatever happens.
 *
 * Lines wait in a buffer until json_lines_flush(). A flush that fails (a full disk, a pipe that
 * nobody reads at the moment) keeps them; the next one tries again. Lines that find no room in the
 * buffer are lost, and counted. A line that was written in part is taken back from a regular file,
 * and continued on a pipe, which cannot be truncated.
 *
 * A file is extended, as a sensor does that is started again, or replaced: then it is written
 * beside the former one, which it replaces when it is closed and whole. What is no regular file
 * is written to directly. New files have mode 0640. Memory: one buffer, owned.
 */
#ifndef PORTOLAN_JSON_LINES_H
#define PORTOLAN_JSON_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/file_place.h"

/* How a file is written. */
enum json_lines_mode {
	JSON_LINES_EXTEND,  /* a sensor: never waits for a pipe's reader */
	JSON_LINES_REPLACE, /* a replay: waits for it, and is replaced when closed */
};

struct json_lines {
	bool is_open;
	const char *path; /* lent */
	enum json_lines_mode mode;
	struct file_place place;
	char *beside; /* name of what replaces the file, in the same folder; NULL: it is written to
			 directly */
	int fd;
	bool is_regular, is_stdout;
	uint64_t size_bytes; /* of a regular file, as written by us */
	char *buffer;
	size_t used, done;	/* bytes that wait; bytes of them that are written already */
	uint64_t written, lost; /* lines */
	uint64_t cut_bytes;	/* of a half line that was found at the end, and removed */
	int error;		/* negative errno of the last flush, or 0 */
	int told_error;		/* the owner's: what was logged last */
	int lost_error;		/* why the last line was lost */
	int wait_ms;		/* for the reader of a pipe; -1: as long as it takes */
	int64_t since_s;	/* wall clock: since when flushes fail */
};

/* 0 or a negative errno (see file_place_error()). The path is lent. */
int json_lines_open(struct json_lines *, const char *path, enum json_lines_mode);

/* Adds a document without newline; NULL: it could not be rendered, and is lost. Writes if the
 * buffer is full and the last flush succeeded. */
void json_lines_write(struct json_lines *, const char *json, size_t length);

/* Writes out what waits: 0, or a negative errno if something still does. */
int json_lines_flush(struct json_lines *);

/* Opens the file by its name, after it was renamed. 0, or a negative errno with nothing changed. */
int json_lines_reopen(struct json_lines *);

/* Writes what waits, replaces the former file, and frees. 0, or the first reason why not all was
 * written; then a file that was to be replaced is left as it was. Also valid if never opened. */
int json_lines_close(struct json_lines *);

/* Frees without replacing the former file. */
void json_lines_discard(struct json_lines *);

/* Name of `path` in messages. */
const char *json_lines_name(const struct json_lines *);

#endif
