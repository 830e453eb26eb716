#include "core/protocol/facts_writer.h"

#include <string.h>

void facts_init(struct facts *f)
{
	f->known = f->flags = 0;
	f->length[0] = f->length[1] = 0;
	f->number[0] = f->number[1] = FACT_NONE;
}

static char printable(uint8_t byte)
{
	return byte >= 0x20 && byte < 0x7f ? (char)byte : '?';
}

static size_t fitting(struct facts *f, size_t count, size_t max)
{
	size_t room = FACTS_TEXT_BYTES - f->length[0] - f->length[1];

	if (max < room)
		room = max;
	if (count <= room)
		return count;
	f->flags |= FACTS_CUT;
	return room;
}

void facts_put_text(struct facts *f, unsigned which, const void *bytes, size_t count, size_t max)
{
	const uint8_t *from = bytes;
	char *to;

	if (f->length[which] || !count)
		return;
	count = fitting(f, count, max);
	to = f->text + (which ? f->length[0] : 0);
	if (!which) /* text 1 moves on */
		memmove(f->text + count, f->text, f->length[1]);
	for (size_t i = 0; i < count; i++)
		to[i] = printable(from[i]);
	f->length[which] = (uint8_t)count;
	f->known = 1;
}

void facts_put_number(struct facts *f, unsigned which, unsigned number)
{
	f->number[which] = (uint16_t)number;
	f->known = 1;
}

void facts_merge(struct facts *f, const struct facts *more)
{
	if (!more->known)
		return;
	for (unsigned i = 0; i < 2; i++) {
		if (f->number[i] == FACT_NONE)
			f->number[i] = more->number[i];
		facts_put_text(f, i, facts_text(more, i), more->length[i], FACTS_TEXT_BYTES);
	}
	f->known = 1;
	f->flags |= more->flags;
}
