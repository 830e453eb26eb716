/* A buffer: text that grows at its end; clearing it keeps the memory.
 *
 * Out of memory, it stops growing and sets `error`. Holds at most BUFFER_BYTES_MAX bytes.
 */
#ifndef PORTOLAN_BUFFER_H
#define PORTOLAN_BUFFER_H

#include <stddef.h>
#include <string.h>

#define BUFFER_BYTES_MAX (1u << 26)

struct buffer {
	char *text; /* not terminated */
	size_t length, size;
	int error; /* 0 or a negative errno */
};

void buffer_clear(struct buffer *);

/* 0, or a negative errno, also kept in `error`. Called by buffer_room(). */
int buffer_grow(struct buffer *, size_t bytes);

/* Space for `bytes` more bytes, to be added to `length` by the caller; NULL: no memory. */
static inline char *buffer_room(struct buffer *b, size_t bytes)
{
	if (b->error || (bytes > b->size - b->length && buffer_grow(b, bytes) < 0))
		return NULL;
	return b->text + b->length;
}

static inline void buffer_append(struct buffer *b, const char *bytes, size_t length)
{
	char *at = length ? buffer_room(b, length) : NULL;

	if (!at)
		return;
	memcpy(at, bytes, length);
	b->length += length;
}

static inline void buffer_puts(struct buffer *b, const char *text)
{
	buffer_append(b, text, strlen(text));
}

void buffer_number(struct buffer *, long long);

/* Appends `text` with a backslash before each character of `special`; control characters become
 * spaces. */
void buffer_escape(struct buffer *, const char *text, const char *special);

void buffer_fini(struct buffer *);

#endif
