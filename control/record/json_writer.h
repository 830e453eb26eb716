/* JSON written piece by piece to the end of a buffer: no tree, no memory of its own.
 *
 * The same bytes as jansson's with JSON_COMPACT. Commas are put where they belong, by the byte that
 * is last in the buffer; that brackets and keys match is the caller's affair. A text that is not
 * UTF-8 gets U+FFFD in place of each byte that is wrong.
 */
#ifndef PORTOLAN_JSON_WRITER_H
#define PORTOLAN_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "address.h"
#include "base/buffer.h"

/* Whether what was written last in this object or list wants a comma behind it. */
static inline bool json_wants_comma(const struct buffer *b)
{
	char last = b->length ? b->text[b->length - 1] : '{';

	return last != '{' && last != '[' && last != ':';
}

/* A word in quotes and what follows it. Inlined, so that the length of a key that is written in the
 * code is a number, and its copy two moves: a third of the time of a record was in these. */
static inline __attribute__((always_inline)) void json_put_quoted(
	struct buffer *b, const char *word, const char *after)
{
	size_t length = strlen(word), after_length = strlen(after);
	char *at = buffer_room(b, length + after_length + 3), *start = at;

	if (!at)
		return;
	if (json_wants_comma(b))
		*at++ = ',';
	*at++ = '"';
	memcpy(at, word, length);
	at += length;
	*at++ = '"';
	memcpy(at, after, after_length);
	b->length += (size_t)(at - start) + after_length;
}

static inline void json_put_comma(struct buffer *b)
{
	if (json_wants_comma(b))
		buffer_append(b, ",", 1);
}

/* '{' or '['. */
static inline void json_open(struct buffer *b, char bracket)
{
	json_put_comma(b);
	buffer_append(b, &bracket, 1);
}

static inline void json_close(struct buffer *b, char bracket)
{
	buffer_append(b, &bracket, 1);
}

/* The key of the value that comes next; written as it is. */
static inline __attribute__((always_inline)) void json_put_key(struct buffer *b, const char *key)
{
	json_put_quoted(b, key, ":");
}

/* A text that has nothing to escape: one of our own tables. */
static inline void json_put_word(struct buffer *b, const char *word)
{
	json_put_quoted(b, word, "");
}

void json_put_text(struct buffer *, const char *text, size_t length);
void json_put_number(struct buffer *, int64_t);
void json_put_bool(struct buffer *, bool);
/* Texts: a number, a time (RFC 3339), an address (RFC 5952). */
void json_put_number_text(struct buffer *, unsigned);
void json_put_time(struct buffer *, uint64_t time_ns);
void json_put_address(struct buffer *, const struct address *, unsigned version);

/* A key and its value. */

static inline __attribute__((always_inline)) void json_word(
	struct buffer *b, const char *key, const char *word)
{
	json_put_key(b, key);
	json_put_word(b, word);
}

static inline __attribute__((always_inline)) void json_text(
	struct buffer *b, const char *key, const char *text)
{
	json_put_key(b, key);
	json_put_text(b, text, strlen(text));
}

static inline __attribute__((always_inline)) void json_number(
	struct buffer *b, const char *key, uint64_t number)
{
	json_put_key(b, key);
	json_put_number(b, (int64_t)number);
}

static inline __attribute__((always_inline)) void json_object_open(
	struct buffer *b, const char *key)
{
	json_put_key(b, key);
	json_open(b, '{');
}

static inline __attribute__((always_inline)) void json_list_open(struct buffer *b, const char *key)
{
	json_put_key(b, key);
	json_open(b, '[');
}

#endif
