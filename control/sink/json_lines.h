/* Writes JSON documents as lines of a file, or of standard output for "-".
 *
 * After a write error nothing more is written; the error is returned at the end.
 */
#ifndef PORTOLAN_JSON_LINES_H
#define PORTOLAN_JSON_LINES_H

#include <stdint.h>
#include <stdio.h>

struct json_lines {
	FILE *file;
	const char *path;
	uint64_t written;
	int error; /* errno of the first failure, or 0 */
};

/* 0 or a negative errno. */
int json_lines_open(struct json_lines *, const char *path);

/* Writes a document without newline; NULL: it could not be rendered. */
void json_lines_write(struct json_lines *, const char *json, size_t length);

/* Writes out what is buffered. */
void json_lines_flush(struct json_lines *);

/* The first error as a negative errno, or 0. Also valid if never opened. */
int json_lines_close(struct json_lines *);

/* Name of `path` in messages. */
const char *json_lines_name(const struct json_lines *);

#endif
