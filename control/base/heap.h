/* Memory whose want is remembered: what a program leaves out for want of memory may never pass for
 * a whole answer.
 *
 * Who allocates here may go on without; the command then says so and fails at its end. Not for what
 * changes no answer (a cache). For any thread.
 */
#ifndef PORTOLAN_HEAP_H
#define PORTOLAN_HEAP_H

#include <stdbool.h>
#include <stddef.h>

/* As in libc. */
void *heap_calloc(size_t count, size_t bytes);
void *heap_malloc(size_t bytes);
void *heap_realloc(void *, size_t bytes);
void *heap_reallocarray(void *, size_t count, size_t bytes);
char *heap_strdup(const char *);

/* Something was left out for want of memory that another allocator did not have. */
void heap_note_short(void);
bool heap_was_short(void);

#endif
