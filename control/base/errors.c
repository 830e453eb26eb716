#include "base/errors.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/plain_text.h"

static const char ellipsis[] = "…";

/* Ends the text with one ellipsis, for which room is reserved. */
static void errors_cut(struct errors *c)
{
	const size_t room = ERRORS_BYTES - sizeof(ellipsis), bytes = sizeof(ellipsis) - 1;
	size_t last = c->length < room ? c->length : room;

	if (c->length >= bytes && memcmp(c->text + c->length - bytes, ellipsis, bytes) == 0)
		return;
	while (last > 0 && ((unsigned char)c->text[last] & 0xc0) == 0x80)
		last--;
	memcpy(c->text + last, ellipsis, sizeof(ellipsis));
	c->length = last + bytes;
}

void errors_add(struct errors *c, const char *format, ...)
{
	size_t start = c->length, room;
	va_list args;
	int length;

	if (start + 2 * sizeof(ellipsis) >= ERRORS_BYTES) {
		errors_cut(c);
		return;
	}
	if (start > 0)
		c->text[start++] = '\n';
	room = ERRORS_BYTES - start;
	va_start(args, format);
	length = vsnprintf(c->text + start, room, format, args);
	va_end(args);
	if (length < 0)
		return;
	plain_text(c->text + start);
	c->length = start + strlen(c->text + start);
	if ((size_t)length >= room)
		errors_cut(c);
}

void errors_say(const char *format, ...)
{
	struct errors line = {0};
	va_list args;

	va_start(args, format);
	vsnprintf(line.text, sizeof(line.text), format, args);
	va_end(args);
	plain_text(line.text);
	errors_print(&line, stderr);
}

void errors_print(const struct errors *c, FILE *out)
{
	const char *line = c->text;

	while (*line) {
		size_t length = strcspn(line, "\n");
		fprintf(out, "portolan: %.*s\n", (int)length, line);
		line += length + (line[length] == '\n');
	}
}
