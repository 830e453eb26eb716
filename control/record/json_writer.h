/* Writes JSON piece by piece to the end of a buffer: no tree, no memory of its own.
 *
 * The same bytes as jansson with JSON_COMPACT. A comma is written if the buffer's last byte
 * requires one; matching brackets and keys is up to the caller. In a text that is not valid UTF-8
 * each invalid byte becomes U+FFFD.
 */
#ifndef PORTOLAN_JSON_WRITER_H
#define PORTOLAN_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "address.h"
#include "base/buffer.h"

/* Whether a comma is needed before the next value or key. */
static inline bool json_wants_comma(const struct buffer *b)
{
	char last = b->length ? b->text[b->length - 1] : '{';

	return last != '{' && last != '[' && last != ':';
}

/* Writes a quoted word and `after`. Inlined, so that for a literal key the length is a constant and
 * the copy two moves: a third of the time per record was spent here. */
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

/* Writes a key, unescaped; its value comes next. */
static inline __attribute__((always_inline)) void json_put_key(struct buffer *b, const char *key)
{
	json_put_quoted(b, key, ":");
}

/* Writes a text that needs no escaping, from our own tables. */
static inline void json_put_word(struct buffer *b, const char *word)
{
	json_put_quoted(b, word, "");
}

void json_put_text(struct buffer *, const char *text, size_t length);
void json_put_number(struct buffer *, int64_t);
void json_put_decimal(struct buffer *, double); /* with three digits of its fraction */
void json_put_bool(struct buffer *, bool);
/* As texts: a number, a time (RFC 3339), an address (RFC 5952). */
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
