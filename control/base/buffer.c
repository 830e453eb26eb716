#include "base/buffer.h"

#include <errno.h>
#include <stdlib.h>

#include "base/format.h"
#include "base/heap.h"

#define FIRST_BYTES 4096

void buffer_clear(struct buffer *b)
{
	b->length = 0;
	b->error = 0;
}

int buffer_grow(struct buffer *b, size_t bytes)
{
	size_t size = b->size ? b->size : FIRST_BYTES;
	char *text;

	if (bytes > BUFFER_BYTES_MAX - b->length)
		return b->error = -EMSGSIZE;
	while (size < b->length + bytes)
		size *= 2;
	text = heap_realloc(b->text, size);
	if (!text)
		return b->error = -ENOMEM;
	b->text = text;
	b->size = size;
	return 0;
}

void buffer_number(struct buffer *b, long long number)
{
	char *at = buffer_room(b, FORMAT_NUMBER_BYTES);

	if (at)
		b->length += format_integer(number, at);
}

void buffer_escape(struct buffer *b, const char *text, const char *special)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c < 0x20 || c == 0x7f)
			buffer_append(b, " ", 1);
		else {
			if (strchr(special, c))
				buffer_append(b, "\\", 1);
			buffer_append(b, text, 1);
		}
	}
}

void buffer_fini(struct buffer *b)
{
	free(b->text);
	*b = (struct buffer){.text = NULL};
}
