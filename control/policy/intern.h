/* Numbers for things that are equal byte for byte: the first one is 0, each new one the next.
 *
 * Compiling a site makes the same rule, list of rules or table for many appliances; it is kept
 * once. Keys are copied into the arena, which holds everything.
 */
#ifndef PORTOLAN_INTERN_H
#define PORTOLAN_INTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

struct interned {
	const void *key;
	size_t bytes;
	uint64_t hash;
};

struct intern {
	struct arena *arena;
	struct interned *item; /* by number */
	uint32_t *slot;	       /* number and one; 0: free */
	size_t count, slots;
};

void intern_open(struct intern *, struct arena *);

/* The number of what equals these bytes; `is_new` may be NULL. Padding in a key has to be zero. */
uint32_t intern_number(struct intern *, const void *key, size_t bytes, bool *is_new);

#endif
