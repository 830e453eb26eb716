#include "base/heap.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Of the process, like its exit status; set once and never cleared. */
static atomic_bool was_short;

void heap_note_short(void)
{
	atomic_store_explicit(&was_short, true, memory_order_relaxed);
}

bool heap_was_short(void)
{
	return atomic_load_explicit(&was_short, memory_order_relaxed);
}

static void *noted(void *memory)
{
	if (!memory)
		heap_note_short();
	return memory;
}

void *heap_calloc(size_t count, size_t bytes)
{
	return noted(calloc(count, bytes));
}

void *heap_malloc(size_t bytes)
{
	return noted(malloc(bytes ? bytes : 1));
}

void *heap_realloc(void *old, size_t bytes)
{
	return noted(realloc(old, bytes ? bytes : 1));
}

void *heap_reallocarray(void *old, size_t count, size_t bytes)
{
	return noted(reallocarray(old, count, bytes));
}

char *heap_strdup(const char *text)
{
	return noted(strdup(text));
}
