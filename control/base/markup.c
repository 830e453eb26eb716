#include "base/markup.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>

#include "base/format.h"
#include "base/plain_text.h"

static uint32_t code_point(const unsigned char *at, size_t bytes)
{
	static const unsigned char mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t c = at[0] & mask[bytes];

	for (size_t i = 1; i < bytes; i++)
		c = c << 6 | (at[i] & 0x3fu);
	return c;
}

static void put_written_out(struct buffer *b, uint32_t c)
{
	static const char digit[] = "0123456789ABCDEF";

	buffer_puts(b, "\u27e8U+");
	for (int shift = c > 0xffff ? 20 : 12; shift >= 0; shift -= 4)
		if (shift < 20 || c >> shift)
			buffer_append(b, &digit[c >> shift & 15], 1);
	buffer_puts(b, "\u27e9");
}

static const char *reference(unsigned char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* Returns the bytes of `at` that it wrote. */
static size_t put_character(struct buffer *b, const char *at, size_t left)
{
	const unsigned char *byte = (const unsigned char *)at;
	size_t bytes = character_bytes(byte, left);
	const char *instead = reference(*byte);

	if (!bytes) {
		buffer_puts(b, "\ufffd");
		return 1;
	}
	if (instead)
		buffer_puts(b, instead);
	else if (character_is_control(byte, bytes))
		put_written_out(b, code_point(byte, bytes));
	else
		buffer_append(b, at, bytes);
	return bytes;
}

/* Returns the bytes that were not written. */
static size_t put_characters(struct buffer *b, const char *text, size_t shown)
{
	size_t left = text ? strlen(text) : 0;

	for (size_t n = 0; left > 0 && n < shown; n++) {
		size_t bytes = put_character(b, text, left);
		text += bytes;
		left -= bytes;
	}
	return left;
}

void markup_text(struct buffer *b, const char *text)
{
	size_t left = put_characters(b, text, MARKUP_SHOWN);

	if (left > 0)
		markup_print(b, "\u2026 [%zu more bytes]", left);
}

void markup_text_short(struct buffer *b, const char *text, size_t shown)
{
	if (put_characters(b, text, shown) > 0)
		buffer_puts(b, "\u2026");
}

static void put_grouped(struct buffer *b, uint64_t number)
{
	char text[32];

	format_number(number, text);
	buffer_puts(b, text);
}

/* Returns the conversion's last character. */
static const char *put_conversion(struct buffer *b, const char *conversion, va_list *arguments)
{
	switch (*conversion) {
	case 's':
		markup_text(b, va_arg(*arguments, const char *));
		return conversion;
	case 'd':
		buffer_number(b, va_arg(*arguments, int));
		return conversion;
	case 'u':
		buffer_number(b, va_arg(*arguments, unsigned));
		return conversion;
	case 'j':
		put_grouped(b, va_arg(*arguments, uintmax_t));
		return conversion + 1;
	case 'z':
		put_grouped(b, va_arg(*arguments, size_t));
		return conversion + 1;
	default:
		assert(*conversion == '%');
		buffer_append(b, "%", 1);
		return conversion;
	}
}

void markup_print(struct buffer *b, const char *format, ...)
{
	const char *percent;
	va_list arguments;

	va_start(arguments, format);
	for (; (percent = strchr(format, '%')); format = percent + 1) {
		buffer_append(b, format, (size_t)(percent - format));
		percent = put_conversion(b, percent + 1, &arguments);
	}
	va_end(arguments);
	buffer_puts(b, format);
}
