/* A draft: a text that grows while it is written. Without memory it stops growing and says so
 * at the end (`error`). Never holds more than BUFFER_BYTES_MAX bytes.
 */
#ifndef PORTOLAN_BUFFER_H
#define PORTOLAN_BUFFER_H

#include <stddef.h>

#define BUFFER_BYTES_MAX (1u << 26)

struct buffer {
	char *text; /* not terminated */
	size_t length, size;
	int error; /* 0 or a negative errno */
};

void buffer_clear(struct buffer *);
void buffer_append(struct buffer *, const char *bytes, size_t length);
void buffer_puts(struct buffer *, const char *text);
void buffer_number(struct buffer *, long long);

/* With a backslash before each character of `special`; control characters become spaces. */
void buffer_escape(struct buffer *, const char *text, const char *special);

void buffer_fini(struct buffer *);

#endif
