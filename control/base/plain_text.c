#include "base/plain_text.h"

#include <stdint.h>
#include <string.h>

size_t character_bytes(const unsigned char *at, size_t left)
{
	unsigned char first = at[0], low = 0x80, high = 0xbf;
	size_t bytes = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

	if ((first >= 0x80 && first < 0xc2) || first > 0xf4 || bytes > left)
		return 0;
	if (first == 0xe0)
		low = 0xa0; /* not overlong */
	else if (first == 0xed)
		high = 0x9f; /* not a surrogate */
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f; /* not beyond U+10FFFF */
	for (size_t i = 1; i < bytes; i++, low = 0x80, high = 0xbf)
		if (at[i] < low || at[i] > high)
			return 0;
	return bytes;
}

bool character_is_control(const unsigned char *at, size_t bytes)
{
	uint32_t c;

	if (bytes == 1)
		return *at < 0x20 || *at == 0x7f;
	if (bytes == 2) {
		c = (at[0] & 0x1fu) << 6 | (at[1] & 0x3fu);
		return c < 0xa0 || c == 0x61c; /* Arabic letter mark */
	}
	if (bytes != 3)
		return at[0] == 0xf3 && at[1] == 0xa0; /* tags: U+E0000 and what follows */
	c = (at[0] & 0xfu) << 12 | (at[1] & 0x3fu) << 6 | (at[2] & 0x3fu);
	return (c >= 0x200b && c <= 0x200f) || /* of no width, marks of direction */
	       (c >= 0x2028 && c <= 0x202e) || /* line and paragraph, embeddings, overrides */
	       (c >= 0x2060 && c <= 0x206f) || /* isolates, invisible operators */
	       c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb);
}

char *plain_text(char *text)
{
	const char *from = text;
	size_t left = strlen(text);
	char *to = text;

	while (left > 0) {
		size_t bytes = character_bytes((const unsigned char *)from, left), n = bytes;
		if (!bytes || character_is_control((const unsigned char *)from, bytes)) {
			*to++ = '?';
			n = bytes ? bytes : 1;
		} else {
			memmove(to, from, n);
			to += n;
		}
		from += n;
		left -= n;
	}
	*to = '\0';
	return text;
}

bool text_is_plain(const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		size_t bytes = character_bytes((const unsigned char *)text, left);
		if (!bytes || character_is_control((const unsigned char *)text, bytes))
			return false;
		text += bytes;
		left -= bytes;
	}
	return true;
}
