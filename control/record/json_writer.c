#include "record/json_writer.h"

#include "base/format.h"
#include "base/plain_text.h"

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static void put_escape(struct buffer *b, unsigned char c)
{
	static const char digit[] = "0123456789ABCDEF", letter[] = "btnvfr";
	char escape[] = {'\\', 'u', '0', '0', digit[c >> 4], digit[c & 15]};

	if (c >= '\b' && c <= '\r' && c != '\v')
		escape[1] = letter[c - '\b'];
	else if (c >= 0x20)
		escape[1] = (char)c;
	buffer_append(b, escape, escape[1] == 'u' ? 6 : 2);
}

/* Writes one character that needs escaping or checking; returns its length in the text. */
static size_t put_special(struct buffer *b, const char *text, size_t left)
{
	size_t bytes = character_bytes((const unsigned char *)text, left);

	if (bytes == 1)
		put_escape(b, (unsigned char)*text);
	else if (bytes == 0)
		buffer_puts(b, "\xef\xbf\xbd");
	else
		buffer_append(b, text, bytes);
	return bytes ? bytes : 1;
}

void json_put_text(struct buffer *b, const char *text, size_t length)
{
	json_put_comma(b);
	buffer_append(b, "\"", 1);
	while (length > 0) {
		size_t plain = 0;
		while (plain < length && is_plain((unsigned char)text[plain]))
			plain++;
		buffer_append(b, text, plain);
		if (plain < length)
			plain += put_special(b, text + plain, length - plain);
		text += plain;
		length -= plain;
	}
	buffer_append(b, "\"", 1);
}

void json_put_number(struct buffer *b, int64_t number)
{
	json_put_comma(b);
	buffer_number(b, number);
}

void json_put_decimal(struct buffer *b, double number)
{
	uint64_t thousandths = number > 0 && number < 9e15 ? (uint64_t)(number * 1000 + 0.5) : 0;
	unsigned fraction = (unsigned)(thousandths % 1000);
	char text[4] = {'.', (char)('0' + fraction / 100), (char)('0' + fraction / 10 % 10),
		(char)('0' + fraction % 10)};

	json_put_number(b, (int64_t)(thousandths / 1000));
	buffer_append(b, text, sizeof(text));
}

void json_put_bool(struct buffer *b, bool value)
{
	json_put_comma(b);
	buffer_puts(b, value ? "true" : "false");
}

void json_put_number_text(struct buffer *b, unsigned number)
{
	json_put_comma(b);
	buffer_append(b, "\"", 1);
	buffer_number(b, number);
	buffer_append(b, "\"", 1);
}

void json_put_time(struct buffer *b, uint64_t time_ns)
{
	char *at;

	json_put_comma(b);
	buffer_append(b, "\"", 1);
	at = buffer_room(b, TIME_TEXT_BYTES);
	if (at)
		b->length += format_time(time_ns, at);
	buffer_append(b, "\"", 1);
}

void json_put_address(struct buffer *b, const struct address *a, unsigned version)
{
	char *at;

	json_put_comma(b);
	buffer_append(b, "\"", 1);
	at = buffer_room(b, ADDRESS_TEXT_BYTES);
	if (at)
		b->length += format_address(a, version, at);
	buffer_append(b, "\"", 1);
}
