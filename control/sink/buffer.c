#include "sink/buffer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BYTES 4096

void buffer_clear(struct buffer *d)
{
	d->length = 0;
	d->error = 0;
}

static int make_room(struct buffer *d, size_t length)
{
	size_t size = d->size ? d->size : FIRST_BYTES;
	char *text;

	if (length > BUFFER_BYTES_MAX - d->length)
		return -EMSGSIZE;
	while (size < d->length + length)
		size *= 2;
	if (size == d->size)
		return 0;
	text = realloc(d->text, size);
	if (!text)
		return -ENOMEM;
	d->text = text;
	d->size = size;
	return 0;
}

void buffer_append(struct buffer *d, const char *bytes, size_t length)
{
	if (d->error == 0)
		d->error = make_room(d, length);
	if (d->error || length == 0)
		return;
	memcpy(d->text + d->length, bytes, length);
	d->length += length;
}

void buffer_puts(struct buffer *d, const char *text)
{
	buffer_append(d, text, strlen(text));
}

void buffer_number(struct buffer *d, long long number)
{
	char text[32];

	buffer_append(d, text, (size_t)snprintf(text, sizeof(text), "%lld", number));
}

void buffer_escape(struct buffer *d, const char *text, const char *special)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c < 0x20 || c == 0x7f)
			buffer_append(d, " ", 1);
		else {
			if (strchr(special, c))
				buffer_append(d, "\\", 1);
			buffer_append(d, text, 1);
		}
	}
}

void buffer_fini(struct buffer *d)
{
	free(d->text);
	*d = (struct buffer){.text = NULL};
}
