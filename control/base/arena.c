#include "base/arena.h"

#include <assert.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/exit_status.h"

#define ALIGNMENT 64
#define CHUNK_BYTES (size_t)65536

struct chunk {
	struct chunk *next;
	size_t used, size;
	void *memory;
	unsigned char *bytes; /* first aligned byte in `memory` */
};

/* An object that is released with the arena. */
struct owned {
	struct owned *next;
	void (*release)(void *);
	void *object;
};

struct arena {
	struct chunk *chunk;
	struct owned *owned;
	struct arena *owner; /* or NULL */
	jmp_buf *guard;	     /* where to go without memory; NULL outside arena_try() */
};

/* ---- out of memory ---- */

_Noreturn void arena_fail(const struct arena *arena)
{
	for (; arena; arena = arena->owner)
		if (arena->guard)
			longjmp(*arena->guard, 1);
	fputs("portolan: no more memory\n", stderr);
	exit(EXIT_FAILED);
}

int arena_try(struct arena *arena, int (*work)(void *), void *context)
{
	jmp_buf guard;
	int result;

	assert(!arena->guard);
	if (setjmp(guard) != 0) {
		arena->guard = NULL;
		return -ENOMEM;
	}
	arena->guard = &guard;
	result = work(context);
	arena->guard = NULL;
	return result;
}

/* ---- what it owns ---- */

void arena_own(struct arena *arena, void (*release)(void *), void *object)
{
	struct owned *owned = calloc(1, sizeof(*owned));

	if (!owned) {
		release(object);
		arena_fail(arena);
	}
	*owned = (struct owned){.next = arena->owned, .release = release, .object = object};
	arena->owned = owned;
}

static void part_free(void *part)
{
	arena_free(part);
}

/* Takes `object` off the list; what releases it. */
static void (*owned_take(struct arena *arena, void *object))(void *)
{
	struct owned **at = &arena->owned, *found;
	void (*release)(void *);

	while (*at && (*at)->object != object)
		at = &(*at)->next;
	found = *at;
	assert(found);
	*at = found->next;
	release = found->release;
	free(found);
	return release;
}

void arena_disown(struct arena *arena, void *object)
{
	if (owned_take(arena, object) == part_free)
		((struct arena *)object)->owner = NULL;
}

void arena_release(struct arena *arena, void *object)
{
	owned_take(arena, object)(object);
}

struct arena *arena_part(struct arena *owner)
{
	struct arena *part = arena_new();

	if (!part)
		arena_fail(owner);
	part->owner = owner;
	arena_own(owner, part_free, part);
	return part;
}

/* ---- pieces ---- */

static struct chunk *chunk_new(const struct arena *arena, size_t size)
{
	struct chunk *chunk = calloc(1, sizeof(*chunk));

	/* calloc() need not clear fresh pages: most pages of a policy's tables are never
	 * touched. */
	size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (chunk)
		chunk->memory = calloc(1, size + ALIGNMENT - 1);
	if (!chunk || !chunk->memory) {
		free(chunk);
		arena_fail(arena);
	}
	chunk->size = size;
	chunk->bytes = chunk->memory;
	chunk->bytes += -(uintptr_t)chunk->memory % ALIGNMENT;
	return chunk;
}

struct arena *arena_new(void)
{
	return calloc(1, sizeof(struct arena));
}

void arena_free(struct arena *arena)
{
	if (!arena)
		return;
	while (arena->owned)
		arena_release(arena, arena->owned->object);
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
		chunk = chunk_new(arena, bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES);
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
		arena_fail(arena);
	return arena_take(arena, count && size ? count * size : 1, ALIGNMENT);
}

void *arena_grow(struct arena *arena, const void *old, size_t count, size_t room, size_t size)
{
	void *larger = arena_alloc(arena, room * size);

	if (count)
		memcpy(larger, old, count * size);
	return larger;
}

char *arena_text(struct arena *arena, const char *text)
{
	size_t bytes = strlen(text) + 1;

	return memcpy(arena_take(arena, bytes, 1), text, bytes);
}

char *arena_format(struct arena *arena, const char *format, ...)
{
	va_list args, again;
	char *text;
	int length;

	va_start(args, format);
	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	text = length < 0 ? NULL : arena_take(arena, (size_t)length + 1, 1);
	if (text)
		vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	if (!text)
		arena_fail(arena);
	return text;
}
