/* What protocols of lines have in common.
 */
#ifndef PORTOLAN_TEXT_LINE_H
#define PORTOLAN_TEXT_LINE_H

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "core/protocol/validator.h"

/* How much of the first line is at hand: up to CR or LF; *ended says whether that was seen. */
static inline size_t line_length(const uint8_t *at, size_t left, int *ended)
{
	size_t n = 0;

	while (n < left && at[n] != '\r' && at[n] != '\n')
		n++;
	*ended = n < left;
	return n;
}

/* Printable ASCII and tabs; UTF-8 if `wide`. */
static inline int is_text(const uint8_t *at, size_t count, int wide)
{
	for (size_t i = 0; i < count; i++)
		if ((at[i] < 0x20 && at[i] != '\t') || at[i] == 0x7f || (at[i] >= 0x80 && !wide))
			return 0;
	return 1;
}

/* Whether the bytes begin with a word, history bit case aside: YES, NO, or MORE where they end
 * within it. */
static inline enum match begins_with(const uint8_t *at, size_t left, const char *word)
{
	size_t length = strlen(word), n = left < length ? left : length;

	if (strncasecmp((const char *)at, word, n) != 0)
		return MATCH_NO;
	return n == length ? MATCH_YES : MATCH_MORE;
}

/* The best of begins_with() over a list that ends with NULL. */
static inline enum match begins_with_any(
	const uint8_t *at, size_t left, const char *const *word, size_t *length)
{
	enum match best = MATCH_NO;

	for (; *word; word++) {
		enum match r = begins_with(at, left, *word);
		if (r == MATCH_YES) {
			*length = strlen(*word);
			return r;
		}
		if (r == MATCH_MORE)
			best = r;
	}
	return best;
}

/* A space, an end of line, or what sets words of a greeting apart. */
static inline int is_between_words(uint8_t c)
{
	return c <= ' ' || c == '(' || c == ')' || c == '[' || c == ']' || c == '<' || c == '>' ||
	       c == ',' || c == ';' || c == '!' || c == '*' || c == '"';
}

/* Whether a word holds `part`, names of hosts and addresses of people aside: what has a dot
 * before a letter, or an at. */
static inline int has_word_with(const uint8_t *at, size_t count, const char *part)
{
	size_t length = strlen(part);

	for (size_t i = 0, n; i < count; i += n + 1) {
		int is_name = 0, found = 0;
		for (n = 0; i + n < count && !is_between_words(at[i + n]); n++) {
			uint8_t next = i + n + 1 < count ? at[i + n + 1] : ' ';
			is_name |= at[i + n] == '@' || (at[i + n] == '.' && (next | 0x20) >= 'a' &&
							       (next | 0x20) <= 'z');
			found |= i + n + length <= count &&
				 strncasecmp((const char *)at + i + n, part, length) == 0;
		}
		if (found && !is_name)
			return 1;
	}
	return 0;
}

static inline int contains(const uint8_t *at, size_t count, const char *word)
{
	size_t length = strlen(word);

	for (size_t i = 0; i + length <= count; i++)
		if (strncasecmp((const char *)at + i, word, length) == 0)
			return 1;
	return 0;
}

#endif
