/* Arena: memory that is allocated in pieces and freed all at once.
 *
 * A ruleset is thousands of small texts and tables with one lifetime; they lie in one arena, which
 * the ruleset owns. Pieces are zeroed and never move. For control only, and only while a
 * configuration is read: input is bounded (DOCUMENT_BYTES_MAX), hence so is an arena.
 *
 * Who allocates is not told that there is no more memory: hundreds of places would have to pass it
 * on. Inside arena_try() the work is left, with -ENOMEM; what it holds beside the arena's own
 * pieces must therefore belong to the arena (arena_own). Elsewhere the process exits with a
 * message.
 */
#ifndef PORTOLAN_ARENA_H
#define PORTOLAN_ARENA_H

#include <stddef.h>

struct arena;

/* NULL: no more memory. */
struct arena *arena_new(void);

/* Releases what it owns, the latest first. */
void arena_free(struct arena *);

/* What `work` returns, or -ENOMEM if there was no memory for a piece: then the work was left where
 * it was, and the arena is fit for nothing but arena_free(). */
int arena_try(struct arena *, int (*work)(void *), void *context);

/* Leaves the work as if there was no memory for a piece: for memory that a library asked for. */
_Noreturn void arena_fail(const struct arena *);

/* Makes an arena that belongs to another one, until it is disowned. */
struct arena *arena_part(struct arena *owner);

/* The arena releases `object` when it is freed; at once if there is no memory to remember it. */
void arena_own(struct arena *, void (*release)(void *), void *object);

/* The arena no longer owns `object`: it is released now, or it belongs to the caller. */
void arena_release(struct arena *, void *object);
void arena_disown(struct arena *, void *object);

/* Allocates `bytes` zeroed bytes, aligned for any type. */
void *arena_alloc(struct arena *, size_t bytes);

/* Allocates `count` elements of `size` bytes, aligned to 64 (tables that workers read). */
void *arena_table(struct arena *, size_t count, size_t size);

/* A larger array: `room` elements of which the first `count` are the old one's. */
void *arena_grow(struct arena *, const void *old, size_t count, size_t room, size_t size);

char *arena_text(struct arena *, const char *text);
char *arena_format(struct arena *, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
