/* Bytes written one after another into memory that the caller gives.
 *
 * What does not fit is not written and `overflow` stays set: write straight
 * through, ask once. Numbers are big-endian unless the name says otherwise.
 */
#ifndef GENERATE_BYTES_H
#define GENERATE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
	uint8_t *at;
	size_t length, capacity;
	bool overflow;
};

static inline struct bytes bytes_in(void *memory, size_t capacity)
{
	return (struct bytes){.at = memory, .capacity = capacity};
}

void bytes_put(struct bytes *, const void *, size_t length);
void format_bytes(struct bytes *, const char *);
void bytes_fill(struct bytes *, uint8_t value, size_t count);
void bytes_u8(struct bytes *, unsigned);
void bytes_u16(struct bytes *, unsigned);
void bytes_u24(struct bytes *, uint32_t);
void bytes_u32(struct bytes *, uint32_t);
void bytes_u64(struct bytes *, uint64_t);

/* A number over bytes already written; nothing where they are not there. */
void bytes_patch_u16(struct bytes *, size_t at, unsigned);
void bytes_patch_u24(struct bytes *, size_t at, uint32_t);

/* Makes room for `count` bytes at `at` and moves what follows. */
void bytes_insert(struct bytes *, size_t at, const void *, size_t count);

#endif
