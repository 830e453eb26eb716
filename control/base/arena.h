/* Arena: memory that is allocated in pieces and freed all at once.
 *
 * A ruleset is thousands of small texts and tables with one lifetime; they lie in one arena, which
 * the ruleset owns. Pieces are zeroed and never move. For control only, and only while a
 * configuration is read: input is bounded (DOCUMENT_BYTES_MAX), hence so is an arena.
 *
 * XXX Out of memory is not an error that callers handle: the process exits with a message. A sensor
 * that runs out during a reload ends.
 */
#ifndef PORTOLAN_ARENA_H
#define PORTOLAN_ARENA_H

#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *);

/* Allocates `bytes` zeroed bytes, aligned for any type. */
void *arena_alloc(struct arena *, size_t bytes);

/* Allocates `count` elements of `size` bytes, aligned to 64 (tables that workers read). */
void *arena_table(struct arena *, size_t count, size_t size);

char *arena_text(struct arena *, const char *text);
char *arena_format(struct arena *, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
