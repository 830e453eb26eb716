#include "sink/buffer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BYTES 4096

void draft_clear(struct draft *d)
{
	d->length = 0;
	d->error = 0;
}

static int make_room(struct draft *d, size_t length)
{
	size_t size = d->size ? d->size : FIRST_BYTES;
	char *text;

	if (length > DRAFT_MOST - d->length)
		return -EMSGSIZE;
	while (size < d->length + length)
		size *= 2;
	if (size == d->size)
		return 0;
	text = realloc(d->text, size);
	if (!text)
		return -ENOMEM;
	d->text = text;
	d->size = size;
	return 0;
}

void draft_add(struct draft *d, const char *bytes, size_t length)
{
	if (d->error == 0)
		d->error = make_room(d, length);
	if (d->error || length == 0)
		return;
	memcpy(d->text + d->length, bytes, length);
	d->length += length;
}

void draft_say(struct draft *d, const char *text)
{
	draft_add(d, text, strlen(text));
}

void draft_number(struct draft *d, long long number)
{
	char text[32];

	draft_add(d, text, (size_t)snprintf(text, sizeof(text), "%lld", number));
}

void draft_escape(struct draft *d, const char *text, const char *special)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c < 0x20 || c == 0x7f)
			draft_add(d, " ", 1);
		else {
			if (strchr(special, c))
				draft_add(d, "\\", 1);
			draft_add(d, text, 1);
		}
	}
}

void draft_fini(struct draft *d)
{
	free(d->text);
	*d = (struct draft){.text = NULL};
}
