#include "packet/bytes.h"

#include <string.h>

static uint8_t *grow(struct bytes *b, size_t count)
{
	uint8_t *end = b->at + b->length;

	if (b->overflow || count > b->capacity - b->length) {
		b->overflow = true;
		return NULL;
	}
	b->length += count;
	return end;
}

void bytes_put(struct bytes *b, const void *from, size_t length)
{
	uint8_t *to = grow(b, length);

	if (to && length)
		memcpy(to, from, length);
}

void format_bytes(struct bytes *b, const char *text)
{
	bytes_put(b, text, strlen(text));
}

void bytes_fill(struct bytes *b, uint8_t value, size_t count)
{
	uint8_t *to = grow(b, count);

	if (to && count)
		memset(to, value, count);
}

static void number(uint8_t *to, uint64_t value, size_t width)
{
	for (size_t i = width; i-- > 0; value >>= 8)
		to[i] = (uint8_t)value;
}

static void put_number(struct bytes *b, uint64_t value, size_t width)
{
	uint8_t *to = grow(b, width);

	if (to)
		number(to, value, width);
}

void bytes_u8(struct bytes *b, unsigned value)
{
	put_number(b, value, 1);
}

void bytes_u16(struct bytes *b, unsigned value)
{
	put_number(b, value, 2);
}

void bytes_u24(struct bytes *b, uint32_t value)
{
	put_number(b, value, 3);
}

void bytes_u32(struct bytes *b, uint32_t value)
{
	put_number(b, value, 4);
}

void bytes_u64(struct bytes *b, uint64_t value)
{
	put_number(b, value, 8);
}

static void patch(struct bytes *b, size_t at, uint64_t value, size_t width)
{
	if (at + width <= b->length)
		number(b->at + at, value, width);
}

void bytes_patch_u16(struct bytes *b, size_t at, unsigned value)
{
	patch(b, at, value, 2);
}

void bytes_patch_u24(struct bytes *b, size_t at, uint32_t value)
{
	patch(b, at, value, 3);
}

void bytes_insert(struct bytes *b, size_t at, const void *from, size_t count)
{
	size_t behind = b->length - at;

	if (!grow(b, count))
		return;
	memmove(b->at + at + count, b->at + at, behind);
	memcpy(b->at + at, from, count);
}
