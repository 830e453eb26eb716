/* JSON documents as the lines of a file, or of standard output for "-".
 *
 * A write that fails is remembered, said once at the end, and nothing more is written.
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

/* A document's text, without a newline; NULL: there was no memory for it. */
void json_lines_write(struct json_lines *, const char *json, size_t length);

/* The first error of all, as a negative errno, or 0. May be called on a sink never opened. */
int json_lines_close(struct json_lines *);

/* What `path` is called in a message. */
const char *json_lines_name(const struct json_lines *);

#endif
