/* Memory that is given out in pieces and taken back all at once.
 *
 * A ruleset is some thousand small texts and tables that live and die together; they lie in
 * one arena, which the ruleset owns. Pieces are zeroed and never move. For control only, and
 * only while a configuration is read: input is bounded (DOCUMENT_BYTES_MAX), so is an arena.
 *
 * XXX there is no error to handle: a process that cannot get these few megabytes ends with
 * a message. A sensor that is that short of memory loses its reload and its life together.
 */
#ifndef PORTOLAN_ARENA_H
#define PORTOLAN_ARENA_H

#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *);

/* `bytes` zeroed bytes, aligned for any type. */
void *arena_alloc(struct arena *, size_t bytes);

/* Room for `count` things of `size` bytes, aligned to 64 (tables that workers read). */
void *arena_table(struct arena *, size_t count, size_t size);

char *arena_text(struct arena *, const char *text);
char *arena_format(struct arena *, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
