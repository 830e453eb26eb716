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

static int is_host_letter(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '.' ||
	       c == '-' || c == '_' || c >= 0x80;
}

static int is_hexadecimal(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* An address of IPv6, with or without brackets: at least two colons. */
static size_t address_length(const uint8_t *at, size_t count)
{
	size_t n = count && at[0] == '[', colons = 0;

	for (; n < count && (is_hexadecimal(at[n]) || at[n] == ':' || at[n] == '.'); n++)
		colons += at[n] == ':';
	if (count && at[0] == '[')
		return n < count && at[n] == ']' && colons > 1 ? n + 1 : 0;
	return n == count && colons > 1 ? n : 0;
}

static size_t host_length(const uint8_t *at, size_t count)
{
	size_t n = address_length(at, count), port;

	if (n == 0)
		while (n < count && is_host_letter(at[n]))
			n++;
	for (port = n + 1; port < count && at[port] >= '0' && at[port] <= '9'; port++)
		;
	return n > 0 && n + 1 < count && at[n] == ':' && port == count ? port : n;
}

void facts_put_host(struct facts *f, unsigned which, const void *bytes, size_t count, size_t max)
{
	const uint8_t *at = bytes, *user;

	while ((user = memchr(at, '@', count))) {
		count -= (size_t)(user + 1 - at);
		at = user + 1;
	}
	facts_put_text(f, which, at, host_length(at, count), max);
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
