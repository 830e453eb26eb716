#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 64
#define CHUNK_BYTES (size_t)65536

struct chunk {
	struct chunk *next;
	size_t used, size;
	void *memory;
	unsigned char *bytes; /* first aligned byte in `memory` */
};

struct arena {
	struct chunk *chunk;
};

static void *arena_must(void *memory)
{
	if (!memory) {
		fputs("portolan: configuration: out of memory\n", stderr);
		abort();
	}
	return memory;
}

static struct chunk *chunk_new(size_t size)
{
	struct chunk *chunk = arena_must(calloc(1, sizeof(*chunk)));

	/* calloc() need not clear fresh pages: most pages of a policy's tables are never
	 * touched. */
	chunk->size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	chunk->memory = arena_must(calloc(1, chunk->size + ALIGNMENT - 1));
	chunk->bytes = chunk->memory;
	chunk->bytes += -(uintptr_t)chunk->memory % ALIGNMENT;
	return chunk;
}

struct arena *arena_new(void)
{
	return arena_must(calloc(1, sizeof(struct arena)));
}

void arena_free(struct arena *arena)
{
	if (!arena)
		return;
	while (arena->chunk) {
		struct chunk *next = arena->chunk->next;
		free(arena->chunk->memory);
		free(arena->chunk);
		arena->chunk = next;
	}
	free(arena);
}

static void *arena_take(struct arena *arena, size_t bytes, size_t alignment)
{
	struct chunk *chunk = arena->chunk;
	size_t start = chunk ? (chunk->used + alignment - 1) / alignment * alignment : 0;

	if (!chunk || start > chunk->size || bytes > chunk->size - start) {
		chunk = chunk_new(bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES);
		chunk->next = arena->chunk;
		arena->chunk = chunk;
		start = 0;
	}
	chunk->used = start + bytes;
	return chunk->bytes + start;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
	return arena_take(arena, bytes ? bytes : 1, _Alignof(max_align_t));
}

void *arena_table(struct arena *arena, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / 2 / size)
		arena_must(NULL);
	return arena_take(arena, count && size ? count * size : 1, ALIGNMENT);
}

char *arena_text(struct arena *arena, const char *text)
{
	size_t bytes = strlen(text) + 1;

	return memcpy(arena_take(arena, bytes, 1), text, bytes);
}

char *arena_format(struct arena *arena, const char *format, ...)
{
	va_list args;
	char *formatted, *text;

	va_start(args, format);
	if (vasprintf(&formatted, format, args) < 0)
		formatted = arena_must(NULL);
	va_end(args);
	text = arena_text(arena, formatted);
	free(formatted);
	return text;
}
