#include "store/answer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/heap.h"

void answer_begin(struct answer_table *a, const struct answer_column *column, size_t columns)
{
	a->column = column;
	a->columns = columns;
}

void answer_fini(struct answer_table *a)
{
	free(a->cell);
	free(a->text);
	*a = (struct answer_table){.column = NULL};
}

size_t answer_rows(const struct answer_table *a)
{
	return a->columns ? a->cells / a->columns : 0;
}

bool answer_wants(struct answer_table *a)
{
	if (!a->limit || answer_rows(a) < a->limit)
		return true;
	a->more++;
	return false;
}

static struct answer_cell *next_cell(struct answer_table *a)
{
	if (a->cells == a->room) {
		size_t room = a->room ? 2 * a->room : 256;
		void *more = heap_reallocarray(a->cell, room, sizeof(*a->cell));
		if (!more) {
			a->error = -ENOMEM;
			return NULL;
		}
		a->cell = more;
		a->room = room;
	}
	a->cell[a->cells] = (struct answer_cell){0, 0};
	return &a->cell[a->cells++];
}

void answer_number(struct answer_table *a, int64_t number)
{
	struct answer_cell *c = next_cell(a);

	if (c)
		c->number = number;
}

static bool has_room(struct answer_table *a, size_t bytes)
{
	size_t room = a->text_room ? a->text_room : 4096;
	char *more;

	if (a->text_bytes + bytes <= a->text_room)
		return true;
	while (room < a->text_bytes + bytes)
		room *= 2;
	more = heap_realloc(a->text, room);
	if (!more) {
		a->error = -ENOMEM;
		return false;
	}
	a->text = more;
	a->text_room = room;
	return true;
}

void answer_text(struct answer_table *a, const char *text)
{
	struct answer_cell *c = next_cell(a);
	size_t bytes = text ? strlen(text) + 1 : 1;

	if (!c || bytes == 1 || !has_room(a, bytes))
		return;
	memcpy(a->text + a->text_bytes, text, bytes);
	c->text = a->text_bytes + 1;
	a->text_bytes += bytes;
}

void answer_note(struct answer_table *a, const char *format, ...)
{
	va_list args;

	if (a->notes == ANSWER_NOTES)
		return;
	va_start(args, format);
	vsnprintf(a->note[a->notes++], sizeof(a->note[0]), format, args);
	va_end(args);
}

const char *answer_text_at(const struct answer_table *a, size_t row, size_t column)
{
	size_t at = a->cell[row * a->columns + column].text;

	return at ? a->text + at - 1 : "";
}

int64_t answer_number_at(const struct answer_table *a, size_t row, size_t column)
{
	return a->cell[row * a->columns + column].number;
}
