#include "sink/json_lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_BYTES (1u << 18)

int json_lines_open(struct json_lines *sink, const char *path)
{
	*sink = (struct json_lines){.path = path};
	sink->file = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
	if (!sink->file)
		return -errno;
	if (sink->file != stdout)
		setvbuf(sink->file, NULL, _IOFBF, BUFFER_BYTES);
	return 0;
}

void json_lines_write(struct json_lines *sink, const char *json, size_t length)
{
	if (sink->error)
		return;
	errno = ENOMEM; /* rendering failed */
	if (!json || fwrite_unlocked(json, 1, length, sink->file) < length ||
		putc_unlocked('\n', sink->file) == EOF)
		sink->error = errno;
	else
		sink->written++;
}

void json_lines_flush(struct json_lines *sink)
{
	if (sink->file && fflush(sink->file) == EOF && sink->error == 0)
		sink->error = errno;
}

int json_lines_close(struct json_lines *sink)
{
	FILE *f = sink->file;

	if (!f)
		return 0;
	sink->file = NULL;
	if (fflush(f) == EOF && sink->error == 0)
		sink->error = errno;
	if (f != stdout && fclose(f) == EOF && sink->error == 0)
		sink->error = errno;
	return -sink->error;
}

const char *json_lines_name(const struct json_lines *sink)
{
	return strcmp(sink->path, "-") == 0 ? "standard output" : sink->path;
}
