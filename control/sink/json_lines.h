/* A sink for JSON documents, one a line: a file, or standard output for "-".
 *
 * A write that fails is remembered, said once at the end, and nothing more is written.
 */
#ifndef PORTOLAN_JSON_LINES_H
#define PORTOLAN_JSON_LINES_H

#include <jansson.h>
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

/* Takes the document over. */
void json_lines_write(struct json_lines *, json_t *document);

/* The first error of all, as a negative errno, or 0. May be called on a sink never opened. */
int json_lines_close(struct json_lines *);

/* What `path` is called in a message. */
const char *json_lines_name(const struct json_lines *);

#endif
