/* A draft: a text that grows while it is written. Without memory it stops growing and says so
 * at the end (`error`). Never holds more than DRAFT_MOST bytes.
 */
#ifndef PORTOLAN_BUFFER_H
#define PORTOLAN_BUFFER_H

#include <stddef.h>

#define DRAFT_MOST (1u << 26)

struct draft {
	char *text; /* not terminated */
	size_t length, size;
	int error; /* 0 or a negative errno */
};

void draft_clear(struct draft *);
void draft_add(struct draft *, const char *bytes, size_t length);
void draft_say(struct draft *, const char *text);
void draft_number(struct draft *, long long);

/* With a backslash before each character of `special`; control characters become spaces. */
void draft_escape(struct draft *, const char *text, const char *special);

void draft_fini(struct draft *);

#endif
