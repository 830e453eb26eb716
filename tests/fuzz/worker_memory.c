/* A worker's memory, used again by the next one: linked in place of aligned_alloc() and free().
 *
 * It is larger than what the sanitizer keeps at hand, so each worker had a mapping of its own, and
 * each of its pages a fault: half of the time of fuzz_core. What is behind its end is still the
 * sanitizer's.
 */
#include <stddef.h>
#include <stdlib.h>

#define LARGE_BYTES 262144

void *__real_aligned_alloc(size_t alignment, size_t bytes);
void __real_free(void *);
void *__wrap_aligned_alloc(size_t alignment, size_t bytes);
void __wrap_free(void *);

static struct kept {
	void *memory;
	size_t bytes;
	int is_free;
} kept;

void *__wrap_aligned_alloc(size_t alignment, size_t bytes)
{
	void *memory;

	if (kept.is_free && kept.bytes == bytes) {
		kept.is_free = 0;
		return kept.memory;
	}
	memory = __real_aligned_alloc(alignment, bytes);
	if (bytes >= LARGE_BYTES) /* the newest: policies come before workers */
		kept = (struct kept){.memory = memory, .bytes = bytes};
	return memory;
}

void __wrap_free(void *memory)
{
	if (memory && memory == kept.memory)
		kept.is_free = 1;
	else
		__real_free(memory);
}
